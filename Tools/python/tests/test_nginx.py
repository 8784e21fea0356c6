"""The site file of Tools/nginx, in a real nginx in front of a real vault."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import TOOLS, Script, running_vault, vaultctl
from pictures import png
from test_context import Log
from test_damage import FRAME, damaged_real

from imagevault import Image, Vault
from imagevault._bearer import ticket_of

SITE = TOOLS / "nginx/imagevault.conf"
ABSENT = "0" * 64
#: nginx may nothing for itself. These tests are of the same user, and so they are by a token.
POLICY = """
version: 1
principals:
  edge: {users: [USER], proxy: true}
  backend: {tokens: true, roles: [backend]}
  ops: {users: [USER], roles: [admin]}
  audit: {users: [USER], roles: [auditor]}
"""
#: The line of the site file for the way without tickets.
REFUSED = '"~^(GET|HEAD) /v1/images/[0-9a-f]{64}$"                                  403;'


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

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        return self.request("GET", path, b"", **headers)

    def send(self, request: str) -> bytes:
        """The answer to a request as it stands here, with nothing added."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(request.encode())
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(1 << 16):
                received += piece
            return received

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

    @property
    def logs(self) -> str:
        """All that nginx wrote anywhere."""
        return self.log + (self.folder / "error.log").read_text()


@contextmanager
def running(images: Path, *, without_tickets: bool = False) -> Iterator[Front]:
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
    text = site(images, folder, port)
    assert text.count(REFUSED) == 1
    if without_tickets:
        text = text.replace(REFUSED, REFUSED.replace("403;", "pass;"))
    (folder / "site.conf").write_text(text)
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


@contextmanager
def vault_behind_a_proxy(scratch: Path) -> Iterator[Path]:
    """The folder of a vault where nginx is a proxy."""
    policy = scratch / "policy.yaml"
    policy.write_text(POLICY.replace("USER", str(os.getuid())))
    policy.chmod(0o600)
    with running_vault("--validation", "structure", IMAGEVAULT_POLICY_FILE=str(policy)) as folder:
        yield folder


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with vault_behind_a_proxy(tmp_path_factory.mktemp("policy")) as folder:
        yield folder


@pytest.fixture(scope="session")
def front(guarded: Path) -> Iterator[Front]:
    with running(guarded / "images.sock") as front:
        yield front


@pytest.fixture(scope="session")
def token(guarded: Path) -> str:
    return vaultctl(guarded, "token", "create", "--principal", "backend")


@pytest.fixture
def vault(guarded: Path, token: str) -> Iterator[Vault]:
    """Past nginx."""
    with Vault(guarded / "images.sock", token=token) as vault:
        yield vault


@pytest.fixture
def image(vault: Vault, job: str) -> Image:
    return vault.put(png(), "été.png", job=job)


@pytest.fixture
def path(vault: Vault, image: Image, job: str) -> str:
    """Where a browser is sent to, for some readings."""
    return vault.ticket(image.id, reads=9, job=job).path


@pytest.fixture
def log(guarded: Path, path: str) -> Log:
    """Made after the image and its ticket, so that it begins with the request."""
    return Log(guarded)


def is_refused(front: Front, path: str, status: int, code: str, **headers: str) -> bool:
    """Whether a bad secret is told of so, or told to wait because others came before it."""
    answer, body = front.get(path, **headers)
    if answer.status == 429:
        return 1 <= int(answer.headers["Retry-After"]) <= 60
    return answer.status == status and bool(json.loads(body)["code"] == code)


