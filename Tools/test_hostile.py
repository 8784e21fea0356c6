"""The rules of Tools/hostile, each broken once by a server that does what no vault does."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("IMAGEVAULT_BIN", ".")

from hostile import GROWTH, GROWTH_LEFT
from hostile_cases import CLOSES, WAITS, Case, make, silent
from hostile_faults import FAULTS
from hostile_grammar import CONTRACT, Draw, World, routes, sound
from hostile_line import Judge, NoAnswer, answers, codes, exchange
from hostile_quiet import Quiet
from hostile_watch import Taken, descendants, taken

WORLD = World("HXTEST", ("a" * 64,) * 2, ("b" * 64,) * 2)
#: Seconds that nobody waits in vain for longer than.
PATIENCE = 60
PICTURE = b"\x89PNG picture \x1b[31m"


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def problem(code: str, status: str, detail: str = "") -> bytes:
    return answer(f'{{"code":"{code}","detail":"{detail}"}}'.encode(), status, "application/problem+json")


def case(
    ending: str = WAITS, due: int | None = None, has_head: bool = False, sent: bytes = b"GET / HTTP/1.1\r\n\r\n"
) -> Case:
    return Case(7, "images", (sent,), 0.0, ending, 1, due, b"HXTESTn7", (), has_head)


class Server(unittest.TestCase):
    """A socket that answers whatever comes with `said`, and then ends the connection or does not."""

    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / "images.sock"))
        self.listener.listen()
        self.listener.settimeout(PATIENCE)
        self.addCleanup(self.listener.close)
        self.judge = Judge({"a" * 64: PICTURE}, codes(CONTRACT))

    def faults(self, said: bytes, asked: Case | None = None, ends: bool = True) -> list[str]:
        held: list[socket.socket] = []

        def serve() -> None:
            line, _ = self.listener.accept()
            held.append(line)
            line.recv(1000)
            # Who closes does not wait.
            with suppress(OSError):
                line.sendall(said)
            if ends:
                line.close()

        thread = threading.Thread(target=serve)
        thread.start()
        asked = asked or case()
        found = self.judge.faults(asked, exchange(self.folder, asked, patience=0.3 if not ends else None))[0]
        thread.join()
        for line in held:
            line.close()
        return found

    def fault(self, said: bytes, words: str, asked: Case | None = None, ends: bool = True) -> None:
        lines = self.faults(said, asked, ends)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(words, lines[0])

    def test_what_is_in_order_passes(self) -> None:
        for said in (
            b"",
            answer(b"{}"),
            problem("bad-request", "400 Bad Request"),
            answer(PICTURE, kind="image/png"),
            answer(PICTURE[2:5], "206 Partial Content", "image/png"),
            answer(b'{"name":"HXTESTn7"}'),
            b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"{}") + answer(b"{}"),
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ):
            self.assertEqual(self.faults(said), [])

    def test_a_500_and_a_503_that_is_not_excused_are_found(self) -> None:
        self.fault(problem("internal-error", "500 Internal Server Error"), "500 internal-error")
        self.fault(problem("sealed", "503 Service Unavailable"), "503 sealed")
        self.fault(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "500", case(has_head=True))

    def test_an_excuse_has_its_status_and_its_cause(self) -> None:
        post = case(sent=b"POST /v1/images HTTP/1.1\r\nVault-Timeout-Ms: 1\r\n\r\n")
        for code, status in (("overloaded", 503), ("inspection-failed", 503), ("deadline-exceeded", 504)):
            self.assertEqual(self.faults(problem(code, f"{status} No"), post), [])
            self.fault(problem(code, f"{status} No"), f"{status} {code}")
            self.fault(problem(code, "500 No"), f"500 {code}", post)

    def test_an_end_that_does_not_come_is_found(self) -> None:
        self.fault(b"HTTP/1.1 200 OK\r\n", "neither answered nor ended", ends=False)

    def test_nobody_listening_is_found(self) -> None:
        self.listener.close()
        asked = case()
        self.assertEqual(self.judge.faults(asked, exchange(self.folder, asked))[0], ["no connection"])

    def test_what_is_no_http_is_found(self) -> None:
        for said in (
            b"hello",
            b"HTTP/1.1 200 OK\r\nX\r\n\r\n",
            answer(b"{}")[:-1],
            answer(b"{}") + b"more",
            answer(b"", more="Content-Type: text/html\r\n"),
            b"HTTP/1.1 200 OK\r\nX: \x80\r\n\r\n",
        ):
            self.fault(said, "no HTTP")

    def test_text_of_the_request_is_found(self) -> None:
        self.fault(problem("bad-request", "400 Bad Request", "HXTESTn7"), "a refusal quotes its request")
        for raw in ("\x1b[31m", "\u202e", "\x07", "\u2066", "\u0085", "\u200b"):
            self.fault(answer(f'{{"name":"{raw}"}}'.encode()), "raw")

    def test_a_code_that_the_contract_does_not_have_is_found(self) -> None:
        self.fault(problem("made-up", "400 Bad Request"), "without a code of the contract")
        self.fault(answer(b"no", "404 Not Found"), "without a code of the contract")

    def test_another_picture_is_found(self) -> None:
        self.fault(answer(PICTURE + b"!", kind="image/png"), "none of those")
        self.fault(answer(b"!", "206 Partial Content", "image/png"), "none of the pictures")

    def test_sound_requests_have_as_many_answers_unless_the_connection_was_said_to_close(self) -> None:
        self.fault(answer(b"{}"), "1 answers to 2", case(due=2))
        self.assertEqual(self.faults(answer(b"{}", more="Connection: close\r\n"), case(due=2)), [])

    def test_who_closes_waits_for_nothing(self) -> None:
        self.assertEqual(self.faults(b"", case(CLOSES)), [])


class Growing(unittest.TestCase):
    def test_each_bar_is_one(self) -> None:
        warm = Taken(80.0, 30.0, 300, 41, 5)
        for name, bar in (GROWTH | GROWTH_LEFT).items():
            at_bar = replace(warm, **{name: getattr(warm, name) + bar})
            above = replace(warm, **{name: getattr(warm, name) + bar + 1})
            bars = GROWTH if name in GROWTH else GROWTH_LEFT
            self.assertEqual(at_bar.growth(warm, bars), [])
            self.assertEqual([line.split(":")[0] for line in above.growth(warm, bars)], [name])
            self.assertEqual(warm.at_most(above), above)

    def test_the_numbers_of_this_process_are_what_it_has(self) -> None:
        before = taken(os.getpid())
        with open("/dev/null"), subprocess.Popen(["sleep", "600"]) as child:
            after = taken(os.getpid())
            child.kill()
        self.assertEqual((after.descriptors - before.descriptors, after.children - before.children), (1, 1))
        self.assertEqual(after.threads, threading.active_count())
        self.assertGreater(after.resident, after.anonymous)


class Quietly(unittest.TestCase):
    """A client of a socket where nobody answers."""

    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)
        self.folder.chmod(0o755)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / "images.sock"))
        (self.folder / "images.sock").chmod(0o666)
        listener.listen()

    def test_a_quiet_client_that_died_is_told(self) -> None:
        quiet = Quiet(self.folder, 1)
        quiet.process.kill()
        self.assertIn("it ended by itself, with -9", quiet.end()[0][0])

    def test_a_quiet_client_that_nobody_listens_to_is_told(self) -> None:
        faults, figures = Quiet(self.folder / "nowhere", 1).end()
        self.assertIn("FileNotFoundError", faults[0])
        self.assertEqual(figures, "0 requests in 1 rounds")

    def test_a_quiet_client_ends_with_who_began_it(self) -> None:
        script = "import sys, pathlib, hostile_quiet as h; q = h.Quiet(pathlib.Path(sys.argv[1]), 1); q.process.join()"
        where = {"IMAGEVAULT_BIN": ".", "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", script, str(self.folder)]
        with subprocess.Popen(command, env=os.environ | where, stdout=subprocess.PIPE) as tool:
            give_up = time.monotonic() + PATIENCE
            while not (children := descendants(tool.pid)) and time.monotonic() < give_up:
                time.sleep(0.01)
            self.assertEqual(len(children), 1)
            tool.kill()
            assert tool.stdout is not None
            # The child has it, too.
            self.assertTrue(select.select([tool.stdout], [], [], PATIENCE)[0], "it goes on")
            self.assertEqual(tool.stdout.read(), b"")


class Grammar(unittest.TestCase):
    ROUTES = routes()

    def test_a_case_is_the_same_from_the_same_seed_whatever_came_before(self) -> None:
        first = [make(5, number, self.ROUTES, WORLD) for number in range(200)]
        self.assertEqual([make(5, number, self.ROUTES, WORLD) for number in reversed(range(200))][::-1], first)
        self.assertNotEqual([make(6, number, self.ROUTES, WORLD) for number in range(200)], first)
        self.assertEqual(silent(5, -3, self.ROUTES, WORLD), silent(5, -3, self.ROUTES, WORLD))

    def test_each_operation_of_the_contract_and_each_fault_is_tried(self) -> None:
        made = [make(1, number, self.ROUTES, WORLD) for number in range(4000)]
        self.assertEqual({name for one in made for name in one.faults} - {"cut"}, set(FAULTS))
        tried = {(route.method, route.path) for route in self.ROUTES}
        self.assertGreater(len(tried), 60)
        self.assertEqual({one.door for one in made}, {"images", "admin", "audit"})

    def test_a_request_without_a_fault_is_http(self) -> None:
        for number, route in enumerate(self.ROUTES):
            request = sound(Draw(2, number, WORLD), route)
            head, _, body = request.encode().partition(b"\r\n\r\n")
            self.assertTrue(all(0x20 <= byte < 0x7F or byte in b"\r\n" for byte in head), head)
            self.assertEqual(head.split(b"\r\n")[0], b" ".join([route.method, request.target, b"HTTP/1.1"]))
            self.assertFalse(b"{" in head.split(b"\r\n")[0], head)
            if b"Content-Length: " in head:
                self.assertEqual(int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]), len(body))

    def test_every_fault_changes_a_request(self) -> None:
        for name, fault in FAULTS.items():
            changed = 0
            for number, route in enumerate(self.ROUTES):
                plain, broken = sound(Draw(3, number, WORLD), route), sound(Draw(3, number, WORLD), route)
                fault(Draw(4, number, WORLD), broken)
                changed += plain.encode() != broken.encode()
            self.assertGreater(changed, len(self.ROUTES) // 2, name)

    def test_answers_are_read_in_chunks_too(self) -> None:
        said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + answer(b"{}")
        self.assertEqual([one.body for one in answers(said, False, False)], [b"abc", b"{}"])
        with self.assertRaises(NoAnswer):
            answers(said[:40], False, False)


if __name__ == "__main__":
    unittest.main()
