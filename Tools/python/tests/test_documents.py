"""The commands of the README and of the contract, run as they are typed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, TOOLS, programs
from pictures import JPEG

STORED = r'^\{.*"id":"[0-9a-f]{64}"'
#: What a command must print, by how it starts; None: nothing. One that is not here fails the test.
EXPECTED: dict[str, str | None] = {
    "Tools/up": r"vaultd answers \(pid \d+\) at /\S+/vault/images\.sock",
    "Tools/down": r"vaultd stopped",
    "export ": None,
    "id=$(": None,
    "cmp ": None,
    "vaultctl put": r"[0-9a-f]{64}",
    "vaultctl inspect": r"^VERDICT.*\naccepted +photo\.jpg",
    "vaultctl ls": r"[0-9a-f]{8}[\s\S]*photo\.jpg",
    "vaultctl get": None,
    "vaultctl stat": r"image/jpeg",
    "vaultctl rm": r"[0-9a-f]{64}  dropped; .* receipt [0-9a-f]{32}$",
    "vaultctl erase": r"^[0-9a-f]{32}  1 claim, 1 image, .*  level 1: ",
    "receipt=$(": None,
    "(umask 077; vaultctl token create": None,
    "token=$(": None,
    "vaultctl token rotate": None,
    "vaultctl whoami": r"token +[0-9a-f]{32}",
    "vaultctl token ls": r"^ID .*\n[0-9a-f]{32} +images +images\.get ",
    "vaultctl token revoke": r"[0-9a-f]{32} +images",
    "path=$(": None,
    'curl --unix-socket ~/vault/images.sock "http://vault$path"': r'"code":"ticket-refused"',
    "vaultctl incidents contain": r"read-only",
    "vaultctl incidents lift": r"[0-9a-f]{32}",
    "vaultctl incidents export": r"log\.bundle",
    "vaultverify bundle case/log.bundle": r"\nholds$",
    "vaultctl incidents close": r"closed",
    "vaultctl backup ": r"[0-9a-f]{32}  \d+ blobs?, .*; fetched \d+ blobs?, ",
    "mkdir ": None,
    "vaultctl escrows export": r"^ID .*\n[0-9a-f]{32} ",
    "vaultctl drill": r"^backup [\s\S]*\nopened +\d+, ",
    "vaultctl receipt show": r"level 2  epoch 1\n",
    "vaultverify receipt": r"\nlevel +1: [\s\S]*\nwaits for +the end of epoch 1",
    # Which events are the newest depends on how often receipts were asked for.
    "vaultctl audit tail": r"#\d+  [a-z-]+\.[a-z]+  done",
    "vaultctl status": r"unsealed",
    "vaultctl check": r"^[0-9a-f]{32} .* 0 found  done$",
    "curl --unix-socket ~/vault/images.sock -T photo.jpg": STORED,
    "curl --unix-socket ~/vault/images.sock -o": None,
    "curl --unix-socket ~/vault/images.sock http://vault/v1/openapi.yaml": r"^# The contract",
    "curl --unix-socket ~/vault/admin.sock http://vault/v1/metrics": r"^# HELP imagevault_",
    "curl --unix-socket ~/vault/audit.sock": r"^imagevault/[0-9a-f]{32}\n\d+\n",
    "curl -F image=@photo.jpg": STORED,
    "curl -s -o": None,
    "~/env/bin/python first.py": r"^[0-9a-f]{64} image/jpeg 16 16\n.*signature-unknown",
}
#: The environment of these tests is what these two make, from pinned packages.
MADE = ("python3 -m venv ~/env", "~/env/bin/pip install")


class Reader:
    """Someone with a clean clone and an empty home, who types what a document says."""

    def __init__(self, home: Path, programs: Path) -> None:
        self.home = home
        self.clone = home / "imagevault"
        # Links, where a clone has files and a build: Tools/up takes itself for the clone's.
        (self.clone / ".build").mkdir(parents=True)
        (self.clone / ".build/release").symlink_to(programs)
        (self.clone / "Tools").symlink_to(TOOLS)
        (self.clone / "photo.jpg").write_bytes(JPEG)
        (home / "env").symlink_to(sys.prefix)
        (home / "printed").mkdir()
        unset = ("IMAGEVAULT_BIN", "IMAGEVAULT_DIR")
        self.environment = {k: v for k, v in os.environ.items() if k not in unset}
        self.environment["HOME"] = str(home)

    def types(self, commands: list[str]) -> None:
        """Runs the commands in one shell up to the first that fails; looks at what each prints."""
        script = "set -euo pipefail\n"
        for number, command in enumerate(commands):
            script += f"exec >{self.home}/printed/{number}\n{command}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.clone,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        reached = len(list((self.home / "printed").iterdir()))
        assert done.returncode == 0, f"{commands[reached - 1]}\n{done.stderr.decode()}"
        for number, command in enumerate(commands):
            printed = (self.home / f"printed/{number}").read_text()
            expected = expectation(command)
            fits = printed == "" if expected is None else re.search(expected, printed)
            assert fits, f"{command}\n{printed}"


def section(title: str, text: str | None = None) -> list[tuple[str, str]]:
    """Language and text of each block of a chapter, of the README where no text is given."""
    text = (ROOT / "README.md").read_text() if text is None else text
    found = re.search(rf"^## {title}\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return re.findall(r"^```(\w*)\n(.*?)^```$", found[1], re.MULTILINE | re.DOTALL)


def commands(blocks: list[tuple[str, str]]) -> list[str]:
    text = "\n".join(block for language, block in blocks if language == "")
    lines = text.replace("\\\n", "").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(MADE)]


def expectation(command: str) -> str | None:
    if command.startswith("~/env/bin/uvicorn"):
        return None
    plain = re.sub(r"\s+", " ", command.removeprefix(".build/release/"))
    fitting = [start for start in EXPECTED if plain.startswith(start)]
    assert fitting, f"nothing is expected of: {command}"
    return EXPECTED[max(fitting, key=len)]


@pytest.fixture
def reader() -> Iterator[Reader]:
    found = programs()
    home = Path(tempfile.mkdtemp(prefix="home"))
    try:
        yield Reader(home, found)
    finally:
        if (home / "vault/vaultd.pid").exists():
            subprocess.run([TOOLS / "down", home / "vault"], timeout=30, capture_output=True)
        shutil.rmtree(home)


def test_the_session_works_as_typed(reader: Reader) -> None:
    reader.types(commands(section("A session")))
    assert (reader.clone / "again2.jpg").read_bytes() == JPEG


def test_the_ten_minutes_work_as_typed(reader: Reader) -> None:
    blocks = section("In ten minutes: a photo in your own backend")
    (program,) = [block for language, block in blocks if language == "python"]
    (reader.clone / "first.py").write_text(program)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    typed = []
    for command in commands(blocks):
        if "/uvicorn " in command:
            command = in_its_own_terminal(f"{command} --port {port}", port)
        # The port alone is another one: 8000 may be somebody's.
        typed.append(command.replace(":8000/", f":{port}/"))
    reader.types(typed)
    assert (reader.clone / "again2.jpg").read_bytes() == JPEG


def in_its_own_terminal(command: str, port: int) -> str:
    """A server that is left running until the shell ends; waits until it listens."""
    return (
        f"{command} >/dev/null 2>&1 & server=$!; trap 'kill $server' EXIT; "
        f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; "
        "do kill -0 $server; sleep 0.1; done"
    )


def test_the_contracts_example_works_as_typed(real_vault: Path, tmp_path: Path) -> None:
    contract = (ROOT / "Sources/VaultAPI/Resources/openapi.yaml").read_text()
    (example,) = re.findall(r"^ +```\n(.*?)^ +```$", contract, re.MULTILINE | re.DOTALL)
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    # The socket alone is another one.
    assert "/run/imagevault/" in example
    command = example.replace("/run/imagevault/", f"{real_vault}/")
    answer = subprocess.run(
        ["bash", "-ec", command], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert re.match(STORED, answer.stdout), answer.stderr


@pytest.mark.parametrize(
    "title",
    ["Storing and fetching", "Parts, tags, digests", "Tickets and tokens", "When it says no"],
)
def test_the_packages_examples_run(
    real_vault: Path, tmp_path: Path, token: str, title: str
) -> None:
    text = (ROOT / "Tools/python/README.md").read_text()
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    (tmp_path / "worker.token").write_text(token + "\n")
    examples = [block for language, block in section(title, text) if language == "python"]
    assert examples
    for example in examples:
        done = subprocess.run(
            [sys.executable, "-c", example],
            cwd=tmp_path,
            env=os.environ | {"IMAGEVAULT_DIR": str(real_vault)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0 and done.stdout, f"{example}\n{done.stderr}"
