"""The site file of Tools/nginx for a backend, in a real nginx before the example and a real vault."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import TOOLS, vaultctl
from pictures import png
from test_nginx import guarded, main_file, site, token, wait_for  # noqa: F401

from imagevault import Vault

SITE = TOOLS / "nginx/backend.conf"
NAME = "images.example.com"
#: Addresses of one machine: an admin's, and somebody else's.
ADMIN, OTHER = "127.0.0.1", "127.0.0.2"
#: What each answer has, once.
HEADERS = {
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Answers at once and tells what reached it, with headers that nginx has to replace.
ECHO = """
import json, os, sys
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    told = {"path": scope["raw_path"].decode(), "size": size,
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]}}
    headers = [(b"x-frame-options", b"ALLOWALL"), (b"x-powered-by", b"echo"),
               (b"strict-transport-security", b"max-age=1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})
"""


class Site:
    """A running nginx, by name and with its certificate."""

    def __init__(self, folder: Path, port: int, plain: int) -> None:
        self.folder = folder
        self.port = port
        self.plain = plain

    def tls(self, name: str = NAME, source: str = ADMIN, **options: object) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.folder / "site.pem"))
        for key, value in options.items():
            setter = getattr(context, key)
            setter(value) if callable(setter) else setattr(context, key, value)
        connection = socket.create_connection((ADMIN, self.port), 60, (source, 0))
        try:
            return context.wrap_socket(connection, server_hostname=name)
        except BaseException:
            connection.close()
            raise

    def request(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] = b"",
        source: str = ADMIN,
        **headers: str,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.tls(source=source)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with suppress(BrokenPipeError, ConnectionResetError):
            # A refusal may come, and the connection end, before all was sent.
            connection.request(method, path, content or None, named)
        answer = connection.getresponse()
        try:
            return answer, answer.read()
        finally:
            connection.close()

    def get(
        self, path: str, source: str = ADMIN, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        return self.request("GET", path, b"", source, **headers)

    def reached(self, path: str, **headers: str) -> dict[str, str]:
        """The headers with which a request reached the backend."""
        told = json.loads(self.get(path, **headers)[1])
        assert told["path"] == path
        return dict(told["headers"])


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"no {name}: install {package}")
        pytest.skip(f"no {name}: install {package}")
    return found


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def certificate(folder: Path) -> None:
    """One that signs itself, for the site's name."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    files = ["-keyout", str(folder / "site.key"), "-out", str(folder / "site.pem")]
    more = ["-addext", f"subjectAltName=DNS:{NAME}"]
    command = [program("openssl", "openssl"), *words.split(), *files, *more]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for theirs, ours in pairs:
        assert theirs in text, theirs
        text = text.replace(theirs, ours)
    return text


@contextmanager
def backend(folder: Path, words: list[str], **variables: str) -> Iterator[Path]:
    """A web server behind nginx, at a Unix socket."""
    path = folder / "http.sock"
    command = [sys.executable, "-m", "uvicorn", "--uds", str(path), "--no-access-log"]
    command += ["--log-level", "warning", "--forwarded-allow-ips", "*", *words]
    process = subprocess.Popen(command, env=os.environ | variables)
    try:
        for _ in range(600):
            assert process.poll() is None, "the backend ended"
            with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                break
            time.sleep(0.05)
        else:
            pytest.fail("the backend does not listen")
        yield path
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def nginx(
    folder: Path,
    behind: Path,
    images: Path,
    *,
    limits: bool = False,
    changes: dict[str, str] | None = None,
) -> Iterator[Site]:
    """An nginx of its own, with both site files but for the lines that are the user's."""
    found = program("nginx", "nginx-light")
    certificate(folder)
    port, plain, tickets = free_ports(3)
    text = replaced(
        SITE.read_text(),
        ("unix:/run/backend/http.sock", f"unix:{behind}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/var/log/nginx/backend.log", f"{folder}/backend.log"),
        (f"/etc/nginx/tls/{NAME}.pem", f"{folder}/site.pem"),
        (f"/etc/nginx/tls/{NAME}.key", f"{folder}/site.key"),
        ("http://127.0.0.1:8088", f"http://127.0.0.1:{tickets}"),
        *(changes or {}).items(),
    )
    if not limits:
        # The tests are one address, and impatient.
        text = replaced(text, ("rate=20r/s", "rate=9999r/s"), ("rate=30r/m", "rate=9999r/s"))
    (folder / "backend.conf").write_text(text)
    (folder / "site.conf").write_text(
        site(images, folder, tickets) + f"\ninclude {folder}/backend.conf;\n"
    )
    (folder / "nginx.conf").write_text(main_file(folder))
    command = [found, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen([*command, "-e", str(folder / "error.log")])
    try:
        wait_for(port, process)
        yield Site(folder, port, plain)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def scratch() -> Iterator[Path]:
    # Not pytest's own folder: a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="site"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def echoing() -> Iterator[tuple[Path, Path]]:
    with scratch() as folder:
        (folder / "echo.py").write_text(ECHO)
        with backend(folder, ["--app-dir", str(folder), "echo:app"]) as behind:
            yield folder, behind


@pytest.fixture(scope="session")
def echo() -> Iterator[Site]:
    """Behind it something that tells what reached it."""
    with echoing() as (folder, behind), nginx(folder, behind, folder / "absent.sock") as served:
        yield served


@pytest.fixture(scope="session")
def pictures(guarded: Path, token: str) -> Iterator[Site]:  # noqa: F811
    """Behind it the example, and a real vault that asks nginx for tickets."""
    with scratch() as folder:
        app = folder / "app.py"
        examples = str(TOOLS / "python/examples")
        app.write_text(
            f"import sys; sys.path.insert(0, {examples!r})\n"
            "from fastapi_app import make_app\nfrom imagevault.aio import AsyncVault\n"
            f"app = make_app(AsyncVault({str(guarded / 'images.sock')!r}, token={token!r}))\n"
        )
        with (
            backend(folder, ["--app-dir", str(folder), "app:app"]) as behind,
            nginx(folder, behind, guarded / "images.sock") as served,
        ):
            yield served


def form(data: bytes) -> tuple[bytes, str]:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return head + data + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def test_an_upload_goes_through_to_the_vault_and_comes_back(
    pictures: Site, guarded: Path  # noqa: F811
) -> None:
    data = png(400, 400)
    body, kind = form(data)
    answer, told = pictures.request("POST", "/images", body, Content_Type=kind)
    assert answer.status == 201, told
    image = json.loads(told)["id"]
    answer, got = pictures.get(f"/images/{image}")
    assert (answer.status, got) == (200, data)
    assert image in vaultctl(guarded, "audit", "tail", "--json")


def test_a_ticket_fetches_past_the_backend_and_stands_in_no_log(
    pictures: Site, guarded: Path, token: str  # noqa: F811
) -> None:
    data = png(60, 60)
    with Vault(guarded / "images.sock", token=token) as vault:
        ticket = vault.ticket(vault.put(data, "a.png", job="web").id, job="web")
    answer, got = pictures.get(ticket.path)
    assert (answer.status, got) == (200, data)
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert pictures.get(ticket.path.replace("ivf_", "ivg_"))[0].status == 404
    # What nginx refuses itself must not quote the ticket either.
    assert pictures.request("POST", ticket.path, b"xx")[0].status in (405, 413)
    pictures.get("/docs")
    logs = "".join(path.read_text() for path in pictures.folder.glob("*.log"))
    assert "/docs" in logs and ticket.path.partition("=")[2] not in logs


def test_no_piece_of_an_image_is_in_a_file_of_nginx(pictures: Site) -> None:
    body, kind = form(png(1500, 1500))
    answer, told = pictures.request("POST", "/images", body, Content_Type=kind)
    assert answer.status == 201 and len(body) > 1 << 20
    pictures.get(f"/images/{json.loads(told)['id']}")
    assert not [path for path in (pictures.folder / "temporary").rglob("*") if path.is_file()]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_takes_tls(echo: Site, version: ssl.TLSVersion) -> None:
    with echo.tls(minimum_version=version, maximum_version=version) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_takes_no_older_one(echo: Site, version: ssl.TLSVersion) -> None:
    # The client would: it is the server that refuses.
    old = {"set_ciphers": "ALL:@SECLEVEL=0"}
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
        echo.tls(**old, minimum_version=version, maximum_version=version)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_that_an_older_one_is_refused_can_fail() -> None:
    changes = {
        "ssl_protocols TLSv1.2 TLSv1.3;": "ssl_protocols TLSv1.1 TLSv1.2;",
        "ssl_ciphers ": "ssl_ciphers ALL:@SECLEVEL=0:",
        "ssl_reject_handshake on;": "ssl_ciphers ALL:@SECLEVEL=0; ssl_reject_handshake on;",
    }
    old = ssl.TLSVersion.TLSv1_1
    with scratch() as folder, nginx(folder, folder / "a", folder / "b", changes=changes) as weak:
        with weak.tls(
            set_ciphers="ALL:@SECLEVEL=0", minimum_version=old, maximum_version=old
        ) as connection:
            assert connection.version() == "TLSv1.1"


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"])
def test_takes_no_cipher_without_forward_secrecy_or_authentication(
    echo: Site, cipher: str
) -> None:
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        echo.tls(set_ciphers=cipher, maximum_version=ssl.TLSVersion.TLSv1_2)
    good = "ECDHE-ECDSA-AES256-GCM-SHA384"
    with echo.tls(set_ciphers=good, maximum_version=ssl.TLSVersion.TLSv1_2) as connection:
        assert connection.cipher() == (good, "TLSv1.2", 256)


def test_another_name_is_told_nothing(echo: Site) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        echo.tls(name="other.example.com")


def test_plain_http_leads_to_the_name_and_nowhere_else(echo: Site) -> None:
    def ask(host: str) -> bytes:
        with socket.create_connection((ADMIN, echo.plain), 60) as connection:
            connection.sendall(f"GET /a?b HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    told = ask(NAME)
    assert told.startswith(b"HTTP/1.1 308 ")
    assert f"Location: https://{NAME}/a?b\r\n".encode() in told
    assert ask("evil.example.com") == b""


@pytest.mark.parametrize("path", ["/", "/admin", "/a//b", "/v1/images/x"])
def test_each_answer_has_the_headers_once(echo: Site, path: str) -> None:
    for source in (ADMIN, OTHER):
        answer, _ = echo.get(path, source)
        for name, value in HEADERS.items():
            assert answer.headers.get_all(name) == [value], (path, answer.status, name)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "nginx"
        assert answer.headers["X-Powered-By"] is None


ADMINS = ["/admin", "/admin/", "/admin/users?a=b", "/ADMIN/x", "/administrator", "/api/v1/admin/x"]


@pytest.mark.parametrize("path", ADMINS)
def test_admins_come_from_their_own_addresses(echo: Site, path: str) -> None:
    assert echo.get(path, ADMIN)[0].status == 200
    assert echo.get(path, OTHER)[0].status == 403
    assert echo.get("/images", OTHER)[0].status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/%61dmin",
        "/adm%69n/x",
        "//admin",
        "/x/../admin",
        "/x/%2e%2e/admin",
        "/x/..%2fadmin",
        "/x%2f../admin",
        "/%2e/admin",
        "/./admin",
        "/;a/admin",
        "/x;/../admin",
        "/%5cadmin",
        "/%2561dmin",
        "/admin%00",
        "/admin;x",
        "/admin%2fx",
    ],
)
def test_no_other_spelling_leads_there(echo: Site, path: str) -> None:
    assert echo.get(path, OTHER)[0].status in (400, 403)


def test_the_address_is_not_what_a_client_says_it_is(echo: Site) -> None:
    lies = {
        "X_Forwarded_For": ADMIN,
        "X_Real_IP": ADMIN,
        "Forwarded": f"for={ADMIN}",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example.com",
        "Vault_Actor": "user_1",
        "Vault_Client": "ip=1.2.3.4",
        "Vault_Ticket": "a",
    }
    assert echo.get("/admin", OTHER, **lies)[0].status == 403
    reached = echo.reached("/a", **lies)
    assert (reached["x-forwarded-for"], reached["x-real-ip"]) == (ADMIN, ADMIN)
    assert (reached["x-forwarded-proto"], reached["x-forwarded-host"]) == ("https", NAME)
    assert not [name for name in reached if name.startswith("vault-") or name == "forwarded"]


def test_an_upload_has_a_limit_whether_it_says_its_size_or_not(echo: Site) -> None:
    limit = 11 << 20
    told = json.loads(echo.request("POST", "/images", b"x" * limit)[1])
    assert told["size"] == limit
    assert echo.request("POST", "/images", b"x" * (limit + 1))[0].status == 413
    pieces = (b"x" * (1 << 20) for _ in range(12))
    assert echo.request("POST", "/images", pieces)[0].status == 413


def test_headers_have_a_limit(echo: Site) -> None:
    assert echo.get("/", X="x" * 7000)[0].status == 200
    assert echo.get("/", X="x" * 9000)[0].status == 400


def test_one_address_has_so_many_requests_and_another_its_own() -> None:
    slow = {"rate=20r/s": "rate=1r/m"}
    with (
        echoing() as (folder, behind),
        nginx(folder, behind, folder / "absent.sock", limits=True, changes=slow) as site,
    ):
        # A reading is no upload.
        uploads = [site.request("POST", "/images", b"x")[0].status for _ in range(12)]
        assert uploads == [200] * 11 + [429]
        readings = [site.get("/images")[0].status for _ in range(31)]
        assert 429 in readings and readings[0] == 200
        assert site.get("/images", OTHER)[0].status == 200


def test_the_log_has_no_query(echo: Site) -> None:
    echo.get("/a?secret=b")
    echo.get("/after")
    log = (echo.folder / "backend.log").read_text()
    assert " /after 200 " in log and " /a 200 " in log and "secret" not in log
