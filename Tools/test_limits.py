"""The rules of Tools/limits, each broken once."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
import unittest
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("IMAGEVAULT_BIN", ".")

from limits import QUIET_LEAST, QUIET_TIMES, table, too_slow
from limits_flood import Flood, idle, uploads
from limits_line import Answer, Line, Tally, head
from limits_watch import BASE, LEFT_DESCRIPTORS, LEFT_LEAST, LEFT_THREADS, MORE_THREADS, Load, load, over_bars

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}"
QUIET = Load(50, 40, 30)


class Answers(unittest.TestCase):
    def faults(self, answer: Answer | None) -> int:
        tally = Tally()
        tally.note(answer, 200)
        return tally.faults.total()

    def test_a_refusal_has_a_time_to_come_again(self) -> None:
        for status in (429, 503):
            self.assertEqual(self.faults(Answer(status, {"retry-after": "1"}, b"")), 0)
            self.assertEqual(self.faults(Answer(status, {}, b"")), 1)
            self.assertEqual(self.faults(Answer(status, {"retry-after": "soon"}, b"")), 1)

    def test_no_other_refusal_passes(self) -> None:
        for status in (400, 404, 500, 507):
            self.assertEqual(self.faults(Answer(status, {"retry-after": "1"}, b"")), 1)

    def test_a_connection_does_not_end_without_an_answer(self) -> None:
        self.assertEqual(self.faults(None), 1)
        self.assertEqual(self.faults(Answer(200, {}, b"")), 0)


class Bars(unittest.TestCase):
    def test_what_is_bounded_passes(self) -> None:
        self.assertEqual(over_bars(QUIET, replace(QUIET, memory=BASE - 1), QUIET, 0, 0), [])

    def test_memory_at_the_peak(self) -> None:
        peak = replace(QUIET, memory=BASE + 1)
        self.assertEqual(len(over_bars(QUIET, peak, QUIET, 0, 0)), 1)
        self.assertEqual(over_bars(QUIET, peak, QUIET, 1000, 0), [])

    def test_what_does_not_come_back(self) -> None:
        for more in (
            {"memory": LEFT_LEAST + 1}, {"threads": LEFT_THREADS + 1}, {"descriptors": LEFT_DESCRIPTORS + 1},
        ):  # fmt: skip
            after = replace(QUIET, **{name: getattr(QUIET, name) + value for name, value in more.items()})
            self.assertEqual(len(over_bars(QUIET, QUIET, after, 0, 0)), 1, more)

    def test_threads_at_the_peak(self) -> None:
        peak = replace(QUIET, threads=QUIET.threads + MORE_THREADS + 1)
        self.assertEqual(len(over_bars(QUIET, peak, QUIET, 0, 0)), 1)

    def test_the_quiet_client_does_not_wait_for_long(self) -> None:
        self.assertIsNone(too_slow([0.1] * 50 + [QUIET_LEAST], 0.01))
        self.assertIsNotNone(too_slow([0.1] * 50 + [QUIET_LEAST + 0.1], 0.01))
        self.assertIsNotNone(too_slow([QUIET_TIMES + 0.1], 1.0))
        self.assertIsNotNone(too_slow([], 1.0))

    def test_it_is_measured_of_a_process_that_runs(self) -> None:
        here = load(os.getpid())
        self.assertGreater(here.memory, 1)
        self.assertGreater(here.descriptors, 2)
        self.assertEqual(len(table([])), 1)


class Lines(unittest.TestCase):
    """A server that says `said` to whoever comes, before it is asked, and ends the connection."""

    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.path = Path(made.name) / "images.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.addCleanup(self.listener.close)

    def serve(self, *said: bytes) -> None:
        def answer() -> None:
            for content in said:
                line, _ = self.listener.accept()
                line.sendall(content)
                line.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        self.addCleanup(thread.join)

    def flooded(self, flood: Flood) -> Tally:
        flood.end()
        flood.process.join(60)
        flood.hear()
        assert flood.tally is not None, flood.fault
        return flood.tally

    def test_an_answer_is_read_also_from_who_hung_up_on_the_request(self) -> None:
        self.serve(BUSY)

        async def ask() -> Answer | None:
            line = Line(self.path)
            await line.connect()
            await line.send(head("POST /v1/images", 1 << 22) + bytes(1 << 22))
            return await line.answer()

        answer = asyncio.run(ask())
        self.assertEqual((answer and answer.status, answer and answer.wait), (503, 1))

    def test_a_flood_tells_who_was_refused_and_who_was_left_alone(self) -> None:
        self.serve(BUSY, b"")
        tally = self.flooded(Flood(self.path, None, 1, idle(2), 2))
        self.assertEqual((tally.answers["503"], tally.faults.total()), (1, 1))

    def test_an_upload_that_is_told_to_come_again_does(self) -> None:
        self.serve(BUSY, b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        tally = self.flooded(Flood(self.path, None, 1, uploads(1), 1))
        self.assertEqual((dict(tally.answers), tally.faults.total()), ({"503": 1, "201": 1}, 0))

    def test_a_flood_that_ends_by_itself_is_no_good_one(self) -> None:
        flood = Flood(self.path.with_name("nobody.sock"), None, 1, idle(1), 1)
        flood.process.join(60)
        flood.hear()
        self.assertTrue(flood.fault)


if __name__ == "__main__":
    unittest.main()
