"""What the vault goes through: every kind of input, taken and refused, with a secret in each."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import threading
import time

from bench_support import BIN
from canary_places import Place
from canary_vault import LARGE, LARGER, CanaryVault
from canary_written import FOLDERS, files

#: The day of the report is whatever day it is here.
FORMATS = ("bundle", "jsonl", "csv", "cef", "ocsf", "syslog")
#: Seconds that new events are followed for.
FOLLOW = 3.0


class Life:
    """One vault from its first image to its last restart. `say` tells how far it is."""

    def __init__(self, vault: CanaryVault) -> None:
        self.vault, self.nest = vault, vault.nest
        self.image = self.other = self.owner = self.job = self.actor = self.passphrase = ""
        self.asserted = self.mine = ""
        #: Digests of the files that were heard.
        self.lay: set[bytes] = set()

    def live(self) -> None:
        vault = self.vault
        with vault.served():
            self.store()
            self.refuse()
            self.read()
            self.attempts()
            self.registers()
            self.slots()
            self.tokens()
            self.seal()
            self.take_away()
            self.quarantine()
        for how in (signal.SIGKILL, signal.SIGABRT, signal.SIGKILL):
            self.die(how)
        with vault.served():
            vault.want(200, "images", f"GET /v1/images/{self.image}", fields=self.mine + self.asserted)
            self.erase()
            self.take_away()

    # MARK: Images

    def fields(self) -> str:
        """What a backend asserts, and what a browser adds that nobody asked for."""
        nest = self.nest
        return (
            f'Vault-Client: ip={nest.address("client", "Vault-Client")}; ua="{nest.text("agent", "Vault-Client")}"\r\n'
            f"Vault-Actor: {nest.text('actor', 'Vault-Actor')}\r\n"
            f"User-Agent: {nest.text('unknown field', 'User-Agent')}\r\n"
            f"Cookie: id={nest.text('unknown field', 'Cookie')}\r\n"
            f"X-Request-Id: {nest.text('unknown field', 'X-Request-Id')}\r\n"
            f"X-{nest.text('unknown field', 'the name of a field')}: {nest.text('unknown field', 'X-…')}\r\n"
            f"Referer: http://a/{nest.text('unknown field', 'Referer')}\r\n"
            f"X-Forwarded-For: {nest.address('unknown field', 'X-Forwarded-For')}\r\n"
            f"traceparent: 00-{nest.known('trace', nest.chance.randbytes(16).hex().encode(), 'traceparent').decode()}"
            f"-{nest.chance.randbytes(8).hex()}-01\r\n"
        )

    def store(self) -> None:
        vault, nest = self.vault, self.nest
        self.owner, self.job = nest.text("owner", "Vault-Owner"), nest.text("job", "Vault-Job")
        self.asserted = self.fields()
        self.actor = re.findall("Vault-Actor: (.*)\r", self.asserted)[0]
        self.mine = f"Vault-Owner: {self.owner}\r\nVault-Job: {self.job}\r\n"
        name = f'Content-Disposition: attachment; filename="{nest.text("name", "Content-Disposition")}.png"\r\n'
        picture = nest.picture("pixels", "an upload")
        told = vault.want(201, "images", "POST /v1/images", picture, name + self.mine + self.asserted)
        self.image = told.partition(b'"id":"')[2][:64].decode()
        name = f"Content-Disposition: attachment; filename*=UTF-8''%C3%A9{nest.text('name', 'filename*')}.png\r\n"
        picture = nest.picture("pixels", "another upload", edge=LARGE)
        told = vault.want(201, "images", "POST /v1/images", picture, name + self.asserted)
        self.other = told.partition(b'"id":"')[2][:64].decode()
        file = vault.folder / "out" / "upload.png"
        file.write_bytes(nest.picture("pixels", "vaultctl put"))
        vault.ctl("put", str(file), "--name", nest.text("name", "vaultctl put --name") + ".png", "--job", self.job)

    def refuse(self) -> None:
        """Each kind of refusal, with its secret where the reason is and beside it."""
        vault, nest = self.vault, self.nest

        def refused(status: int, request: str, body: bytes = b"", fields: str = "", door: str = "images") -> None:
            vault.want(status, door, request, body, fields + self.asserted)

        def text(where: str) -> str:
            return nest.text("refused", where)

        picture = nest.picture("refused pixels", "a refused upload", damaged=True)
        plain = f'Content-Disposition: attachment; filename="{text("the name of a refused upload")}.png"\r\n'
        refused(422, "POST /v1/images", picture, plain)
        refused(422, "POST /v1/images", text("an upload that is none").encode() * 3, plain)
        refused(
            400, "POST /v1/images", picture, f'Content-Disposition: attachment; filename="\u202e{text("a name")}"\r\n'
        )
        refused(400, "POST /v1/images", picture, f'Content-Disposition: attachment; {text("a parameter")}="a"\r\n')
        refused(400, "POST /v1/images", picture, plain + f"Vault-Owner: {text('a refused owner')} b\r\n")
        refused(400, "POST /v1/images", picture, plain + f"Vault-Job: ../{text('a refused job')}\r\n")
        refused(400, "POST /v1/images", picture, plain + f"Content-Digest: sha-256=:{text('a digest')}:\r\n")
        refused(403, "POST /v1/images", picture, plain + f"Origin: https://{text('Origin')}\r\n")
        refused(400, f"GET /v1/images?{text('an unknown parameter')}=1")
        refused(400, f"GET /v1/images?limit={text('a wrong parameter')}")
        refused(404, f"GET /v1/{text('a path')}")
        refused(400, f"GET /v1/images/{text('an id')}")
        refused(404, f"GET /v1/images/{self.image}", fields=f"Vault-Owner: {text('another owner')}\r\n")
        refused(400, f"{text('a method')} /v1/images")
        refused(400, "POST /v1/limits/check", b'{"key":"a","' + text("an unknown member").encode() + b'":1}')
        refused(400, "POST /v1/limits/check", b'{"key":' + text("no JSON").encode())
        refused(400, "POST /v1/backups", b'{"note":"\\u202e' + text("a refused note").encode() + b'"}', door="admin")
        refused(400, f"GET /v1/events?actor=%20{text('a wrong actor')}", door="audit")
        refused(400, f"GET /v1/images\x01{text('no HTTP')}")
        vault.half_sent("images", "POST /v1/images", picture, plain + self.asserted).close()
        vault.ctl("get", self.image, "--job", text("vaultctl get --job"), fails=True)
        vault.ctl("stat", text("vaultctl stat"), fails=True, place=Place.CTL_REFUSAL)

    def read(self) -> None:
        vault, nest = self.vault, self.nest
        both = self.mine + self.asserted
        vault.want(200, "images", f"GET /v1/images/{self.image}", fields=both)
        vault.want(206, "images", f"GET /v1/images/{self.image}", fields="Range: bytes=100-900\r\n" + both)
        vault.want(200, "images", f"HEAD /v1/images/{self.image}", fields=both)
        vault.want(200, "images", f"GET /v1/images/{self.other}", fields=self.asserted)
        vault.want(200, "images", f"GET /v1/images/{self.image}/metadata", fields=both)
        vault.want(200, "images", f"GET /v1/images?owner={self.owner}&job={self.job}", fields=self.asserted)
        vault.want(200, "images", "POST /v1/inspect", nest.picture("pixels", "an inspection"), self.asserted)
        vault.want(200, "images", "GET /v1/whoami", fields=self.asserted)
        vault.ctl(
            "get", self.image, "--job", self.job, "--owner", self.owner, "-o", str(vault.folder / "out" / "got.png")
        )
        vault.ctl("ls", "--owner", self.owner)

    # MARK: A web tier, and admins

    def attempts(self) -> None:
        vault, nest = self.vault, self.nest
        body = (
            f'{{"kind":"auth_attempt","success":false,"reason":"{nest.text("attempt", "reason").lower()}",'
            f'"actor":"{nest.text("actor", "an attempt")}","client":"{nest.address("client", "an attempt")}",'
            f'"user_agent":"{nest.text("agent", "an attempt")}","endpoint":"/{nest.text("attempt", "endpoint")}"}}'
        ).encode()
        for _ in range(6):
            vault.want(200, "images", "POST /v1/security-events", body, self.asserted)
        vault.want(200, "images", "POST /v1/limits/check", f'{{"key":"{nest.text("limit", "limits/check")}"}}'.encode())
        vault.want(
            200,
            "images",
            f"GET /v1/blocks?actor={nest.text('asked', 'blocks')}&client={nest.address('asked', 'blocks')}",
        )

    def registers(self) -> None:
        vault, nest = self.vault, self.nest
        key = f'Idempotency-Key: "{nest.text("idempotency key", "backups")}"\r\n'
        note = f'{{"note":"{nest.text("note", "backups")}"}}'.encode()
        for _ in range(2):
            vault.want(201, "admin", "POST /v1/backups", note, key)
        vault.want(422, "admin", "POST /v1/backups", b"{}", key)
        vault.ctl(
            "escrows",
            "register",
            "--note",
            nest.text("note", "escrows"),
            "--key",
            nest.text("idempotency key", "vaultctl --key"),
        )
        held = vault.told("hold", "place", "--owner", self.owner, "--note", nest.text("note", "holds"))
        vault.told("hold", "place", "--job", nest.text("job", "a hold of a job"))
        vault.ctl("hold", "ls")
        vault.ctl("hold", "release", str(held["id"]))
        vault.ctl("retention", "set", "--days", "400", self.image)
        vault.ctl("check", "--wait")
        vault.ctl("reinspect", "--all", "--wait", "--key", nest.text("idempotency key", "vaultctl reinspect"))

    def slots(self) -> None:
        vault, nest = self.vault, self.nest
        self.passphrase = nest.text("secret", "a passphrase")
        slot = vault.told(
            "slots", "add", "--label", nest.text("label", "slots add"), "--secret-file", "-", secret=self.passphrase
        )
        vault.ctl("slots", "prove", str(slot["added"]), "--secret-file", "-", secret=self.passphrase)
        vault.ctl(
            "slots",
            "prove",
            str(slot["added"]),
            "--secret-file",
            "-",
            secret=nest.text("secret", "a wrong passphrase"),
            fails=True,
        )
        self.recovery()
        self.shares()
        unknown = "0" * 32
        vault.ctl(
            "slots", "prove", unknown, "--secret-file", "-", secret=nest.text("secret", "an unknown slot's"), fails=True
        )
        vault.ctl("slots", "list")
        for door in ("log", "root"):
            vault.ctl("keys", f"rotate-{door}" + ("-key" if door == "log" else ""))

    def recovery(self) -> None:
        """The private half is only ever with its holder, whose programs these are."""
        vault, nest = self.vault, self.nest
        said = vault.program("vaultd", "recovery", "new", "--no-terminal", "--no-qr", place=Place.HOLDER).decode()
        text = re.findall(r"imagevault-recovery-1:[ 0-9a-f]+[0-9a-f]", said)[0]
        recipient = re.findall(r"imagevault-recipient-1:\S+", said)[0]
        digits = text.split(":")[1].replace(" ", "")
        nest.known("secret", text.split(": ")[1].encode(), "a recovery key, as it is shown")
        nest.known("secret", digits.encode(), "a recovery key")
        nest.known("secret", bytes.fromhex(digits), "a recovery key's bytes")
        slot = vault.told("slots", "add", "--label", "bank", "--recipient", recipient)
        challenge = re.findall(
            r"imagevault-challenge-1:\S+", vault.ctl("slots", "challenge", str(slot["added"])).decode()
        )[0]
        answer = vault.program(
            "vaultd", "recovery", "answer", challenge, "--key-file", "-", secret=text, place=Place.HOLDER
        ).decode()
        answer = re.findall(r"imagevault-(?:answer|response)\S+", answer)[0]
        nest.known("secret", answer.encode(), "the answer to a challenge")
        vault.ctl("slots", "prove", str(slot["added"]), "--secret-file", "-", secret=answer)

    def shares(self) -> None:
        vault, nest = self.vault, self.nest
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

    def tokens(self) -> None:
        """Tokens and tickets that are good, and some that are made up: none is ever written by the vault."""
        vault, nest = self.vault, self.nest
        arguments = ("--principal", "all", "--note", nest.text("note", "token create"))
        made = json.loads(vault.ctl("token", "create", *arguments, "--json", place=Place.HOLDER))
        turned = json.loads(vault.ctl("token", "rotate", made["id"], "--json", place=Place.HOLDER))
        asked = b'{"reads":9,"seconds":300}'
        ticket = json.loads(
            vault.want(201, "images", f"POST /v1/images/{self.image}/tickets", asked, self.mine, place=Place.HOLDER)
        )["ticket"]
        for text, where in ((made["token"], "a token"), (turned["token"], "a rotated token"), (ticket, "a ticket")):
            nest.known("token", text.partition("_")[2].encode(), where)
        get = f"GET /v1/images/{self.image}"
        for token in (made["token"], turned["token"]):
            vault.want(200, "images", get, fields=f"Authorization: Bearer {token}\r\n" + self.mine)
        vault.want(200, "images", f"{get}?ticket={ticket}", fields=self.asserted)
        vault.want(200, "images", get, fields=f"Vault-Ticket: {ticket}\r\n")
        vault.ctl("token", "ls")
        vault.ctl("token", "revoke", made["id"])
        vault.ask("images", get, fields=f"Authorization: Bearer {turned['token']}\r\n" + self.mine)
        vault.ask("images", f"GET /v1/images/{self.other}?ticket={ticket}")
        fields = f"Authorization: Bearer ivt_{nest.text('token', 'Authorization')}\r\n"
        vault.ask("images", get, fields=fields + self.mine)
        vault.ask("images", f"GET /v1/images/{'0' * 64}", fields=fields + self.mine)
        vault.ask("admin", "GET /v1/status", fields=fields)
        vault.ask("images", f"{get}?ticket=ivf_{nest.text('token', '?ticket=')}", fields=self.mine)
        vault.ask("images", f"GET /v1/images?ticket=%69vf_{nest.text('token', '?ticket= of a list')}")

    def seal(self) -> None:
        vault, nest = self.vault, self.nest
        vault.ctl("seal")
        vault.ctl("unseal", "--secret-file", "-", secret=nest.text("secret", "unseal, wrong"), fails=True)
        vault.want(503, "images", f"GET /v1/images/{self.image}", fields=self.mine + self.asserted)
        name = f'Content-Disposition: attachment; filename="{nest.text("refused", "a name while sealed")}.png"\r\n'
        vault.want(
            503,
            "images",
            "POST /v1/images",
            nest.picture("refused pixels", "an upload while sealed"),
            name + self.asserted,
        )
        vault.ask("images", f"GET /v1/images?owner={nest.text('refused', 'a list while sealed')}")
        vault.ask(
            "images",
            "POST /v1/security-events",
            b'{"kind":"auth_attempt","success":false,"actor":"'
            + nest.text("refused", "an attempt while sealed").encode()
            + b'"}',
        )
        vault.ctl("unseal", "--secret-file", "-", secret=self.passphrase)

    # MARK: What is taken away

    def take_away(self) -> None:
        """The log in every form, and what monitoring sees."""
        vault, out = self.vault, self.vault.folder / "out"
        for form in FORMATS:
            vault.ctl("audit", "export", "--format", form, "--output", str(out / f"log.{form}"))
            vault.heard.add(Place.EXPORTS, f"audit export --format {form}", (out / f"log.{form}").read_bytes())
        vault.ctl("audit", "export", "--owner", self.owner, "--output", str(out / "asked.bundle"))
        vault.heard.add(Place.ASKED_EXPORT, "audit export --owner", (out / "asked.bundle").read_bytes())
        day = time.strftime("%Y-%m-%d", time.gmtime())
        vault.ctl("audit", "report", "--period", f"{day[:8]}01..{day}", "--output", str(out / "report.html"))
        vault.heard.add(Place.EXPORTS, "audit report", (out / "report.html").read_bytes())
        for verb in (
            ("tail", "-n", "500"),
            ("ls",),
            ("tail", "-n", "500", "--json"),
            ("readers", self.image),
            ("checkpoint",),
        ):
            vault.ctl("audit", *verb, place=Place.EXPORTS)
        vault.ctl("audit", "ls", "--actor", self.actor, "--json", place=Place.EXPORTS)
        self.follow()
        for door, path in (
            ("admin", "metrics"),
            ("audit", "metrics"),
            ("admin", "status"),
            ("admin", "policy"),
            ("admin", "slots"),
            ("admin", "keys"),
            ("admin", "operations"),
            ("audit", "events?newest=500"),
            ("audit", "log/bundle"),
        ):
            place = Place.METRICS if path == "metrics" else Place.EXPORTS if door == "audit" else Place.ADMINS
            vault.want(200, door, f"GET /v1/{path}", place=place)
        vault.ctl("status")
        vault.ctl("policy", "show")
        vault.ctl("policy", "check", str(vault.folder / "policy.yaml"))
        vault.ctl("policy", "explain", "all", "images.get")
        vault.ctl("backups", "ls")
        vault.ctl("escrows", "ls")

    def follow(self) -> None:
        """New events as they come, with requests under way meanwhile."""
        vault = self.vault
        command = [str(BIN / "vaultctl"), "audit", "follow", "--json"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=vault.environment, cwd=vault.folder / "cwd"
        )
        threading.Timer(FOLLOW, process.send_signal, (signal.SIGINT,)).start()
        time.sleep(FOLLOW / 3)
        # By the second time it is erased.
        vault.ask("images", f"GET /v1/images/{self.image}", fields=self.mine + self.asserted)
        vault.heard.add(Place.EXPORTS, "audit follow", process.communicate()[0])

    def quarantine(self) -> None:
        vault, nest = self.vault, self.nest
        vault.ctl("quarantine", "add", self.other)
        vault.want(409, "images", f"GET /v1/images/{self.other}", fields=self.asserted)
        events = vault.want(200, "audit", f"GET /v1/events?actor={self.actor}&limit=1", place=Place.EXPORTS)
        pseudonym = events.partition(b'"actor":"')[2][:32].decode()
        reason = nest.text("reason", "names.resolve")
        vault.ctl("audit", "resolve", pseudonym, "--reason", reason, place=Place.RESOLVER)
        vault.ctl("audit", "redact", "--from", "3", "--to", "5", "--reason", nest.text("reason", "redact"))

    # MARK: Deaths

    def die(self, how: signal.Signals) -> None:
        """In the middle of an upload that is only half there."""
        vault, nest = self.vault, self.nest
        vault.start()
        name = f'Content-Disposition: attachment; filename="{nest.text("refused", "an upload at a kill")}.png"\r\n'
        picture = nest.picture("refused pixels", "an upload at a kill", edge=LARGER)
        fields = self.mine + self.asserted
        with vault.half_sent("images", "POST /v1/images", picture, name + fields):
            vault.want(200, "images", f"GET /v1/images/{self.image}", fields=fields)
            vault.end(how)
        self.hear_files(f"after {how.name}")

    def hear_files(self, when: str) -> None:
        """What lies there now, and may be gone when the vault is up again. What is as it was is heard once."""
        for name in ("state", "tmp", "cwd"):
            for where, content in files(self.vault.folder / name):
                digest = hashlib.sha256(content).digest()
                if digest not in self.lay:
                    self.lay.add(digest)
                    self.vault.heard.add(FOLDERS[name], f"{where} {when}", content)

    def erase(self) -> None:
        vault = self.vault
        vault.ctl("rm", self.image, "--job", self.job, "--owner", self.owner)
        vault.ctl("erase", "--job", self.job, "--wait", "--key", self.nest.text("idempotency key", "vaultctl erase"))
        vault.ctl("receipt", "ls", "--json")
