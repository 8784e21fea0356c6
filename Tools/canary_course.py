"""What the vault goes through: every kind of input, taken and refused, with a secret in each."""

from __future__ import annotations

import signal

from canary_admins import attempts, registers
from canary_backups import back_up, incidents
from canary_exports import quarantine, take_away
from canary_images import read, refuse, store
from canary_life import Life
from canary_openers import seal, slots, tokens
from canary_vault import LARGER


def live(life: Life) -> None:
    vault = life.vault
    with vault.served():
        store(life)
        refuse(life)
        read(life)
        attempts(life)
        registers(life)
        slots(life)
        tokens(life)
        seal(life)
        take_away(life)
        incidents(life)
        back_up(life)
        quarantine(life)
    for how in (signal.SIGKILL, signal.SIGABRT, signal.SIGKILL):
        die(life, how)
    with vault.served():
        vault.want(200, "images", f"GET /v1/images/{life.image}", fields=life.mine + life.asserted)
        erase(life)
        take_away(life)


def die(life: Life, how: signal.Signals) -> None:
    """In the middle of an upload that is only half there."""
    vault, nest = life.vault, life.nest
    vault.start()
    name = f'Content-Disposition: attachment; filename="{nest.text("refused", "an upload at a kill")}.png"\r\n'
    picture = nest.picture("refused pixels", "an upload at a kill", edge=LARGER)
    fields = life.mine + life.asserted
    with vault.half_sent("images", "POST /v1/images", picture, name + fields):
        vault.want(200, "images", f"GET /v1/images/{life.image}", fields=fields)
        vault.end(how)
    life.hear_files(f"after {how.name}")


def erase(life: Life) -> None:
    vault = life.vault
    vault.ctl("rm", life.image, "--job", life.job, "--owner", life.owner)
    vault.ctl("erase", "--job", life.job, "--wait", "--key", life.nest.text("idempotency key", "vaultctl erase"))
    vault.ctl("receipt", "ls", "--json")
