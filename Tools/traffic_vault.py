"""A vault whose wall clock may run fast, and how its callers reach it: for Tools/traffic and Tools/attack."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench_support import BIN

#: Seconds that the daemon may take to serve, to answer and to stop.
PATIENCE = 120
#: The user of another auditor, where the tool may be two users.
STRANGER = 54_003
SWITCHES = Path(__file__).resolve().parent.parent / "Tests" / "KillSwitch"

#: What stands for the people of a shop: its web servers ask with a uid, its app's server and a worker with tokens.
POLICY = """version: 1
principals:
  web: {{users: ["{uid}"], roles: [backend]}}
  app: {{tokens: true, roles: [backend]}}
  thumbs: {{tokens: true, roles: [backend-read]}}
  ops: {{users: ["{uid}"], roles: [admin]}}
  audit: {{users: ["{uid}"], roles: [auditor, resolver]}}
  other: {{users: ["{stranger}"], roles: [auditor]}}
"""


class TrafficVault:
    """A new vault in a folder, and vaultd over it with a clock that runs `times` as fast."""

    def __init__(self, folder: Path, times: float, *settings: str) -> None:
        self.folder, self.times, self.settings = folder, times, settings
        self.tokens: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o755)
        (folder / "policy.yaml").write_text(POLICY.format(uid=os.getuid(), stranger=STRANGER))
        (folder / "vaultd.yaml").write_text(
            f"state_directory: {folder}/state\nrun_directory: {folder}\npolicy_file: {folder}/policy.yaml\nkeys:\n"
            f"  root_key_file: {folder}/root.key\n  log_key_file: {folder}/log.key\n"
            "validation:\n  level: structure\nlog:\n  level: warning\n"
            # A rate is by the machine's clock; here a minute of the vault's may be a second of it.
            "limits:\n  manage: {requests_per_minute: 60000, burst: 1000}\n"
            "  secrets: {requests_per_minute: 6000, burst: 100}\n  audit: {requests_per_minute: 60000, burst: 1000}\n"
            "doors:\n  audit: {mode: '0666'}\n"
        )
        self._preload = []
        for name in ("fastclock", "failswitch"):
            library = folder / f"{name}.so"
            command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SWITCHES / f"{name}.c"), "-ldl"]
            subprocess.run(command, check=True)
            self._preload.append(str(library))
        self.switch = folder / "failswitch"
        self.from_ = time.time()
        self.program("vaultd", "init", "--config", str(folder / "vaultd.yaml"))

    def now(self) -> float:
        """The vault's time, in seconds since 1970."""
        return self.from_ + (time.time() - self.from_) * self.times

    def wait_until(self, moment: float) -> None:
        time.sleep(max(0.0, (moment - self.now()) / self.times))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "IMAGEVAULT_DIR": str(self.folder),
            "LLVM_PROFILE_FILE": "/dev/null",
            "FASTCLOCK_FROM": f"{self.from_:.6f}",
            "FASTCLOCK_TIMES": f"{self.times}",
            "FAILSWITCH_FILE": str(self.switch),
            "LD_PRELOAD": " ".join(self._preload),
        }

    def program(self, name: str, *arguments: str, secret: str | None = None, fails: bool = False) -> bytes:
        done = subprocess.run(
            [str(BIN / name), *arguments],
            input=None if secret is None else secret.encode(),
            capture_output=True,
            env=self.environment,
            timeout=PATIENCE,
        )
        if fails == (done.returncode == 0):
            raise RuntimeError(f"{name} {' '.join(arguments)}: {done.returncode} {done.stderr[-300:]!r}")
        return done.stdout

    def ctl(self, *arguments: str, **options: Any) -> bytes:
        return self.program("vaultctl", *arguments, **options)

    def told(self, *arguments: str, **options: Any) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.ctl(*arguments, "--json", **options).splitlines()[0])
        return said

    @contextmanager
    def served(self) -> Iterator[None]:
        program = [str(BIN / "vaultd"), "serve", "--config", str(self.folder / "vaultd.yaml")]
        for setting in self.settings:
            program += ["--set", setting]
        with open(self.folder / "vaultd.log", "ab") as log:
            self.process = subprocess.Popen(
                program, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        try:
            self._await()
            for principal in ("app", "thumbs"):
                if principal not in self.tokens:
                    self.tokens[principal] = str(self.told("token", "create", "--principal", principal)["token"])
            yield
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)

    def _await(self) -> None:
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up and self.process and self.process.poll() is None:
            with suppress(OSError):
                if Line(self.folder / "admin.sock").ask("GET", "/v1/ready")[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"vaultd does not serve; see {self.folder}/vaultd.log")

    def line(self, door: str = "images") -> Line:
        return Line(self.folder / f"{door}.sock")

    def fields(self, principal: str, actor: str | None = None) -> str:
        """What a principal sends of itself, and for whom it asks."""
        token = f"Authorization: Bearer {self.tokens[principal]}\r\n" if principal in self.tokens else ""
        return token + (f"Vault-Actor: {actor}\r\n" if actor else "")


class Line:
    """One connection to a socket, made anew when the vault ended it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(self.path))
        self.file = self.socket.makefile("rb")

    def ask(self, method: str, target: str, body: bytes = b"", fields: str = "") -> tuple[int, bytes]:
        """The answer's status and content; status 0 for one that broke off. The vault ends connections that are silent
        for a minute: then another is asked on."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: vault\r\n{length}{fields}\r\n"
        for _ in range(2):
            with suppress(OSError, ValueError, IndexError):
                self.socket.sendall(head.encode() + body)
                return self._answer(method)
            self.close()
            self._open()
        return 0, b""

    def _answer(self, method: str) -> tuple[int, bytes]:
        status, size, closes = int(self.file.readline().split()[1]), 0, False
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                size = int(value)
            closes = closes or (name == b"connection" and b"close" in value)
        content = b"" if method == "HEAD" or status in (204, 304) else self.file.read(size)
        if closes:
            self.close()
            self._open()
        return status, content

    def told(self, method: str, target: str, body: bytes = b"", fields: str = "") -> dict[str, Any]:
        status, content = self.ask(method, target, body, fields)
        if status >= 300 or status == 0:
            raise RuntimeError(f"{method} {target}: {status} {content[:300]!r}")
        told: dict[str, Any] = json.loads(content)
        return told

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()


def events(vault: TrafficVault, since: int = 0, **filters: str) -> Iterator[dict[str, Any]]:
    """The log from an index on, as far as it is now."""
    line, asked = vault.line("audit"), "".join(f"&{name}={value}" for name, value in filters.items())
    after = f"&after={since - 1}" if since else ""
    while True:
        page = line.told("GET", f"/v1/events?limit=1000{after}{asked}")
        yield from page["events"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    line.close()
