"""What somebody does who should not: each attack with ranges of its own, drawn from by seed."""

from __future__ import annotations

import json
import math
import multiprocessing
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench_support import BIN, become
from traffic_people import broken, picture
from traffic_run import Stock
from traffic_vault import STRANGER, Line, TrafficVault

#: Seconds until the vault has noticed that it cannot write, and that it can again.
OUTAGE = 4


@dataclass
class Attack:
    """One attack as it is played."""

    name: str
    rule: str
    vault: TrafficVault
    stock: Stock
    chance: random.Random
    #: About whom its alarm has to be; empty for the whole vault.
    principal: str = ""
    actor: str = ""
    told: str = ""
    did: int = 0
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.line = self.vault.line()

    # MARK: Ranges

    def between(self, low: float, high: float) -> float:
        """As often near the low end as near the high one, by factors."""
        return math.exp(self.chance.uniform(math.log(low), math.log(high)))

    def whoever(self, *principals: str) -> None:
        """Somebody of theirs who has been there before, or never."""
        self.principal = self.chance.choice(principals)
        kind = self.chance.random()
        people = 80 if self.principal == "app" else 150
        self.actor = f"{self.principal}-user-{self.chance.randrange(people)}" if kind < 0.5 else (
            f"{self.principal}-new-{self.chance.randrange(1 << 30)}"
        )

    def pace(self, count: int, per_minute: float, act: Callable[[int], object]) -> None:
        """So many acts, by the vault's clock; as fast as it goes where that is slower."""
        begun = self.vault.now()
        self.told += f"{count} at {per_minute:.0f}/min"
        for number in range(count):
            act(number)
            self.did = number + 1
            self.vault.wait_until(begun + (number + 1) * 60 / per_minute)

    def ask(self, method: str, target: str, body: bytes = b"", more: str = "") -> tuple[int, bytes]:
        return self.line.ask(method, target, body, self.vault.fields(self.principal, self.actor or None) + more)

    def get(self, image: str) -> None:
        self.ask("GET", f"/v1/images/{image}")

    def any_image(self) -> str:
        return self.chance.choice(self.stock.images)[0]

    def store(self, count: int, owner: str) -> list[str]:
        """Pictures of somebody's, to be taken away from him."""
        fields = self.vault.fields("web", owner)
        fields += f'Vault-Owner: {owner}\r\nContent-Disposition: attachment; filename="a.png"\r\n'
        made = []
        for _ in range(count):
            told = self.line.told("POST", "/v1/images", picture(self.chance.getrandbits(60)), fields)
            made.append(str(told["id"]))
        return made

    # MARK: Attacks

    def read_as_somebody(self) -> None:
        self.whoever("web", "app")
        self.pace(int(self.between(700, 3000)), self.between(60, 900), lambda _: self.get(self.any_image()))

    def read_more_and_more(self) -> None:
        """Somebody who would have it look usual: a little more from minute to minute."""
        self.whoever("web", "app")
        count, pace, more = int(self.between(1200, 3000)), self.between(20, 60), self.between(1.08, 1.5)
        self.told = f"{count} from {pace:.0f}/min, {more:.2f} times as fast each minute,"
        begun = due = self.vault.now()
        for number in range(count):
            self.get(self.any_image())
            self.did = number + 1
            due += 60 / min(900.0, pace * more ** ((due - begun) / 60))
            self.vault.wait_until(due)

    def read_with_token(self) -> None:
        """Somebody else has the worker's token, and asks for nobody."""
        self.principal = "thumbs"
        self.pace(int(self.between(900, 3000)), self.between(300, 900), lambda _: self.get(self.any_image()))

    def delete(self) -> None:
        self.whoever("web", "app")
        victim = f"victim-{self.chance.getrandbits(40)}"
        images = self.store(int(self.between(150, 400)), victim)

        def act(number: int) -> None:
            self.ask("DELETE", f"/v1/images/{images[number]}", more=f"Vault-Owner: {victim}\r\n")

        self.pace(len(images), self.between(20, 400), act)

    def erase(self) -> None:
        self.whoever("web", "app")
        victim = f"victim-{self.chance.getrandbits(40)}"
        self.store(int(self.between(150, 400)), victim)
        self.pace(1, 60, lambda _: self.ask("DELETE", f"/v1/images?owner={victim}"))

    def walk(self) -> None:
        self.whoever("web", "app")

        def act(_: int) -> None:
            image = self.chance.randbytes(32).hex()
            method, tail = self.chance.choice((("GET", ""), ("HEAD", ""), ("GET", "/metadata"), ("DELETE", "")))
            self.ask(method, f"/v1/images/{image}{tail}")

        self.pace(int(self.between(45, 500)), self.between(4, 400), act)

    def damage(self) -> None:
        """Bytes on the disk are flipped, and people ask for those pictures."""
        self.principal = "web"
        owner = f"owner-{self.chance.getrandbits(40)}"
        before = set(self.vault.folder.glob("state/blobs/*/*"))
        images = self.store(self.chance.randint(3, 12), owner)
        for blob in set(self.vault.folder.glob("state/blobs/*/*")) - before:
            content = bytearray(blob.read_bytes())
            content[self.chance.randrange(len(content))] ^= 1 << self.chance.randrange(8)
            blob.chmod(0o600)
            blob.write_bytes(content)
        self.pace(len(images), self.between(2, 120), lambda number: self.get(images[number]))
        self.principal = ""

    def upload(self) -> None:
        self.whoever("web", "app")
        field = 'Content-Disposition: attachment; filename="a.png"\r\n'
        self.pace(
            int(self.between(25, 150)), self.between(3, 100),
            lambda _: self.ask("POST", "/v1/images", broken(self.chance), field),
        )

    def canary(self) -> None:
        self.whoever("web", "app")
        owner = f"owner-{self.chance.getrandbits(40)}"
        (image,) = self.store(1, owner)
        self.vault.ctl("canary", "plant", image, "--note", "an attack")
        way = self.chance.choice(("GET", "HEAD", "metadata", "ticket", "wrong owner"))
        self.told = f"by {way}, "

        def act(_: int) -> None:
            if way == "ticket":
                status, told = self.ask("POST", f"/v1/images/{image}/tickets", b'{"reads":1}')
                if status == 201:
                    self.ask("GET", f"/v1/images/{image}?ticket={json.loads(told)['ticket']}")
            else:
                more = "Vault-Owner: nobody\r\n" if way == "wrong owner" else ""
                tail = "/metadata" if way == "metadata" else ""
                self.ask("HEAD" if way == "HEAD" else "GET", f"/v1/images/{image}{tail}", more=more)

        self.pace(1, 60, act)

    def secrets(self) -> None:
        slot = self.vault.told("slots", "list")["slots"][0]["id"]
        admin = self.vault.line("admin")

        def act(_: int) -> None:
            admin.ask("POST", f"/v1/slots/{slot}/proof", f"wrong passphrase {self.chance.getrandbits(60)}".encode())

        self.pace(self.chance.randint(6, 20), self.between(1, 60), act)

    def take_log(self) -> None:
        """Another auditor, who never exported anything."""
        self.principal = "other"

        def act(_: int) -> None:
            worker = multiprocessing.Process(target=export_as, args=(self.vault,))
            worker.start()
            worker.join()

        self.pace(1, 60, act)

    def redact(self) -> None:
        self.principal = "ops"
        line = self.vault.line("admin")

        def act(_: int) -> None:
            # Of the first, so that no alarm is among them.
            begin = self.chance.randrange(2, 40)
            body = json.dumps({"from": begin, "to": begin + self.chance.randint(1, 5), "reason": "a mistake"})
            line.told("POST", "/v1/redactions", body.encode())

        self.pace(self.chance.randint(4, 12), self.between(0.2, 30), act)

    def take_over(self) -> None:
        """Slots of his own, and the others go."""
        added: list[str] = []

        def add(number: int) -> None:
            secret = f"a passphrase of his own {self.chance.getrandbits(60)}"
            told = self.vault.told("slots", "add", "--label", f"x{number}", "--secret-file", "-", secret=secret)
            if number == 0:
                # The last way in that was tried cannot go.
                self.vault.ctl("slots", "prove", str(told["added"]), "--secret-file", "-", secret=secret)
            else:
                added.append(str(told["added"]))

        def act(number: int) -> None:
            if number % 2 == 0 or not added:
                add(number)
            elif self.chance.random() < 0.5:
                self.vault.ctl("slots", "remove", added.pop())
            else:
                self.vault.ctl("keys", "rotate-root")

        self.pace(self.chance.randint(6, 10), self.between(1, 10), act)

    def cancel(self) -> None:
        admin = self.vault.line("admin")

        def act(_: int) -> None:
            for _ in range(20):
                told = admin.told("POST", "/v1/keys/rotate")
                status, said = admin.ask("DELETE", f"/v1/operations/{told['id']}")
                if status == 200 and json.loads(said)["state"] == "cancelled":
                    return
                time.sleep(0.3)
            raise RuntimeError("no rotation could be cancelled")

        self.pace(self.chance.randint(3, 5), self.between(0.5, 20), act)

    def destroy(self) -> None:
        self.principal = "ops"
        secret = f"a passphrase of his own {self.chance.getrandbits(60)}"
        self.vault.told("slots", "add", "--label", "spare", "--secret-file", "-", secret=secret)
        admin = self.vault.line("admin")
        epochs = admin.told("GET", "/v1/status")["keys"]["epochs"]
        self.vault.ctl("keys", "rotate", "--wait")
        old = next(epoch["number"] for epoch in epochs if epoch["state"] == "primary")
        self.vault.wait_until(self.vault.now() + self.between(1, 1200))
        self.pace(1, 60, lambda _: admin.ask("POST", f"/v1/keys/epochs/{old}/destroy", b"{}"))

    def outage(self) -> None:
        """Flushes fail for a while."""

        def act(_: int) -> None:
            self.vault.switch.write_text("f")
            try:
                give_up = time.monotonic() + OUTAGE
                while time.monotonic() < give_up:
                    self.store_quietly()
            finally:
                self.vault.switch.unlink()
            time.sleep(OUTAGE)
            self.store_quietly()

        self.pace(1, 60, act)

    def store_quietly(self) -> None:
        field = self.vault.fields("web") + 'Content-Disposition: attachment; filename="a.png"\r\n'
        self.line.ask("POST", "/v1/images", picture(self.chance.getrandbits(60)), field)
        time.sleep(0.1)


