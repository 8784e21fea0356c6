"""A vaultctl in the chaos: its calls are counted and may fail, and what it says is read like an answer."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

from bench_support import BIN
from chaos_calls import Fault
from chaos_trace import ARMED, FIRED
from chaos_vault import Case, planned
from powercut_vault import Daemon, NotServing

#: Seconds that a command may take.
PATIENCE = 120


class TracedClient:
    """A daemon as it is, and a plan for the client whose calls are counted: those below where it writes."""

    def __init__(self, case: Case, fault: Fault | None, written: Path) -> None:
        self.case, self.trace = case, case.run / "trace"
        self.control, case.tracer = planned(case.run, written, fault)
        struct.pack_into("<q", self.control, ARMED, 1)
        self.daemon = Daemon(case.run)

    @property
    def has_fired(self) -> bool:
        return bool(struct.unpack_from("<q", self.control, FIRED)[0])

    @property
    def is_gone(self) -> bool:
        return self.daemon.process.poll() is not None

    def settle(self, quiet: float = 0, or_fault: bool = False) -> None:
        """The client has ended by then."""
        self.case.tracer = []

    def ended(self) -> None:
        pass

    def kill(self) -> None:
        self.case.tracer = []
        self.daemon.kill()

    def stop(self) -> None:
        self.daemon.stop()


def ctl(case: Case, *arguments: str) -> subprocess.CompletedProcess[str]:
    """vaultctl with these arguments, below the tracer while there is one.

    Raises NotServing when it does not end within PATIENCE: that is found, and the run goes on.
    """
    command = [*case.tracer, str(BIN / "vaultctl"), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise NotServing(f"vaultctl {' '.join(arguments)} does not end within {PATIENCE} s") from None


def refusal(status: int, said: str, where: str) -> tuple[int, bytes]:
    """What vaultctl said in the form of a problem: nothing where it has no code, and does not say where it failed."""
    try:
        code = str(json.loads(said)["code"])
    except (ValueError, KeyError, TypeError):
        if where not in said:
            return 500 + status, said.encode()
        code = "file"
    return 500 + status, json.dumps({"code": code, "status": 500 + status}).encode()
