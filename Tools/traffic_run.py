"""Asks for what Tools/traffic_people.py has drawn, when it is due."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from queue import Queue
from typing import Any

from traffic_people import Act, broken, picture
from traffic_vault import PATIENCE, Line, TrafficVault

#: Connections at once.
WORKERS = 8


class Stock:
    """What is stored, by how popular it is: the first are asked for most."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.images: list[tuple[str, str, str]] = []  # id, principal, owner
        self.gone: list[str] = ["0" * 64]
        self.fresh: list[str] = []

    def add(self, image: str, principal: str, owner: str) -> None:
        with self.lock:
            self.images.append((image, principal, owner))
            self.fresh.append(image)

    def pick(self, share: float) -> str | None:
        """Zipf's law, nearly: of a thousand the first ten get a third."""
        with self.lock:
            if not self.images:
                return None
            return self.images[int(len(self.images) ** share) - 1 if share else 0][0]

    def take(self, owner: str) -> tuple[str, str] | None:
        with self.lock:
            for place, (image, _, whose) in enumerate(self.images):
                if whose == owner:
                    del self.images[place]
                    self.gone.append(image)
                    return image, whose
        return None

    def next_fresh(self) -> str | None:
        with self.lock:
            return self.fresh.pop(0) if self.fresh else None

    def forget(self, owner: str) -> None:
        while self.take(owner):
            pass


class Traffic:
    """A vault's usual day."""

    def __init__(self, vault: TrafficVault, seed: int) -> None:
        self.vault, self.stock = vault, Stock()
        self.chance = random.Random(f"{seed}/bytes")
        self.numbers = iter(range(seed * 1_000_000, (seed + 1) * 1_000_000))
        self.answers: Counter[tuple[str, int]] = Counter()
        self.lock, self.over = threading.Lock(), threading.Event()
        self.late = 0.0

    def put(self, line: Line, principal: str, owner: str, content: bytes) -> int:
        fields = self.vault.fields(principal, owner)
        fields += f'Vault-Owner: {owner}\r\nContent-Disposition: attachment; filename="a.png"\r\n'
        status, told = line.ask("POST", "/v1/images", content, fields)
        if status == 201:
            self.stock.add(str(json.loads(told)["id"]), principal, owner)
        return status

    def fill(self, count: int) -> None:
        """What is there before the hour begins, stored over the quarter of an hour before it."""
        line = self.vault.line()
        for number in range(count):
            principal = "app" if number % 3 == 0 else "web"
            owner = f"{principal}-user-{self.chance.randrange(80 if principal == 'app' else 150)}"
            if self.put(line, principal, owner, picture(next(self.numbers))) != 201:
                raise RuntimeError("a picture was not stored")
        self.stock.fresh.clear()
        line.close()

    def run(self, acts: list[Act]) -> None:
        """Each act at its time, in seconds from now on by the vault's clock, until all are done or `over` is set."""
        begun, queue = self.vault.now(), Queue[Act | None]()
        workers = [threading.Thread(target=self._work, args=(queue, begun), daemon=True) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for act in acts:
            wait = (begun + act.at - self.vault.now()) / self.vault.times
            if self.over.wait(max(0.0, wait)):
                break
            queue.put(act)
        for _ in workers:
            queue.put(None)
        for worker in workers:
            worker.join(PATIENCE)

    def _work(self, queue: Queue[Act | None], begun: float) -> None:
        lines = {door: self.vault.line(door) for door in ("images", "admin", "audit")}
        while act := queue.get():
            with self.lock:
                self.late = max(self.late, (self.vault.now() - begun - act.at) / self.vault.times)
            try:
                status = self._do(act, lines)
            except (OSError, RuntimeError):
                if self.over.is_set():
                    return
                status = 0
            with self.lock:
                self.answers[(act.what, status)] += 1
        for line in lines.values():
            line.close()

    def _do(self, act: Act, lines: dict[str, Line]) -> int:
        line, fields = lines["images"], self.vault.fields(act.principal, act.actor)
        path = f"/v1/images/{self.stock.pick(act.pick) or '0' * 64}"
        match act.what:
            case "get":
                return line.ask("GET", path, fields=fields)[0]
            case "again":
                return line.ask("GET", path, fields=fields + f'If-None-Match: "{path[-64:]}"\r\n')[0]
            case "head":
                return line.ask("HEAD", path, fields=fields)[0]
            case "metadata":
                return line.ask("GET", path + "/metadata", fields=fields)[0]
            case "gone":
                gone = self.stock.gone[int(act.pick * len(self.stock.gone))]
                return line.ask("GET", f"/v1/images/{gone}", fields=fields)[0]
            case "list":
                return line.ask("GET", f"/v1/images?owner={act.actor}", fields=fields)[0]
            case "put":
                with self.lock:
                    content = picture(next(self.numbers))
                return self.put(line, act.principal, act.actor or "", content)
            case "broken":
                with self.lock:
                    content = broken(self.chance)
                return self.put(line, act.principal, act.actor or "", content)
            case "delete":
                taken = self.stock.take(act.actor or "")
                if not taken:
                    return -1
                return line.ask("DELETE", f"/v1/images/{taken[0]}", fields=fields + f"Vault-Owner: {taken[1]}\r\n")[0]
            case "erase":
                self.stock.forget(act.actor or "")
                return line.ask("DELETE", f"/v1/images?owner={act.actor}", fields=fields)[0]
            case "ticket":
                status, told = line.ask("POST", path + "/tickets", b'{"reads":1}', fields)
                if status != 201:
                    return status
                return line.ask("GET", f"{path}?ticket={json.loads(told)['ticket']}")[0]
            case "thumb":
                fresh = self.stock.next_fresh()
                return line.ask("GET", f"/v1/images/{fresh}", fields=fields)[0] if fresh else -1
            case _:
                return self._look_after(act, lines)

    def _look_after(self, act: Act, lines: dict[str, Line]) -> int:
        match act.what:
            case "status":
                return lines["admin"].ask("GET", "/v1/status")[0]
            case "log":
                return lines["audit"].ask("GET", "/v1/events?newest=50")[0]
            case "export":
                self.vault.ctl("audit", "export", "--output", str(self.vault.folder / f"log-{time.time_ns()}.bundle"))
            case "rotate":
                self.vault.ctl("keys", "rotate", "--wait")
            case "slot":
                secret = os.urandom(12).hex()
                added = self.vault.told("slots", "add", "--label", "spare", "--secret-file", "-", secret=secret)
                self.vault.ctl("slots", "prove", str(added["added"]), "--secret-file", "-", secret=secret)
        return 200


def alarms(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event.get("action") == "alarm.raised"]