@pytest.mark.parametrize("side", [8, 1840])
def test_gives_the_same_bytes(front: Front, vault: Vault, job: str, side: int) -> None:
    data = png(side, side)
    assert side == 8 or len(data) > 10_000_000
    answer, body = front.get(vault.ticket(vault.put(data, "a.png", job=job).id).path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert body == data


def test_hides_no_header_of_the_image(front: Front, image: Image, path: str) -> None:
    answer, _ = front.get(path)
    assert answer.headers["ETag"] == f'"{image.id}"'
    assert "filename*=UTF-8''%C3%A9t%C3%A9.png" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")
    assert answer.headers["Content-Length"] == str(image.stored.bytes)


def test_answers_head_without_bytes(front: Front, image: Image, path: str) -> None:
    answer, body = front.request("HEAD", path)
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Length"] == str(image.stored.bytes)


def test_serves_a_range(front: Front, vault: Vault, image: Image, path: str) -> None:
    answer, body = front.get(path, Range="bytes=10-19")
    assert (answer.status, body) == (206, vault.get(image.id)[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{image.stored.bytes}"
    answer, body = front.get(path, Range="bytes=10-19", If_Range='"another"')
    assert (answer.status, body) == (200, vault.get(image.id))


def test_tells_that_nothing_changed(front: Front, image: Image, path: str) -> None:
    answer, body = front.get(path, If_None_Match=f'"{image.id}"')
    assert (answer.status, body) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_do_not_reach_the_vault(
    front: Front, path: str, log: Log, method: str
) -> None:
    for wanted in (path, path.partition("?")[0]):
        answer, _ = front.request(method, wanted)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert log.actions() == []


@pytest.mark.parametrize(
    "wanted",
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
        "/v1/images/{id}?ticket=",
        "/v1/images/{id}?ticket={short_ticket}",
        "/v1/images/{id}?ticket={ticket}0",
        "/v1/images/{id}?ticket={ticket}%00",
        "/v1/images/{id}?ticket={ticket}&",
        "/v1/images/{id}?ticket={ticket}&job=a",
        "/v1/images/{id}?ticket={ticket}&ticket={ticket}",
        "/v1/images/{id}?a&ticket={ticket}",
        "/v1/images/{id}??ticket={ticket}",
        "/v1/images/{id}?Ticket={ticket}",
        "/v1/images/{id}?ticket%3d{ticket}",
        "/v1/images/{id}?ticket=%69{ticket_end}",
        "/v1/images/{id}/?ticket={ticket}",
        "/v1/images/{id}/metadata?ticket={ticket}",
        "/v1/images/{ID}?ticket={ticket}",
        "/v1/images?ticket={ticket}",
        "/v1/whoami?ticket={ticket}",
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
    front: Front, image: Image, path: str, log: Log, wanted: str
) -> None:
    ticket = path.partition("=")[2]
    wanted = wanted.format(
        id=image.id,
        # A capital in it: an id of digits only is the same in capitals.
        ID="A" + image.id[1:].upper(),
        short=image.id[:-1],
        ticket=ticket,
        short_ticket=ticket[:-1],
        ticket_end=ticket[1:],
    )
    answer, body = front.request("GET", wanted)
    assert answer.status in (400, 404)
    assert b"vault" not in body.lower()
    assert log.actions() == []


def test_a_ticket_is_good_for_its_readings(front: Front, vault: Vault, image: Image) -> None:
    ticket = vault.ticket(image.id, reads=4)
    assert front.request("HEAD", ticket.path)[0].status == 200
    assert front.get(ticket.path, If_None_Match=f'"{image.id}"')[0].status == 304
    assert front.get(ticket.path)[1] == front.get(ticket.path)[1] == vault.get(image.id)
    assert is_refused(front, ticket.path, 403, "ticket-refused")


def test_a_ticket_is_for_its_image(front: Front, vault: Vault, image: Image, path: str) -> None:
    other = vault.put(png(), "b.png").id
    assert is_refused(front, path.replace(image.id, other), 403, "ticket-refused")
    assert front.get(path)[0].status == 200


def test_a_ticket_goes_with_its_image(
    front: Front, vault: Vault, image: Image, path: str, job: str
) -> None:
    assert front.get(path)[0].status == 200
    vault.delete(image.id, job=job)
    assert is_refused(front, path, 403, "ticket-refused")


def test_who_guesses_waits_and_nobody_else(tmp_path: Path) -> None:
    with (
        vault_behind_a_proxy(tmp_path) as folder,
        running(folder / "images.sock") as front,
        Vault(
            folder / "images.sock",
            token=vaultctl(folder, "token", "create", "--principal", "backend"),
        ) as vault,
    ):
        data = png()
        path = vault.ticket(vault.put(data, "a.png").id, reads=9).path
        wrong = f"{path.partition('=')[0]}={ticket_of('a' * 43)}"
        first = [front.get(wrong) for _ in range(2)]
        assert {(answer.status, json.loads(body)["code"]) for answer, body in first} == {
            (403, "ticket-refused")
        }
        # From then on each is told of later, twice as late each time.
        later = (front.get(wrong)[0] for _ in range(9))
        waits = next(answer for answer in later if answer.status == 429)
        assert 1 <= int(waits.headers["Retry-After"]) <= 60
        # Who has a good one does not wait, and forgives nothing.
        assert front.get(path)[1] == data
        assert 429 in [front.get(wrong)[0].status for _ in range(2)]


def test_without_a_ticket_there_is_nothing(front: Front, image: Image, log: Log) -> None:
    answer, body = front.get(f"/v1/images/{image.id}")
    assert answer.status == 403 and b"vault" not in body.lower()
    assert log.actions() == []


def test_the_vault_asks_a_proxy_for_a_ticket_whatever_nginx_lets_through(
    guarded: Path, path: str, image: Image
) -> None:
    with running(guarded / "images.sock", without_tickets=True) as front:
        assert front.get(path)[0].status == 200
        assert is_refused(front, f"/v1/images/{image.id}", 401, "token-required")


def test_who_is_admitted_needs_no_ticket(real_vault: Path, job: str) -> None:
    with (
        Vault(real_vault / "images.sock") as vault,
        running(real_vault / "images.sock", without_tickets=True) as front,
    ):
        image = vault.put(png(), "a.png", job=job).id
        assert front.get(f"/v1/images/{image}")[1] == vault.get(image)
        assert front.get(vault.ticket(image).path)[1] == vault.get(image)


def test_a_browser_claims_nothing(front: Front, path: str) -> None:
    answer, _ = front.get(path, Vault_Job="other", Vault_Owner="other")
    assert answer.status == 200


def test_a_browser_shows_nothing_but_its_ticket(
    front: Front, vault: Vault, image: Image, token: str
) -> None:
    other = vault.ticket(image.id, reads=9).ticket
    shown = {
        "Authorization": f"Bearer {token}",
        "Proxy_Authorization": f"Bearer {token}",
        "Cookie": f"ticket={other}; Authorization=Bearer {token}",
        "Vault_Ticket": other,
    }
    ticket = vault.ticket(image.id)
    assert front.get(f"/v1/images/{image.id}", **shown)[0].status == 403
    # The vault would refuse two of them at once.
    assert front.get(ticket.path, **shown)[0].status == 200
    assert is_refused(front, ticket.path, 403, "ticket-refused", **shown)


def test_a_browser_asserts_nothing(front: Front, path: str, log: Log) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client = 'ip=203.0.113.9; ua="x"'
    claims = {"Vault_Actor": "user:1", "Vault_Client": client, "traceparent": trace}
    assert front.get(path)[0].status == 200
    assert front.get(path, Vault_Timeout_Ms="nonsense", **claims)[0].status == 200
    plain, claimed = [event for event in log.events() if event["action"] == "read.begun"]
    assert not {"actor", "agent", "trace"} & claimed.keys()
    # The address that nginx saw, whatever the browser said.
    assert claimed["client"] == plain["client"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_body_does_not_reach_the_vault(
    front: Front, path: str, log: Log, method: str
) -> None:
    answer, _ = front.request(method, path, b"x" * 100_000)
    assert answer.status == 413
    assert log.actions() == []
    assert front.files == []


def test_a_damaged_image_is_never_a_whole_answer(
    front: Front, guarded: Path, vault: Vault, job: str
) -> None:
    data = png(500, 500)
    image = damaged_real(guarded, vault, data, job, late=True)
    with pytest.raises(http.client.IncompleteRead) as caught:
        front.get(vault.ticket(image).path)
    assert 0 < len(caught.value.partial) < len(data)
    assert len(caught.value.partial) % FRAME == 0
    assert data.startswith(caught.value.partial)


def test_a_slow_reader_needs_no_file(front: Front, vault: Vault, job: str) -> None:
    data = png(1840, 1840)
    path = vault.ticket(vault.put(data, "a.png", job=job).id, reads=2).path
    with socket.socket() as slow:
        slow.connect(("127.0.0.1", front.port))
        slow.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        received = slow.recv(1)
        # While it takes nothing more, nginx has the time of a whole answer to read ahead.
        assert front.get(path)[1] == data
        assert front.files == []
        while piece := slow.recv(1 << 16):
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == data


def test_no_log_has_a_ticket(front: Front, vault: Vault, image: Image) -> None:
    ticket = vault.ticket(image.id)
    path, secret = ticket.path, ticket.ticket[4:]
    for wanted in (path, path, f"{path}&job=a", f"/v1/version?{secret}"):
        front.get(wanted)
    # Where there is no query, or none that is nginx's.
    bare = path.partition("?")[0]
    for ending in ("%3fticket=", "%3Fticket%3d", "#ticket=", ";ticket=", "/"):
        front.get(f"{bare}{ending}{ticket.ticket}")
    front.request("POST", path)
    front.request("POST", path, b"x" * 100)
    # What is no request at all, or too long for one.
    for request in (
        f"GET {path} HTTP/9.9\r\n\r\n",
        f"GET {path}\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nbroken\x00\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nHost: a\r\nX: {'x' * 40_000}\r\n\r\n",
        f"GET {path}{'x' * 40_000} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET {path}",
    ):
        front.send(request)
    # The worker, which is alone, has written a line before it takes the next request.
    front.get("/")
    assert f"/v1/images/{image.id} 200 200" in front.log
    assert re.search(f"/v1/images/{image.id} (403 403|429 429)", front.log)
    assert secret not in front.logs and "?" not in front.log


@pytest.mark.parametrize("failing", ["absent", "not a socket", "silent", "broken"])
def test_no_log_has_a_ticket_when_the_vault_fails(
    guarded: Path, script: Script, image: Image, path: str, failing: str
) -> None:
    there = {"absent": guarded / "absent.sock", "not a socket": guarded / "vaultd.pid"}
    script.scenes = [[None if failing == "silent" else b"HTTP/1.1 200 OK\r\n\0\r\n\r\n"]]
    with running(there.get(failing, script.path)) as front:
        assert front.get(path)[0].status == 502
        front.get("/")
        assert f"/v1/images/{image.id} 502 502" in front.log
        assert path.partition("=")[2] not in front.logs


def test_a_vault_that_is_down_is_a_502_without_detail(guarded: Path) -> None:
    with running(guarded / "absent.sock") as front:
        answer, body = front.get(f"/v1/images/{ABSENT}?ticket={ticket_of('a' * 43)}")
    assert answer.status == 502
    assert not any(word in body.lower() for word in (b"vault", b"sock", b"connect", b"1.2"))
    assert answer.headers["Server"] == "nginx"
