"""Runs a daemon and stops at each call that changes a file: counts it, and kills the daemon or fails the call at one.

It is the tracer of ptrace(2), as strace is. strace counts the calls of each thread by itself, and which thread of a
daemon makes a call differs from run to run; here all threads are counted together. A filter of seccomp(2) lets the
daemon stop at the calls of chaos_calls only, so that it runs at nearly its usual speed.

    chaos_trace.py PLAN PROGRAM ARGUMENTS...

PLAN is a JSON file: `state` and `outside` are the directories whose files count, or null; `control` is a file
of CONTROL's form that the driver has mapped, `trace` where each call gets a line, `fault` is [call, file, nth, what] or
null. Ends as the daemon does.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import signal
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from chaos_calls import CALLS, CLOSE, FLUSHES, LOSES, UNSEEN, Kind, file_kind
from chaos_undo import Unflushed

#: Numbers of 64 bits that driver and tracer share: whether points count, calls so far, whether the fault came, the
#: daemon's process.
CONTROL = struct.Struct("<qqqq")
ARMED, PASSED, FIRED, PROCESS = range(0, CONTROL.size, 8)

# ptrace(2), for x86-64.
PEEK_REGISTERS, POKE_REGISTERS, CONTINUE, TO_EXIT = 12, 13, 7, 24
SEIZE, LISTEN = 0x4206, 0x4208
#: Good signals of calls; forks, vforks, clones; the filter's stops; whoever is traced ends with the tracer.
OPTIONS = 0x01 | 0x02 | 0x04 | 0x08 | 0x80 | 0x100000
EVENT_SECCOMP, EVENT_STOP = 7, 128
CALL_STOP = signal.SIGTRAP | 0x80
ALL_CHILDREN = 0x40000000
#: Signals by which a daemon ends because somebody wants it.
ASKED = (signal.SIGKILL, signal.SIGTERM)
STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
#: Where things are in user_regs_struct.
R10, RAX, RDX, RSI, RDI, ORIGINAL = 7, 10, 12, 13, 14, 15
Registers = ctypes.c_ulonglong * 27

# seccomp(2) and its filters.
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, MODE_FILTER = 38, 22, 2
RET_TRACE, RET_ALLOW = 0x7FF00000, 0x7FFF0000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
X86_64 = 0xC000003E

AT_FDCWD = -100
PWRITE = 18
#: Of open(2).
CREATES = os.O_CREAT | os.O_TRUNC | 0o20000000
PATH_BYTES = 4096

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
libc.ptrace.restype = ctypes.c_long


class Gone(Exception):
    """The thread is killed already."""


def ptrace(request: int, thread: int, data: Any = None) -> None:
    if libc.ptrace(request, thread, None, data) < 0:
        number = ctypes.get_errno()
        if number == errno.ESRCH:
            raise Gone
        raise OSError(number, f"ptrace {request}: {os.strerror(number)}")


class Tracer:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.state: str | None = plan["state"]
        self.outside: str | None = plan.get("outside")
        fault = plan["fault"]
        self.fault = (Kind(fault[0], fault[1]), fault[2], fault[3]) if fault else None
        self.trace = os.open(plan["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        file = os.open(plan["control"], os.O_RDWR | os.O_CLOEXEC)
        self.control = mmap.mmap(file, CONTROL.size)
        self.counts: Counter[Kind] = Counter()
        self.daemon = 0
        #: Of threads, which process they are of.
        self.processes: dict[int, int] = {}
        #: Descriptors whose flush was failed.
        self.watched: set[int] = set()
        #: Kept only for a fault that needs it.
        self.unflushed = Unflushed() if self.fault and self.fault[2] == LOSES else None

    def number(self, at: int) -> int:
        return int(struct.unpack_from("<q", self.control, at)[0])

    def tell(self, at: int, value: int) -> None:
        struct.pack_into("<q", self.control, at, value)

    def run(self, command: list[str]) -> int:
        self.daemon = begun(command)
        self.tell(PROCESS, self.daemon)
        status = 0
        while True:
            try:
                thread, told = os.waitpid(-1, ALL_CHILDREN)
            except ChildProcessError:
                return status
            if not os.WIFSTOPPED(told):
                self.processes.pop(thread, None)
                if thread == self.daemon:
                    status = os.waitstatus_to_exitcode(told)
                    if status < 0 and -status not in ASKED:
                        self.note({"call": "end", "file": "", "nth": 0, "signal": signal.Signals(-status).name})
                continue
            try:
                self.go_on(thread, told >> 16, os.WSTOPSIG(told))
            except Gone:
                pass

    def go_on(self, thread: int, event: int, number: int) -> None:
        if event == EVENT_SECCOMP:
            ptrace(self.at_call(thread), thread)
        elif event == EVENT_STOP and number in STOPPING:
            ptrace(LISTEN, thread)
        elif number == CALL_STOP:
            # Half of a write is done.
            self.kill()
        else:
            ptrace(CONTINUE, thread, 0 if event or number == signal.SIGTRAP else number)

    def kill(self) -> None:
        os.kill(self.daemon, signal.SIGKILL)

    # MARK: Calls

    def at_call(self, thread: int) -> int:
        """Before a call of the filter; gives how the thread goes on."""
        registers = Registers()
        ptrace(PEEK_REGISTERS, thread, ctypes.byref(registers))
        number = registers[ORIGINAL]
        if number in UNSEEN:
            self.note({"call": UNSEEN[number], "file": "?", "nth": 0, "unseen": True})
            return CONTINUE
        if number == CLOSE:
            if registers[RDI] in self.watched and self.process(thread) == self.daemon:
                self.watched.discard(registers[RDI])
                self.note({"call": "close", "descriptor": registers[RDI], "process": self.daemon, "file": "", "nth": 0})
            return CONTINUE
        call, _ = CALLS[number]
        path = self.path(thread, number, registers)
        file = file_kind(path, self.state, self.outside) if path else None
        if file is None:
            return CONTINUE
        return self.at_point(thread, registers, Kind(call, file), path)

    def at_point(self, thread: int, registers: Any, kind: Kind, path: str) -> int:
        self.tell(PASSED, self.number(PASSED) + 1)
        nth = 0
        if self.number(ARMED):
            self.counts[kind] += 1
            nth = self.counts[kind]
        line = {
            "call": kind.call, "file": kind.file, "nth": nth, "path": path, "descriptor": int(registers[RDI]),
            "process": self.process(thread),
        }  # fmt: skip
        if kind.call == "write":
            line |= {"offset": self.offset(thread, registers), "bytes": int(registers[RDX])}
        what = self.fault[2] if self.fault and self.fault[:2] == (kind, nth) else None
        if self.unflushed:
            self.remember(thread, registers, kind, path, what is not None)
        if not what:
            self.note(line)
            return CONTINUE
        self.tell(FIRED, 1)
        if what == "kill":
            self.note(line | {"fault": what})
            self.kill()
            return CONTINUE
        if what == "torn":
            self.note(line | {"fault": what})
            # Only write and pwrite64 have their length here; of what is shorter than two bytes nothing is written.
            registers[RDX] //= 2
            ptrace(POKE_REGISTERS, thread, ctypes.byref(registers))
            return TO_EXIT
        # A call that does not exist is not made, and its result is what stands here.
        registers[ORIGINAL] = 2**64 - 1
        registers[RAX] = 2**64 - (errno.EIO if what == LOSES else getattr(errno, what))
        ptrace(POKE_REGISTERS, thread, ctypes.byref(registers))
        if kind.call in FLUSHES:
            self.watched.add(int(registers[RDI]))
        self.note(line | {"error": what})
        return CONTINUE

    def remember(self, thread: int, registers: Any, kind: Kind, path: str, is_lost: bool) -> None:
        """Keeps what a file loses with its next flush."""
        assert self.unflushed
        if kind.call == "write":
            self.unflushed.writes(path, self.offset(thread, registers), int(registers[RDX]))
        elif is_lost:
            self.unflushed.undo(path)
        elif kind.call in (*FLUSHES, "truncate"):
            self.unflushed.is_safe(path)

    def offset(self, thread: int, registers: Any) -> int:
        """Where a write begins."""
        if registers[ORIGINAL] == PWRITE:
            return int(registers[R10])
        told = Path(f"/proc/{thread}/fdinfo/{registers[RDI]}").read_text()
        return int(told.partition("pos:")[2].split()[0])

    def note(self, line: dict[str, Any]) -> None:
        os.write(self.trace, json.dumps(line).encode() + b"\n")

    # MARK: Files

    def process(self, thread: int) -> int:
        if thread not in self.processes:
            status = Path(f"/proc/{thread}/status").read_text()
            self.processes[thread] = int(status.partition("\nTgid:")[2].split()[0])
        return self.processes[thread]

    def path(self, thread: int, number: int, registers: Any) -> str | None:
        """The file that a call changes; None where it changes none."""
        form = CALLS[number][1]
        try:
            match form:
                case "fd":
                    return os.readlink(f"/proc/{thread}/fd/{registers[RDI]}")
                case "out":
                    return os.readlink(f"/proc/{thread}/fd/{registers[RDX]}")
                case "path":
                    if number == 2 and not registers[RSI] & CREATES:
                        return None
                    return self.named(thread, AT_FDCWD, registers[RDI])
                case "at":
                    if number == 257 and not registers[RDX] & CREATES:
                        return None
                    return self.named(thread, registers[RDI], registers[RSI])
                case "paths" | "to":
                    return self.named(thread, AT_FDCWD, registers[RSI])
                case "to at":
                    return self.named(thread, registers[RSI], registers[RDX])
                case _:
                    return self.named(thread, registers[RDX], registers[R10])
        except OSError:
            # No such descriptor: the call changes nothing.
            return None

    def named(self, thread: int, folder: int, address: int) -> str:
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            # A path may lie at the end of what can be read.
            first = memory.read(min(PATH_BYTES, 4096 - address % 4096))
            name, end, _ = first.partition(b"\0")
            if not end:
                name += memory.read(PATH_BYTES).partition(b"\0")[0]
        text = os.fsdecode(name)
        if text.startswith("/"):
            return os.path.normpath(text)
        folder = ctypes.c_int(folder & 0xFFFFFFFF).value
        base = f"/proc/{thread}/cwd" if folder == AT_FDCWD else f"/proc/{thread}/fd/{folder}"
        return os.path.normpath(os.path.join(os.readlink(base), text))


# MARK: The beginning


def filtered() -> ctypes.Array[ctypes.c_char]:
    """The program of the filter: stop at these calls, let pass the others."""
    numbers = [*CALLS, *UNSEEN, CLOSE]
    lines = [(LOAD, 0, 0, 4), (JUMP_EQUAL, 0, len(numbers) + 1, X86_64), (LOAD, 0, 0, 0)]
    lines += [(JUMP_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    lines += [(RETURN, 0, 0, RET_ALLOW), (RETURN, 0, 0, RET_TRACE)]
    return ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))


def begun(command: list[str]) -> int:
    """The daemon's process, which is traced from its first call on."""
    program = filtered()
    # What prctl wants: how many lines, and where they are.
    told = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(program)))
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)
        if libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, MODE_FILTER, told, 0, 0):
            os._exit(126)
        os.execvp(command[0], command)
    ptrace(SEIZE, child, OPTIONS)
    os.write(go, b"\0")
    os.close(go)
    os.close(ready)
    return child


if __name__ == "__main__":
    plan = json.loads(Path(sys.argv[1]).read_text())
    sys.exit(abs(Tracer(plan).run(sys.argv[2:])))
