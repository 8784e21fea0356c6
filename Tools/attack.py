"""Plays attacks and says which were found: see Tools/attack."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from attack_acts import ATTACKS, Attack
from traffic_people import hour
from traffic_run import Traffic, alarms
from traffic_vault import TrafficVault, events

#: Those that are over soon.
QUICK = (
    "erase", "walk through ids", "damage the disk", "ask for a canary", "try secrets", "take the log", "destroy a key",
    "cancel rotations", "fail flushes",
)
#: Seconds that an alarm may take after the event that it is about.
PATIENCE = 20


@dataclass
class Played:
    attack: Attack
    #: How long the log was when it began.
    begun: int
    found: dict[str, Any] | None
    seconds: float
    acts: int


class Game:
    def __init__(self, vault: TrafficVault, traffic: Traffic, options: argparse.Namespace) -> None:
        self.vault, self.traffic, self.options = vault, traffic, options
        self.played: list[Played] = []
        self.claimed: set[int] = set()

    def size(self) -> int:
        return int(self.vault.line("admin").told("GET", "/v1/status")["log"]["size"])

    def play(self, name: str, round_: int) -> None:
        rule, act = ATTACKS[name]
        chance = random.Random(f"{self.options.seed}/{round_}/{name}")
        attack = Attack(name, rule, self.vault, self.traffic.stock, chance)
        begun = self.size()
        act(attack)
        found = self._await(attack, begun)
        seconds, acts = 0.0, 0
        if found:
            self.claimed.add(int(found["index"]))
            seconds, acts = self._delay(found)
        self.played.append(Played(attack, begun, found, seconds, acts))
        who = f"{attack.principal}{' for ' + attack.actor if attack.actor else ''}" or "the vault"
        state = f"found after {seconds:.1f} s and {acts} acts" if found else "MISSED"
        print(f"  {name:20} {rule:20} {attack.told} by {who}: {state}", flush=True)

    def _await(self, attack: Attack, begun: int) -> dict[str, Any] | None:
        give_up = time.monotonic() + PATIENCE
        while True:
            for event in events(self.vault, begun, action="alarm.raised"):
                if int(event["index"]) not in self.claimed and self._is_of(event, attack):
                    return event
            if time.monotonic() > give_up:
                return None
            time.sleep(0.2)

    def _is_of(self, alarm: dict[str, Any], attack: Attack) -> bool:
        if alarm.get("rule") != attack.rule or alarm.get("principal", "") != attack.principal:
            return False
        if not attack.actor:
            return "actor" not in alarm
        return "actor" in alarm and self._name(alarm["actor"]) == attack.actor

    def is_false(self, alarm: dict[str, Any]) -> bool:
        """What somebody does too much of may be too much of his principal's, too; any other alarm is nobody's.

        An erasure goes on when the next attack has begun: the principal's alarm counts then what his own counted."""
        index = int(alarm["index"])
        if index in self.claimed:
            return False
        before = [play for play in self.played if play.begun <= index]
        return not any(
            play.attack.actor and alarm.get("rule") == play.attack.rule
            and alarm.get("principal") == play.attack.principal and "actor" not in alarm
            and (play is before[-1] or (play.found and int(alarm["from"]) <= int(play.found["to"])))
            for play in before
        )

    def _name(self, pseudonym: str) -> str:
        """Whom a pseudonym stands for: the tool's auditor may ask."""
        line = self.vault.line("audit")
        body = b'{"reason":"Tools/attack"}'
        told: dict[str, Any] = line.told("POST", f"/v1/log/names/{pseudonym}", body)
        return str(told["name"])

    def _delay(self, alarm: dict[str, Any]) -> tuple[float, int]:
        """From the first event that the rule counted to the alarm, by the times that the daemon read."""
        first = next(events(self.vault, int(alarm["from"])))
        return moment(alarm) - moment(first), int(alarm["count"])


def moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(str(event["at"])).timestamp()


def main() -> int:
    parser = argparse.ArgumentParser(prog="attack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=ATTACKS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--warm", type=float, default=25)
    parser.add_argument("--times", type=float, default=12)
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    missed = false = found = 0
    delays: list[float] = []
    for round_ in range(options.rounds):
        folder = Path(tempfile.mkdtemp(prefix="iva", dir=options.dir))
        failed = True
        try:
            played, wrong = run(folder, round_, options)
            found += sum(1 for play in played if play.found)
            missed += sum(1 for play in played if not play.found)
            false += len(wrong)
            delays += [play.seconds for play in played if play.found]
            failed = bool(wrong) or any(not play.found for play in played)
        finally:
            if failed or options.keep:
                print(f"attack: the vault is in {folder}")
            else:
                shutil.rmtree(folder)
    delays.sort()
    middle = delays[len(delays) // 2] if delays else 0
    print(
        f"attack: seed {options.seed}: {found} found, {missed} missed, {false} false alarms; "
        f"to detect: {middle:.1f} s in the middle, {delays[-1] if delays else 0:.1f} s at most"
    )
    return 1 if missed or false else 0


def run(folder: Path, round_: int, options: argparse.Namespace) -> tuple[list[Played], list[dict[str, Any]]]:
    """One vault that has each attack once."""
    vault = TrafficVault(folder, options.times)
    seed = options.seed * 1000 + round_
    traffic = Traffic(vault, seed)
    game = Game(vault, traffic, options)
    names = [options.only] if options.only else list(QUICK if options.quick else ATTACKS)
    if os.geteuid() != 0 and "take the log" in names:
        print("left out: take the log: another user takes root")
        names.remove("take the log")
    random.Random(f"{seed}/order").shuffle(names)
    with vault.served():
        traffic.fill(300)
        vault.ctl("audit", "export", "--output", str(folder / "first.bundle"))
        people: threading.Thread | None = None
        if options.warm:
            acts = [act for act in hour(seed, 600) if act.what not in ("rotate", "slot")]
            people = threading.Thread(target=traffic.run, args=(acts,), daemon=True)
            people.start()
            vault.wait_until(vault.now() + options.warm * 60)
        print(f"attack: round {round_ + 1}, {game.size()} events so far", flush=True)
        for name in names:
            game.play(name, round_)
        traffic.over.set()
        if people:
            people.join()
        time.sleep(1)
        raised = alarms(list(events(vault)))
    wrong = [alarm for alarm in raised if game.is_false(alarm)]
    for alarm in wrong:
        print("  FALSE ALARM " + json.dumps(alarm))
    return game.played, wrong


if __name__ == "__main__":
    sys.exit(main())
