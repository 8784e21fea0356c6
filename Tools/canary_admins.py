"""What a web tier reports and asks, and what admins have entered."""

from __future__ import annotations

import time

from canary_life import Life


def attempts(life: Life) -> None:
    vault, nest = life.vault, life.nest
    body = (
        f'{{"kind":"auth_attempt","success":false,"reason":"{nest.text("attempt", "reason").lower()}",'
        f'"actor":"{nest.text("actor", "an attempt")}","client":"{nest.address("client", "an attempt")}",'
        f'"user_agent":"{nest.text("agent", "an attempt")}","endpoint":"/{nest.text("attempt", "endpoint")}"}}'
    ).encode()
    for _ in range(6):
        vault.want(200, "images", "POST /v1/security-events", body, life.asserted)
    vault.want(200, "images", "POST /v1/limits/check", f'{{"key":"{nest.text("limit", "limits/check")}"}}'.encode())
    vault.want(
        200,
        "images",
        f"GET /v1/blocks?actor={nest.text('asked', 'blocks')}&client={nest.address('asked', 'blocks')}",
    )


def registers(life: Life) -> None:
    vault, nest = life.vault, life.nest
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
    held = vault.told("hold", "place", "--owner", life.owner, "--note", nest.text("note", "holds"))
    vault.told("hold", "place", "--job", nest.text("job", "a hold of a job"))
    vault.ctl("hold", "ls")
    vault.ctl("hold", "release", str(held["id"]))
    vault.ctl("retention", "set", "--days", "400", life.image)
    # What evidence says stays with whoever attests.
    evidence = vault.folder / "evidence.txt"
    evidence.write_text(nest.text("evidence", "doctor attest"))
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 300 * 86_400))
    vault.ctl("doctor", "attest", "firewall", "--evidence", str(evidence), "--expires", soon)
    vault.ctl("doctor", "--only", "firewall")
    evidence.unlink()
    vault.ctl("check", "--wait")
    vault.ctl("reinspect", "--all", "--wait", "--key", nest.text("idempotency key", "vaultctl reinspect"))
