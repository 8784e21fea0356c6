"""What is taken away: the log in every form, what monitoring sees, and the names behind pseudonyms."""

from __future__ import annotations

import subprocess
import threading
import time

from bench_support import BIN, ENDS_WITH_US
from canary_life import Life
from canary_places import Place
from canary_vault import PATIENCE

FORMATS = ("bundle", "jsonl", "csv", "cef", "ocsf", "syslog")
#: Seconds that new events are followed for.
FOLLOW = 3.0


def take_away(life: Life) -> None:
    """The log in every form, and what monitoring sees."""
    vault, out = life.vault, life.vault.folder / "out"
    for form in FORMATS:
        vault.ctl("audit", "export", "--format", form, "--output", str(out / f"log.{form}"))
        vault.heard.add(Place.EXPORTS, f"audit export --format {form}", (out / f"log.{form}").read_bytes())
    vault.ctl("audit", "export", "--owner", life.owner, "--output", str(out / "asked.bundle"))
    vault.heard.add(Place.ASKED_EXPORT, "audit export --owner", (out / "asked.bundle").read_bytes())
    day = time.strftime("%Y-%m-%d", time.gmtime())
    vault.ctl("audit", "report", "--period", f"{day[:8]}01..{day}", "--output", str(out / "report.html"))
    vault.heard.add(Place.EXPORTS, "audit report", (out / "report.html").read_bytes())
    for verb in (
        ("tail", "-n", "500"),
        ("ls",),
        ("tail", "-n", "500", "--json"),
        ("readers", life.image),
        ("checkpoint",),
    ):
        vault.ctl("audit", *verb, place=Place.EXPORTS)
    vault.ctl("audit", "ls", "--actor", life.actor, "--json", place=Place.EXPORTS)
    follow(life)
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


def follow(life: Life) -> None:
    """New events as they come, with requests under way meanwhile."""
    vault = life.vault
    command = [*ENDS_WITH_US, str(BIN / "vaultctl"), "audit", "follow", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=vault.environment, cwd=vault.folder / "cwd"
    )
    # Who runs in the background has SIGINT ignored, until vaultctl listens for it.
    threading.Timer(FOLLOW, process.terminate).start()
    time.sleep(FOLLOW / 3)
    # By the second time it is erased.
    vault.ask("images", f"GET /v1/images/{life.image}", fields=life.mine + life.asserted)
    vault.heard.add(Place.EXPORTS, "audit follow", process.communicate(timeout=PATIENCE)[0])


def quarantine(life: Life) -> None:
    vault, nest = life.vault, life.nest
    vault.ctl("quarantine", "add", life.other)
    vault.want(409, "images", f"GET /v1/images/{life.other}", fields=life.asserted)
    events = vault.want(200, "audit", f"GET /v1/events?actor={life.actor}&limit=1", place=Place.EXPORTS)
    pseudonym = events.partition(b'"actor":"')[2][:32].decode()
    reason = nest.text("reason", "names.resolve")
    vault.ctl("audit", "resolve", pseudonym, "--reason", reason, place=Place.RESOLVER)
    vault.ctl("audit", "redact", "--from", "3", "--to", "5", "--reason", nest.text("reason", "redact"))
