"""A vault that is killed and comes back: its folder, its settings, its daemon."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench_support import BIN, launched
from powercut_check import Verifier
from powercut_load import Line

#: Seconds for the daemon to serve, and to stop.
PATIENCE = 60


class Ground:
    """What no crash takes: keys, the log's public key, and its fingerprint on paper."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self.run = folder, folder / "run"
        self.settings(self.run, state)
        command = [str(BIN / "vaultd"), "init", "--config", str(self.run / "vaultd.yaml")]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        fingerprint = next(line.split()[1] for line in told.splitlines() if line.startswith("fingerprint"))
        self.verifier = Verifier(BIN, folder / "audit.pub", fingerprint)

    def settings(self, run: Path, state: Path) -> None:
        """A folder for a daemon over the vault in `state`."""
        run.mkdir(exist_ok=True)
        (run / "vaultd.yaml").write_text(
            f"state_directory: {state}\nrun_directory: {run}\nkeys:\n  root_key_file: {self.folder}/root.key\n"
            f"  log_key_file: {self.folder}/log.key\n  public_key_file: {self.folder}/audit.pub\n"
            f"validation:\n  level: structure\naudit:\n  anchor_file: {run}/anchor\nlog:\n  level: notice\n"
        )


class NotServing(Exception):
    """The daemon does not come up by itself."""


class Daemon:
    """vaultd, serving when this is made."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.process = launched(run)
        try:
            self._await()
        except BaseException:
            self.kill()
            raise

    def _await(self) -> None:
        line, give_up = Line(self.run / "admin.sock"), time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < give_up:
            try:
                if self.is_up(*line.ask("GET /v1/ready")):
                    return
            except OSError:
                pass
            line.close()
            time.sleep(0.02)
        raise NotServing(f"vaultd does not serve: {self._said()}")

    def is_up(self, status: int, content: bytes) -> bool:
        return status == 200

    def _said(self) -> str:
        """The end of what it said."""
        return (self.run / "vaultd.log").read_text()[-400:].strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise NotServing(f"vaultd does not stop: {self._said()}") from None
