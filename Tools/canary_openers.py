"""What opens a vault and lets in to it: slots, recovery keys, shares, tokens and tickets, good ones and wrong ones."""

from __future__ import annotations

import json
import re

from canary_life import Life
from canary_places import Place


def slots(life: Life) -> None:
    vault, nest = life.vault, life.nest
    life.passphrase = nest.text("secret", "a passphrase")
    slot = vault.told(
        "slots", "add", "--label", nest.text("label", "slots add"), "--secret-file", "-", secret=life.passphrase
    )
    vault.ctl("slots", "prove", str(slot["added"]), "--secret-file", "-", secret=life.passphrase)
    vault.ctl(
        "slots",
        "prove",
        str(slot["added"]),
        "--secret-file",
        "-",
        secret=nest.text("secret", "a wrong passphrase"),
        fails=True,
    )
    recovery(life)
    shares(life)
    unknown = "0" * 32
    vault.ctl(
        "slots", "prove", unknown, "--secret-file", "-", secret=nest.text("secret", "an unknown slot's"), fails=True
    )
    vault.ctl("slots", "list")
    for door in ("log", "root"):
        vault.ctl("keys", f"rotate-{door}" + ("-key" if door == "log" else ""))


def recovery(life: Life) -> None:
    """The private half is only ever with its holder, whose programs these are."""
    vault, nest = life.vault, life.nest
    said = vault.program("vaultd", "recovery", "new", "--no-terminal", "--no-qr", place=Place.HOLDER).decode()
    text = re.findall(r"imagevault-recovery-1:[ 0-9a-f]+[0-9a-f]", said)[0]
    recipient = re.findall(r"imagevault-recipient-1:\S+", said)[0]
    digits = text.split(":")[1].replace(" ", "")
    nest.known("secret", text.split(": ")[1].encode(), "a recovery key, as it is shown")
    nest.known("secret", digits.encode(), "a recovery key")
    nest.known("secret", bytes.fromhex(digits), "a recovery key's bytes")
    slot = vault.told("slots", "add", "--label", "bank", "--recipient", recipient)
    challenge = re.findall(r"imagevault-challenge-1:\S+", vault.ctl("slots", "challenge", str(slot["added"])).decode())[
        0
    ]
    answer = vault.program(
        "vaultd", "recovery", "answer", challenge, "--key-file", "-", secret=text, place=Place.HOLDER
    ).decode()
    answer = re.findall(r"imagevault-(?:answer|response)\S+", answer)[0]
    nest.known("secret", answer.encode(), "the answer to a challenge")
    vault.ctl("slots", "prove", str(slot["added"]), "--secret-file", "-", secret=answer)


def shares(life: Life) -> None:
    vault, nest = life.vault, life.nest
    folder = vault.folder / "keys" / "shares"
    id = vault.told("status")["vault"]
    vault.program(
        "vaultd",
        "shares",
        "new",
        "--needed",
        "2",
        "--count",
        "3",
        "--vault",
        str(id),
        str(folder),
        place=Place.HOLDER,
    )
    texts = [file.read_text() for file in sorted(folder.iterdir())]
    for number, text in enumerate(texts):
        line = next(line for line in text.splitlines() if line.startswith("imagevault-share"))
        nest.known("secret", line.split(":")[-1].encode(), f"share {number}")
    slot = vault.told("slots", "add", "--label", "board", "--secret-file", "-", secret="".join(texts))
    for text in texts[:2]:
        vault.ctl("slots", "prove", str(slot["added"]), "--secret-file", "-", secret=text)


def tokens(life: Life) -> None:
    """Tokens and tickets that are good, and some that are made up: none is ever written by the vault."""
    vault, nest = life.vault, life.nest
    arguments = ("--principal", "all", "--note", nest.text("note", "token create"))
    made = json.loads(vault.ctl("token", "create", *arguments, "--json", place=Place.HOLDER))
    turned = json.loads(vault.ctl("token", "rotate", made["id"], "--json", place=Place.HOLDER))
    asked = b'{"reads":9,"seconds":300}'
    ticket = json.loads(
        vault.want(201, "images", f"POST /v1/images/{life.image}/tickets", asked, life.mine, place=Place.HOLDER)
    )["ticket"]
    for text, where in ((made["token"], "a token"), (turned["token"], "a rotated token"), (ticket, "a ticket")):
        nest.known("token", text.partition("_")[2].encode(), where)
    get = f"GET /v1/images/{life.image}"
    for token in (made["token"], turned["token"]):
        vault.want(200, "images", get, fields=f"Authorization: Bearer {token}\r\n" + life.mine)
    vault.want(200, "images", f"{get}?ticket={ticket}", fields=life.asserted)
    vault.want(200, "images", get, fields=f"Vault-Ticket: {ticket}\r\n")
    vault.ctl("token", "ls")
    vault.ctl("token", "revoke", made["id"])
    vault.ask("images", get, fields=f"Authorization: Bearer {turned['token']}\r\n" + life.mine)
    vault.ask("images", f"GET /v1/images/{life.other}?ticket={ticket}")
    fields = f"Authorization: Bearer ivt_{nest.text('token', 'Authorization')}\r\n"
    vault.ask("images", get, fields=fields + life.mine)
    vault.ask("images", f"GET /v1/images/{'0' * 64}", fields=fields + life.mine)
    vault.ask("admin", "GET /v1/status", fields=fields)
    vault.ask("images", f"{get}?ticket=ivf_{nest.text('token', '?ticket=')}", fields=life.mine)
    # Where an id belongs, and as what nobody asks for.
    vault.want(400, "audit", f"GET /v1/events?token=ivt_{nest.text('token', 'events of a token')}")
    vault.want(400, "audit", f"GET /v1/events?ticket=ivf_{nest.text('token', 'events of a ticket')}")
    vault.ask("admin", "GET /v1/status", fields=f"Vault-Approval: ivt_{nest.text('token', 'Vault-Approval')}\r\n")
    vault.ask("images", f"GET /v1/images?ticket=%69vf_{nest.text('token', '?ticket= of a list')}")


def seal(life: Life) -> None:
    vault, nest = life.vault, life.nest
    vault.ctl("seal")
    vault.ctl("unseal", "--secret-file", "-", secret=nest.text("secret", "unseal, wrong"), fails=True)
    vault.want(503, "images", f"GET /v1/images/{life.image}", fields=life.mine + life.asserted)
    name = f'Content-Disposition: attachment; filename="{nest.text("refused", "a name while sealed")}.png"\r\n'
    vault.want(
        503,
        "images",
        "POST /v1/images",
        nest.picture("refused pixels", "an upload while sealed"),
        name + life.asserted,
    )
    vault.ask("images", f"GET /v1/images?owner={nest.text('refused', 'a list while sealed')}")
    vault.ask(
        "images",
        "POST /v1/security-events",
        b'{"kind":"auth_attempt","success":false,"actor":"'
        + nest.text("refused", "an attempt while sealed").encode()
        + b'"}',
    )
    vault.ctl("unseal", "--secret-file", "-", secret=life.passphrase)