def export_as(vault: TrafficVault) -> None:
    become(STRANGER)
    environment = vault.environment | {"IMAGEVAULT_DIR": str(vault.folder)}
    command = [str(BIN / "vaultctl"), "audit", "export"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


#: Each attack with the rule that has to find it.
ATTACKS: dict[str, tuple[str, Callable[[Attack], None]]] = {
    "read as somebody": ("read-volume", Attack.read_as_somebody),
    "read more and more": ("read-volume", Attack.read_more_and_more),
    "read with a token": ("read-volume", Attack.read_with_token),
    "delete": ("mass-delete", Attack.delete),
    "erase": ("mass-delete", Attack.erase),
    "walk through ids": ("id-walk", Attack.walk),
    "damage the disk": ("decrypt-failures", Attack.damage),
    "upload no pictures": ("refused-uploads", Attack.upload),
    "ask for a canary": ("canary-read", Attack.canary),
    "try secrets": ("unseal-failures", Attack.secrets),
    "take the log": ("first-export", Attack.take_log),
    "erase of the log": ("redactions", Attack.redact),
    "take the slots": ("key-changes", Attack.take_over),
    "cancel rotations": ("cancelled-rotations", Attack.cancel),
    "destroy a key": ("hasty-destruction", Attack.destroy),
    "fail flushes": ("log-outage", Attack.outage),
}

