"""The rules of Tools/canary: what it has to see, and what it may let pass."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

os.environ.setdefault("IMAGEVAULT_BIN", ".")

import canary_written
from canary_leaks import SAID, missed, planted
from canary_life import Life
from canary_places import Allowed, Place, Table
from canary_search import Search, Secret
from canary_vault import Heard, Nest, Processes, answered, begun, untaken
from canary_written import everything

WORD = b"tQ7wRz2MkXbN4v"
TEXT = Secret("a name", "name", WORD + b"h3Lm9PqS")
OTHER = Secret("another name", "name", WORD + b"Zc8Vt5Kd")
PIXELS = Secret("an upload", "pixels", bytes(range(120, 152)))


class Searching(unittest.TestCase):
    def setUp(self) -> None:
        self.search = Search(WORD, [TEXT, OTHER, PIXELS])

    def found(self, content: bytes) -> set[Secret | None]:
        return {hit.secret for hit in self.search.hits(content, Place.OUTPUT, "a file")}

    def test_a_secret_is_found_in_every_form(self) -> None:
        for secret in (TEXT, PIXELS):
            value, text = secret.value, secret.value.decode("latin-1")
            for shown in (
                value,
                value.hex().encode(),
                value.hex().upper().encode(),
                text.encode("utf-16-le"),
                text.encode("utf-16-be"),
                "".join(f"%{byte:02x}" for byte in value).encode(),
                "".join(f"\\u{byte:04x}" for byte in value).encode(),
                "".join(f"\\u{byte:04X}" for byte in value).encode(),
                "".join(f"\\u{{{byte:x}}}" for byte in value).encode(),
                "".join(f"\\u{{{byte:X}}}" for byte in value).encode(),
                "".join(f"\\x{byte:02X}" for byte in value).encode(),
                value.hex(" ").encode(),
                value.hex(":").upper().encode(),
                str(list(value)).encode(),
                ",".join(map(str, value)).encode(),
                ", ".join(map(hex, value)).encode(),
                json.dumps(text).encode(),
                value[::-1],
            ):
                self.assertIn(secret, self.found(b"head " + shown + b" tail"), shown)

    def test_it_is_found_in_base64_at_any_place_and_in_either_alphabet(self) -> None:
        for secret in (TEXT, PIXELS):
            for before in range(6):
                whole = bytes(before) + secret.value + b"?>~"
                for coded in (
                    base64.b64encode(whole),
                    base64.urlsafe_b64encode(whole),
                    base64.b64encode(whole).rstrip(b"="),
                ):
                    self.assertIn(secret, self.found(b'{"a":"' + coded + b'"}'), (before, coded))

    def test_it_is_found_in_base32_at_any_place(self) -> None:
        for secret in (TEXT, PIXELS):
            for before in range(10):
                coded = base64.b32encode(bytes(before) + secret.value + b"?>~")
                for shown in (coded, coded.lower()):
                    self.assertIn(secret, self.found(b"a=" + shown), (before, shown))

    def test_it_is_found_in_base64_whose_lines_end_inside_of_it(self) -> None:
        for before in range(80):
            whole = bytes(before) + TEXT.value + bytes(60)
            lines = base64.encodebytes(whole)
            for coded in (lines, lines.replace(b"\n", b"\r\n"), lines.translate(bytes.maketrans(b"+/", b"-_"))):
                self.assertEqual(self.found(b"<pre>" + coded + b"</pre>"), {TEXT}, (before, coded))

    def test_lines_of_base64_that_have_nothing_to_do_with_each_other_are_read_one_by_one(self) -> None:
        lines = [base64.b64encode(bytes(before) + TEXT.value * 2).rstrip(b"=") for before in range(18, 24)]
        for first in lines:
            for second in lines:
                twice = base64.b64encode(second).rstrip(b"=")
                self.assertIn(TEXT, self.found(b"A" * 25 + b"\n" + twice + b"\n" + first))

    def test_a_part_beside_a_whole_one_is_no_part_of_that_one(self) -> None:
        for cut in (15, 20):
            beside = TEXT.value + b" " + OTHER.value[:cut]
            for content in (beside, OTHER.value[:cut] + b" " + TEXT.value, beside.hex().encode()):
                self.assertEqual(self.found(content), {TEXT, None}, content)

    def test_it_is_found_in_what_is_compressed_or_coded_twice(self) -> None:
        for content in (
            gzip.compress(b"a" * 500 + TEXT.value),
            b"head" + gzip.compress(b"a" * 500) + gzip.compress(b"a" * 500 + TEXT.value) + b"tail",
            b"head" + zlib.compress(b"a" * 500 + TEXT.value),
            base64.b64encode(base64.b64encode(b"??" + TEXT.value)),
            base64.b64encode(gzip.compress(TEXT.value * 3)),
        ):
            self.assertIn(TEXT, self.found(content))

    def test_a_half_is_enough(self) -> None:
        self.assertEqual(self.found(PIXELS.value[:16]), {PIXELS})
        self.assertEqual(self.found(PIXELS.value[16:]), {PIXELS})
        self.assertEqual(self.found(WORD), {None})

    def test_it_is_found_wherever_it_stands(self) -> None:
        for before in range(17):
            for shown in (TEXT.value, PIXELS.value, PIXELS.value.hex().encode()):
                self.assertEqual(len(self.found(bytes(before) + shown)), 1, (before, shown))
                self.assertEqual(len(self.found(bytes(before) + shown + bytes(20))), 1, (before, shown))

    def test_what_is_found_as_it_is_is_called_raw(self) -> None:
        self.assertEqual({hit.form for hit in self.search.hits(TEXT.value, Place.OUTPUT, "a file")}, {"raw"})

    def test_nothing_is_found_where_there_is_nothing(self) -> None:
        self.assertEqual(
            self.found(os.urandom(200_000) + b"tQ7wRz2MkXb" + base64.b64encode(os.urandom(200_000))), set()
        )


class Allowing(unittest.TestCase):
    TABLE = (Allowed(("name",), (Place.ANSWERS,), "his own"),)

    def test_a_row_is_for_its_secrets_at_its_places_only(self) -> None:
        table = Table(self.TABLE)
        for rule, place, allowed in (
            ("name", Place.ANSWERS, True),
            ("name", Place.REFUSALS, False),
            ("pixels", Place.ANSWERS, False),
            (None, Place.ANSWERS, False),
        ):
            self.assertEqual(table.allows(rule, place), allowed)
        self.assertEqual(table.seen[self.TABLE[0]], 1)


class Blind(unittest.TestCase):
    def missed(self) -> set[Place]:
        """Places of leaks on purpose that are not found in a vault of nothing else."""
        heard, since, secrets = Heard(), time.time(), [Secret("a passphrase", "secret", TEXT.value), PIXELS]
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            for name in canary_written.FOLDERS:
                (folder / name).mkdir()
            for name in ("state/catalog", *canary_written.FILES):
                (folder / name).write_bytes(b"in order")
            with planted(folder, heard, secrets) as leaks:
                hits = everything(folder, heard, Search(WORD, secrets), since)[0]
        self.assertEqual({leak.place for leak in leaks}, set(Place))
        return {leak.place for leak in missed(leaks, hits)}

    def test_a_leak_is_found_in_each_place(self) -> None:
        self.assertEqual(self.missed(), set())

    def test_a_place_that_nobody_searches_is_told(self) -> None:
        whole = canary_written.written
        kept = {*canary_written.FOLDERS.values(), *canary_written.FILES.values()}
        for place, is_said in (*((place, True) for place in Place), *((place, False) for place in kept)):

            def part(*of: Any, place: Place = place, is_said: bool = is_said) -> Iterator[tuple[Place, str, bytes]]:
                return (one for one in whole(*of) if one[0] != place or (one[1] == SAID) != is_said)

            with mock.patch.object(canary_written, "written", part):
                self.assertEqual(self.missed(), {place})


class Asking(unittest.TestCase):
    def test_an_answer_is_heard_though_nobody_takes_what_was_sent(self) -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/a.sock")
            listener.listen()

            def refuse() -> None:
                line, _ = listener.accept()
                with line:
                    line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            thread = threading.Thread(target=refuse)
            thread.start()
            with begun(Path(folder) / "a.sock", bytes(8 << 20)) as line:
                self.assertEqual(answered(line), b"HTTP/1.1 400 Bad Request\r\n\r\n")
            thread.join()


    def test_half_a_request_is_taken_and_goes_on(self) -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/a.sock")
            listener.listen()
            with begun(Path(folder) / "a.sock", b"half") as line:
                other, _ = listener.accept()
                with other:
                    self.assertGreater(untaken(line), 0)
                    self.assertEqual(other.recv(99), b"half")
                    self.assertEqual(untaken(line), 0)
                    other.setblocking(False)
                    self.assertRaises(BlockingIOError, other.recv, 99)


class Hearing(unittest.TestCase):
    def test_files_are_heard_when_they_are_new_or_other(self) -> None:
        heard = Heard()
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            vault: Any = SimpleNamespace(folder=folder, heard=heard, nest=None)
            life = Life(vault)
            for name in ("state", "tmp", "cwd"):
                (folder / name).mkdir()
                (folder / name / f"in {name}").write_bytes(name.encode())
            life.hear_files("first")
            (folder / "state" / "in state").write_bytes(b"other")
            life.hear_files("then")
        told = [(place, content) for place, where, content in heard.said if not where.startswith("the name of ")]
        first = [(Place.STATE, b"state"), (Place.TEMPORARY, b"tmp"), (Place.CORES, b"cwd")]
        self.assertEqual(told, [*first, (Place.STATE, b"other")])


class Watching(unittest.TestCase):
    def test_command_line_and_environment_of_a_process_below_are_seen(self) -> None:
        heard = Heard()
        watcher = Processes(heard)
        watcher.start()
        process = subprocess.Popen(["sleep", "100.25"], env={"CANARY": WORD.decode()})
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up and len(heard.said) < 2:
            time.sleep(0.01)
        watcher.over.set()
        watcher.join()
        process.kill()
        process.wait()
        said = b"".join(content for _, _, content in heard.said)
        self.assertIn(b"100.25", said)
        self.assertIn(WORD, said)

    def test_secrets_of_one_seed_are_the_same_and_no_two_are_alike(self) -> None:
        first, second = Nest(3), Nest(3)
        for nest in (first, second):
            for rule in ("name", "owner", "name"):
                nest.text(rule)
        self.assertEqual(first.all, second.all)
        self.assertEqual(len({one.value for one in first.all}), 3)


if __name__ == "__main__":
    unittest.main()
