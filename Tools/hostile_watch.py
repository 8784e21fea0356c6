"""A vault of its own for a hostile client, and what its daemon takes of the machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from bench_support import BIN, Door, await_ready, launched, noise
from hostile_quiet import QUIET

#: Seconds that the daemon may take to stop, and its log to be taken away and checked.
PATIENCE = 600
#: Verbs that take the vault away from everybody else: a policy gives them to no hostile client.
KEPT_FROM = ("vault.seal", "keys.destroy", "containments.set")
#: Pictures of the hostile client's own: those that stay, and those that it may have deleted and quarantined.
KEPT, LOOSE = 6, 6


class HostileVault:
    """A vault whose policy knows a hostile principal and a quiet one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        told = subprocess.run([str(BIN / "vaultctl"), "policy", "verbs"], check=True, stdout=subprocess.PIPE, text=True)
        verbs = [line.split()[0] for line in told.stdout.splitlines()[1:]]
        mine = ", ".join(verb for verb in verbs if verb not in KEPT_FROM)
        policy = f"version: 1\nroles:\n  hostile: [{mine}]\nprincipals:\n"
        policy += f'  hostile: {{users: ["{os.getuid()}"], roles: [hostile], tokens: true}}\n'
        if self.has_two_users:
            policy += f'  quiet: {{users: ["{QUIET}"], roles: [backend]}}\n'
        (folder / "policy.yaml").write_text(policy)
        (folder / "vaultd.yaml").write_text(
            f"state_directory: {folder}/state\nrun_directory: {folder}\npolicy_file: {folder}/policy.yaml\nkeys:\n"
            f"  root_key_file: {folder}/root.key\n  log_key_file: {folder}/log.key\n"
            f"  public_key_file: {folder}/audit.pub\n"
            'doors:\n  images:\n    mode: "0666"\n'
        )
        self.run("vaultd", "init", "--config", str(folder / "vaultd.yaml"))

    @property
    def has_two_users(self) -> bool:
        return os.getuid() == 0

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(BIN / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"IMAGEVAULT_DIR": str(self.folder)},
            timeout=PATIENCE,
        )
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {done.returncode} {done.stdout[-500:]}")
        return done

    @contextmanager
    def served(self) -> Iterator[subprocess.Popen[bytes]]:
        process = launched(self.folder)
        try:
            await_ready(process, self.folder)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stock(self) -> tuple[dict[str, bytes], list[str]]:
        """Stores pictures: those that stay, whose claim nobody hostile knows, and the ids of those that may go."""
        line = Door(self.folder / "images.sock")
        pictures: dict[str, bytes] = {}
        for number in range(KEPT + LOOSE):
            content = noise(60 + 90 * (number % KEPT), 60 + 90 * (number % KEPT), number)
            fields = 'Content-Disposition: attachment; filename="stock.png"\r\n'
            fields += "Vault-Owner: keeper\r\n" if number < KEPT else ""
            pictures[str(line.told("POST", "/v1/images", content, fields)["id"])] = content
        ids = list(pictures)
        return {id: pictures[id] for id in ids[:KEPT]}, ids[KEPT:]

    def verified(self) -> str:
        """What the vault's own check, the export of its log and who verifies that say; fails unless all is in order."""
        # A check that a request began, and perhaps paused, is in the way of this one.
        for line in self.run("vaultctl", "ops", "ls", "--json").stdout.splitlines():
            operation = json.loads(line)
            if operation["kind"] == "check" and operation["state"] in ("pending", "running", "paused"):
                # It may end by itself meanwhile.
                with suppress(RuntimeError):
                    self.run("vaultctl", "ops", "cancel", operation["id"])
        self.run("vaultctl", "check", "--wait")
        bundle = self.folder / "log.bundle"
        self.run("vaultctl", "audit", "export", "--output", str(bundle))
        told = self.run("vaultverify", "bundle", str(bundle), "--key", str(self.folder / "audit.pub"))
        return ", ".join(" ".join(line.split()) for line in told.stdout.splitlines()[:4])


# MARK: What it takes


@dataclass(frozen=True)
class Taken:
    """Of the daemon alone, in MB, and how many there are."""

    resident: float
    #: Of that, what is no file's: the rest is programs, libraries and the catalog as they are touched.
    anonymous: float
    #: 0 where a daemon that forbids it is not root's to look at.
    descriptors: int
    threads: int
    children: int

    def at_most(self, other: Taken) -> Taken:
        return Taken(*map(max, astuple(self), astuple(other)))

    def growth(self, since: Taken, bars: Mapping[str, float]) -> list[str]:
        """Where it is more than a bar allows, which is how much more than `since` it may be."""
        more = {name: getattr(self, name) - getattr(since, name) for name in bars}
        return [f"{name}: {more[name]:+.1f}, of {bar} that may be" for name, bar in bars.items() if more[name] > bar]

    def __str__(self) -> str:
        return (
            f"{self.resident:.1f} MB resident, {self.anonymous:.1f} of it anonymous, {self.descriptors} descriptors, "
            f"{self.threads} threads, {self.children} processes below it"
        )


def taken(pid: int) -> Taken:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return Taken(
        int(status["VmRSS"].split()[0]) / 1000,
        int(status["RssAnon"].split()[0]) / 1000,
        descriptors(pid),
        int(status["Threads"]),
        len(descendants(pid)),
    )


def descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return 0


def descendants(pid: int) -> list[int]:
    """Children of any of its threads, and theirs."""
    found: list[int] = []
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, told.read_text().split()):
                found += [child, *descendants(child)]
        except OSError:
            pass
    return found
