"""The site file of Tools/nginx, in a real nginx in front of a real vault."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import TOOLS
from pictures import png
from test_context import Log
from test_damage import FRAME, damaged_real

from imagevault import Image, Vault

SITE = TOOLS / "nginx/imagevault.conf"
ABSENT = "0" * 64


class Front:
    """A running nginx, and the vault behind it."""

    def __init__(self, folder: Path, port: int, pid: int) -> None:
        self.folder = folder
        self.port = port
        self._pid = pid

    def request(
        self, method: str, path: str, content: bytes = b"", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, content or None, named)
        answer = connection.getresponse()
        try:
            return answer, answer.read()
        finally:
            connection.close()

    def get(self, image: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return self.request("GET", f"/v1/images/{image}", b"", **headers)

    @property
    def files(self) -> list[str]:
        """What nginx put into its folders for temporary files, unlinked or not."""
        temporary = self.folder / "temporary"
        workers = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        links = [link for pid in workers for link in Path(f"/proc/{pid}/fd").iterdir()]
        opened = []
        for link in links:
            # What was closed meanwhile is no file that is kept.
            with suppress(FileNotFoundError):
                opened.append(os.readlink(link))
        kept = [str(path) for path in temporary.rglob("*") if path.is_file()]
        return kept + [name for name in opened if name.startswith(f"{temporary}/")]

    @property
    def log(self) -> str:
        return (self.folder / "access.log").read_text()


@contextmanager
def running(images: Path) -> Iterator[Front]:
    """An nginx of its own, with the site file but for the three lines that are the user's."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no nginx: install nginx-light")
        pytest.skip("no nginx: install nginx-light")
    folder = Path(tempfile.mkdtemp(prefix="nginx"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "site.conf").write_text(site(images, folder, port))
    (folder / "nginx.conf").write_text(main_file(folder))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen([*command, "-e", str(folder / "error.log")])
    try:
        wait_for(port, process)
        yield Front(folder, port, process.pid)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def site(images: Path, folder: Path, port: int) -> str:
    text = SITE.read_text()
    for theirs, ours in (
        ("unix:/run/imagevault/images.sock", f"unix:{images}"),
        ("listen 127.0.0.1:8088;", f"listen 127.0.0.1:{port};"),
        ("/var/log/nginx/imagevault.log", f"{folder}/access.log"),
    ):
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    return text


def main_file(folder: Path) -> str:
    # As root nginx would hand its work to another user, who may not enter the vault's folder.
    user = "user root root;\n" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/temporary/{kind};" for kind in kinds)
    (folder / "temporary").mkdir()
    return (
        f"{user}daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log;\nevents {{ }}\n"
        f"http {{ {paths}\ninclude {folder}/site.conf;\n}}\n"
    )


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "nginx ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    pytest.fail("nginx does not listen")


@pytest.fixture(scope="session")
def front(real_vault: Path) -> Iterator[Front]:
    with running(real_vault / "images.sock") as front:
        yield front


@pytest.fixture
def vault(real_vault: Path) -> Iterator[Vault]:
    """Past nginx."""
    with Vault(real_vault / "images.sock") as vault:
        yield vault


@pytest.fixture
def image(vault: Vault, job: str) -> Image:
    return vault.put(png(), "été.png", job=job)


@pytest.fixture
def log(real_vault: Path, image: Image) -> Log:
    """Made after the image, so that it begins with the request."""
    return Log(real_vault)


@pytest.mark.parametrize("side", [8, 1840])
def test_gives_the_same_bytes(front: Front, vault: Vault, job: str, side: int) -> None:
    data = png(side, side)
    assert side == 8 or len(data) > 10_000_000
    answer, body = front.get(vault.put(data, "a.png", job=job).id)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert body == data


def test_hides_no_header_of_the_image(front: Front, image: Image) -> None:
    answer, _ = front.get(image.id)
    assert answer.headers["ETag"] == f'"{image.id}"'
    assert "filename*=UTF-8''%C3%A9t%C3%A9.png" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")
    assert answer.headers["Content-Length"] == str(image.stored.bytes)


def test_answers_head_without_bytes(front: Front, image: Image) -> None:
    answer, body = front.request("HEAD", f"/v1/images/{image.id}")
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Length"] == str(image.stored.bytes)


def test_serves_a_range(front: Front, vault: Vault, image: Image) -> None:
    answer, body = front.get(image.id, Range="bytes=10-19")
    assert (answer.status, body) == (206, vault.get(image.id)[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{image.stored.bytes}"
    answer, body = front.get(image.id, Range="bytes=10-19", If_Range='"another"')
    assert (answer.status, body) == (200, vault.get(image.id))


def test_tells_that_nothing_changed(front: Front, image: Image) -> None:
    answer, body = front.get(image.id, If_None_Match=f'"{image.id}"')
    assert (answer.status, body) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_do_not_reach_the_vault(
    front: Front, image: Image, log: Log, method: str
) -> None:
    answer, _ = front.request(method, f"/v1/images/{image.id}")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert log.actions() == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/images",
        "/v1/images/",
        "/v1/version",
        "/v1/whoami",
        "/v1/openapi.yaml",
        "/v1/images/{id}/metadata",
        "/v1/images/{id}/",
        "/v1/images/{id}?job=a",
        "/v1/images/{id}?",
        "/v1/images/{id}%0a",
        "/v1/images/{id}%00",
        "/v1/images/x/../{id}",
        "/v1/images/./{id}",
        "//v1/images/{id}",
        "/v1/images//{id}",
        "/v1%2fimages/{id}",
        "/v1/images%2F{id}",
        "/v1/images/..%2fversion",
        "/v1/%69mages/{id}",
        "/V1/images/{id}",
        "/v1/images/{ID}",
        "/v1/images/{short}",
        "/v1/images/{id}0",
    ],
)
def test_other_paths_do_not_reach_the_vault(
    front: Front, image: Image, log: Log, path: str
) -> None:
    # A capital in it: an id of digits only is the same in capitals.
    upper = "A" + image.id[1:].upper()
    wanted = path.format(id=image.id, ID=upper, short=image.id[:-1])
    answer, body = front.request("GET", wanted)
    assert answer.status in (400, 404)
    assert b"vault" not in body.lower()
    assert log.actions() == []


def test_a_browser_claims_nothing(front: Front, image: Image) -> None:
    answer, _ = front.get(image.id, Vault_Job="other", Vault_Owner="other")
    assert answer.status == 200


def test_a_browser_asserts_nothing(front: Front, image: Image, log: Log) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client = 'ip=203.0.113.9; ua="x"'
    claims = {"Vault_Actor": "user:1", "Vault_Client": client, "traceparent": trace}
    assert front.get(image.id)[0].status == 200
    assert front.get(image.id, Vault_Timeout_Ms="nonsense", **claims)[0].status == 200
    plain, claimed = [event for event in log.events() if event["action"] == "read.begun"]
    assert not {"actor", "agent", "trace"} & claimed.keys()
    # The address that nginx saw, whatever the browser said.
    assert claimed["client"] == plain["client"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_body_does_not_reach_the_vault(
    front: Front, image: Image, log: Log, method: str
) -> None:
    answer, _ = front.request(method, f"/v1/images/{image.id}", b"x" * 100_000)
    assert answer.status == 413
    assert log.actions() == []
    assert front.files == []


def test_an_unknown_image_is_the_vaults_answer(front: Front) -> None:
    answer, body = front.get(ABSENT)
    assert answer.status == 404
    assert json.loads(body)["code"] == "unknown-image"


def test_a_damaged_image_is_never_a_whole_answer(
    front: Front, real_vault: Path, vault: Vault, job: str
) -> None:
    data = png(500, 500)
    image = damaged_real(real_vault, vault, data, job, late=True)
    with pytest.raises(http.client.IncompleteRead) as caught:
        front.get(image)
    assert 0 < len(caught.value.partial) < len(data)
    assert len(caught.value.partial) % FRAME == 0
    assert data.startswith(caught.value.partial)


def test_a_slow_reader_needs_no_file(front: Front, vault: Vault, job: str) -> None:
    data = png(1840, 1840)
    image = vault.put(data, "a.png", job=job).id
    with socket.socket() as slow:
        slow.connect(("127.0.0.1", front.port))
        slow.sendall(f"GET /v1/images/{image} HTTP/1.0\r\n\r\n".encode())
        received = slow.recv(1)
        # While it takes nothing more, nginx has the time of a whole answer to read ahead.
        assert front.get(image)[1] == data
        assert front.files == []
        while piece := slow.recv(1 << 16):
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == data


def test_the_access_log_has_no_query(front: Front, image: Image) -> None:
    front.request("GET", f"/v1/images/{image.id}?token=secret")
    front.get(image.id)
    assert f"/v1/images/{image.id} 404" in front.log and f"/v1/images/{image.id} 200" in front.log
    assert "secret" not in front.log and "?" not in front.log


def test_a_vault_that_is_down_is_a_502_without_detail(real_vault: Path) -> None:
    with running(real_vault / "absent.sock") as front:
        answer, body = front.get(ABSENT)
    assert answer.status == 502
    assert not any(word in body.lower() for word in (b"vault", b"sock", b"connect", b"1.2"))
    assert answer.headers["Server"] == "nginx"
