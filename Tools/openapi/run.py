"""Asks a running vault everything that its contract allows, and much that it does not, and compares what it
answers with what the contract says.

    run.py FOLDER [--cases N] [--seed N] [--sealed] [--contract FILE]

FOLDER has the vault's sockets and, where it is a development vault, its root key. Each operation is tried on
every socket that its x-sockets names; those of the contract as it is now, so that a new one needs nothing here.
A run in which an operation is never answered with each of its statuses below 400 has tested nothing, and fails.
With --sealed the vault is without its key: then no operation must, but unseal, which is tried last.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import requests
import schemathesis
import yaml
from cases import complete, coverage, draw, sound
from checks import Checks, excerpt
from doors import BASE, PATIENCE, session
from schemathesis import APIOperation, Case
from supplies import Supplies, collection

CONTRACT = Path(__file__).resolve().parents[2] / "Sources/VaultAPI/Resources/openapi.yaml"

#: Requests in a row without an answer after which the vault is taken for dead.
SILENT_REQUESTS = 5

#: The operation that opens the vault, and the one that closes it; each needs the vault to be as it is not.
OPENS, CLOSES = "unseal", "seal"

#: What may seal the vault, or keep a principal from everything else: it is ended at once.
CONTAINS = "containIncident"

#: What leaves no token for the operations that need one: they come before it.
REVOKES = "revokeToken"

#: What steers background work needs some that still runs, and here it ends at once; what ends a quarantine needs one
#: that waits, and an image in it would be missing from all other requests.
PASSING = {"operations", "quarantine", "approvals"}

#: Good answers that need shares, a recovery key, a second slot that was proved, a second person, an incident
#: that is open, or that no rotation is under way.
RARE = {("unseal", 202), ("proveSlot", 202), ("challengeSlot", 201), ("removeSlot", 200), ("destroyEpoch", 202),
        ("destroyEpoch", 200), ("approveDestruction", 200), ("reencrypt", 202),
        ("resolveName", 200), ("reloadPolicy", 200), ("closeIncident", 200), ("exportCase", 200),
        # The id of a backup that is being made comes in a stream of records.
        ("copyBlobs", 200), ("completeBackup", 200), ("reportDrill", 200)}


class Run:
    """One run: what was sent, what came back, what was wrong."""

    def __init__(self, folder: Path, contract: dict[str, Any], seed: int, sealed: bool = False) -> None:
        self.source = random.Random(seed)
        self.doors = {path.stem: session(path) for path in sorted(folder.glob("*.sock"))}
        self.schema = schemathesis.openapi.from_dict(contract)
        self.schema.config.update(base_url=BASE)
        self.checks = Checks(contract)
        self.supplies = Supplies(self.schema, self.doors["images"], folder, self.source)
        self.supplies.open = not sealed
        self.sealed = sealed
        self.silent = 0
        self.statuses: Counter[int] = Counter()
        self.seen: dict[tuple[str, str], set[int]] = {}
        self.findings: dict[tuple[str, str], list[str]] = {}
        found = [(result.ok(), door) for result in self.schema.get_all_operations()
                 for door in result.ok().definition.raw["x-sockets"]]
        #: Every operation with every socket that it is on; what opens and closes the vault comes last.
        self.pairs = sorted(found, key=lambda pair: (name(pair[0]) in (OPENS, CLOSES), name(pair[0]) == REVOKES))

    def exercise(self, cases: int) -> None:
        """Shares the cases out evenly among the operations, and an operation's among its sockets."""
        each = -(-cases // len({operation.label for operation, _ in self.pairs}))
        for operation, door in self.pairs:
            share = -(-each // len(operation.definition.raw["x-sockets"]))
            sent = 0
            for case in sound(operation, self.supplies):
                self.send(case, door)
                sent += 1
            for case in coverage(operation, self.source)[:max(0, share - sent) // 2]:
                self.send(case, door)
                sent += 1
            draw(operation, share - sent, self.source, lambda case: self.send(case, door))

    def send(self, case: Case, door: str) -> None:
        """Sends one request and judges the answer; nothing any more to a vault that is dead."""
        if self.silent >= SILENT_REQUESTS:
            return
        if case.meta is not None:
            complete(case, self.supplies)
        try:
            response = case.call(session=self.doors[door], timeout=PATIENCE)
        except (requests.RequestException, OSError) as error:
            self.note(case, door, f"no answer: {type(error).__name__}", str(error))
            self.silent += 1
            return
        self.silent = 0
        status = response.status_code
        self.statuses[status] += 1
        if response.request.method == case.operation.method.upper():
            self.seen.setdefault((case.operation.label, door), set()).add(status)
        for failure in self.checks.failures(case, response):
            title = getattr(failure, "title", type(failure).__name__)
            self.note(case, door, f"{title} ({status})", f"{failure}\n{excerpt(response)}")
        self.learn(case, response)

    def learn(self, case: Case, response: schemathesis.Response) -> None:
        """Keeps what later requests can use, and drops what is gone."""
        status = response.status_code
        if status < 300 and "json" in response.headers.get("content-type", [""])[0]:
            self.supplies.harvest(response.json(), collection(case.operation))
        if status == 404 or (status == 200 and case.method == "DELETE"):
            for value in case.path_parameters.values():
                self.supplies.forget(value)
        if status < 300 and name(case.operation) == CLOSES:
            self.unseal()
        if status < 300 and name(case.operation) == CONTAINS:
            self.unseal()
            self.doors["admin"].delete(f"{BASE}{case.formatted_path}", timeout=PATIENCE)

    def unseal(self) -> None:
        self.doors["admin"].post(f"{BASE}/v1/{OPENS}", data=self.supplies.secret, timeout=PATIENCE)

    def note(self, case: Case, door: str, title: str, detail: str) -> None:
        where = f"{case.operation.label} on {door}.sock"
        try:
            command = case.as_curl_command()
        except Exception as error:  # A request so broken that it has no command line.
            command = f"{case!r} ({error})"
        self.findings.setdefault((case.operation.label, title), []).append(f"{where}\n{detail}\n{command}")

    def unseen(self) -> tuple[list[str], list[str]]:
        """The good answers that the contract promises and no request got: those that count, and those that do not."""
        missing: tuple[list[str], list[str]] = [], []
        for operation, door in self.pairs:
            promised = {int(status) for status in operation.definition.raw["responses"] if int(status) < 400}
            lacking = promised - self.seen.get((operation.label, door), set())
            if lacking and self.sealed == (name(operation) == OPENS):
                passing = collection(operation) in PASSING and operation.method != "get"
                passing = passing or all((name(operation), status) in RARE for status in lacking)
                missing[passing].append(f"{operation.label} on {door}.sock was never answered with {sorted(lacking)}")
        return missing

    def report(self, seconds: float, seed: int) -> int:
        for (label, title), examples in sorted(self.findings.items()):
            print(f"\n{label}: {title}, {len(examples)} times, such as")
            print("  " + examples[0].replace("\n", "\n  "))
        missing, passing = self.unseen()
        print("".join(f"{line}\n" for line in missing)
              + "".join(f"{line}, which needs a state that this run does not bring about\n" for line in passing), end="")
        counts = ", ".join(f"{status} × {count}" for status, count in sorted(self.statuses.items()))
        labels = {operation.label for operation, _ in self.pairs}
        bad = sum(map(len, self.findings.values()))
        print(f"{'sealed: ' if self.sealed else ''}{len(labels)} operations, {self.statuses.total()} cases ({counts}), "
              f"{bad} against the contract, {seconds:.0f} s, seed {seed}")
        return 1 if self.findings or missing else 0


def name(operation: APIOperation) -> str:
    return operation.definition.raw.get("operationId", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=700)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("--contract", type=Path, default=CONTRACT)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    contract = yaml.safe_load(options.contract.read_text("utf-8"))
    run = Run(options.folder, contract, options.seed, options.sealed)
    started = time.monotonic()
    run.exercise(options.cases)
    return run.report(time.monotonic() - started, options.seed)


if __name__ == "__main__":
    sys.exit(main())
