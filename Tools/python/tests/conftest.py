"""A real vault, fakes, and a server that answers by script."""

from __future__ import annotations

import asyncio
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imagevault import ImagePage, RateLimited, Vault, VaultError
from imagevault.aio import AsyncImageStream, AsyncVault
from imagevault.testing import FakeVault
from imagevault.testing.aio import AsyncFakeVault

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "Tools"


@pytest.fixture(scope="session")
def real_vault() -> Iterator[Path]:
    """The folder of a running vault of its own."""
    with running_vault("--validation", "structure") as folder:
        yield folder


def programs() -> Path:
    """The folder of the vault's programs; skips where there are none."""
    folder = Path(os.environ.get("IMAGEVAULT_BIN") or ROOT / ".build/release").resolve()
    if not (folder / "vaultd").exists() or not (TOOLS / "up").exists():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no vaultd: set IMAGEVAULT_BIN")
        pytest.skip("no vaultd: set IMAGEVAULT_BIN")
    return folder


@contextmanager
def running_vault(*options: str, **settings: str) -> Iterator[Path]:
    """The folder of a vault that Tools/up starts with these options and settings."""
    found = programs()
    # Not pytest's own folder: a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="vault"))
    try:
        environment = os.environ | {"IMAGEVAULT_BIN": str(found)} | settings
        command = [str(TOOLS / "up"), str(folder), *options]
        subprocess.run(command, check=True, env=environment, timeout=60, capture_output=True)
        try:
            yield folder
        finally:
            stop = [str(TOOLS / "down"), str(folder)]
            subprocess.run(stop, check=True, timeout=30, capture_output=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def refused(error: type[VaultError]) -> Iterator[None]:
    """A bad secret is refused with this, or told to wait where the real vault saw some of this user before."""
    with pytest.raises((error, RateLimited)) as caught:
        yield
    if not isinstance(caught.value, error):
        assert caught.value.retryable and 0 < (caught.value.retry_after or 0) <= 60


def vaultctl(folder: Path, *words: str) -> str:
    """What the command line prints, of the vault in a folder."""
    command = [str(programs() / "vaultctl"), *words]
    environment = os.environ | {"IMAGEVAULT_DIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Blocking:
    """An asynchronous vault with the manners of the synchronous one, so that one test fits both."""

    def __init__(self, make: Callable[[], AsyncVault]) -> None:
        self.vault = make()
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.vault, name)
        if name in ("list", "images", "stream", "receipts"):
            return lambda *values, **named: self._iterated(member(*values, **named))
        if name in ("on_behalf", "within"):
            return lambda *values, **named: self._beside(member(*values, **named))
        if name == "open":
            return lambda *values, **named: _Opened(self, self.run(member(*values, **named)))
        if asyncio.iscoroutinefunction(member):
            return lambda *values, **named: self.run(member(*values, **named))
        return member

    def _iterated(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        try:
            while True:
                yield self.run(_next(items))
        except StopAsyncIteration:
            return

    def _beside(self, view: AsyncVault) -> Blocking:
        blocking = Blocking.__new__(Blocking)
        blocking.__dict__.update(self.__dict__, vault=view)
        return blocking

    def shut(self) -> None:
        self.run(self.vault.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        # A connection whose upload failed closes when the vault has taken what was sent. What
        # is left then is the loop's own pipe.
        for _ in range(500):
            if len(self._selector.get_map()) == 1:
                break
            self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class _Opened:
    """An image that is read with the manners of the synchronous one."""

    def __init__(self, blocking: Blocking, stream: AsyncImageStream) -> None:
        self._blocking = blocking
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._stream, name)
        if asyncio.iscoroutinefunction(member):
            return lambda *values: self._blocking.run(member(*values))
        return member


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items)


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["real", "fake"])
def vault(request: pytest.FixtureRequest, flavour: str) -> Iterator[Any]:
    """The same vault four times: real or fake, synchronous or not."""
    if request.param == "real":
        path = request.getfixturevalue("real_vault") / "images.sock"
        yield from _opened(flavour, lambda: Vault(path), lambda: AsyncVault(path))
    else:
        yield from _opened(flavour, FakeVault, AsyncFakeVault)


@pytest.fixture
def bearer(
    request: pytest.FixtureRequest, vault: Any, flavour: str
) -> Iterator[Callable[[Any], Any]]:
    """Opens the vault of the test once more, to be shown a token."""
    opened: list[Iterator[Any]] = []

    def open_with(token: Any) -> Any:
        if "fake" in request.node.callspec.params.values():
            store = vault.store
            vaults = _opened(
                flavour,
                lambda: FakeVault(store, token=token),
                lambda: AsyncFakeVault(store, token=token),
            )
        else:
            path = vault.path
            vaults = _opened(
                flavour, lambda: Vault(path, token=token), lambda: AsyncVault(path, token=token)
            )
        opened.append(vaults)
        return next(vaults)

    yield open_with
    for vaults in opened:
        next(vaults, None)


@pytest.fixture(scope="session")
def token(real_vault: Path) -> str:
    """An access token of the real vault; the fake takes it as any other."""
    return vaultctl(real_vault, "token", "create", "--principal", "images")


def _opened(
    flavour: str, make: Callable[[], Vault], make_async: Callable[[], AsyncVault]
) -> Iterator[Any]:
    if flavour == "sync":
        with make() as vault:
            yield vault
        return
    blocking = Blocking(make_async)
    try:
        yield blocking
    finally:
        blocking.shut()


@pytest.fixture
def connect(flavour: str) -> Iterator[Callable[[Path], Any]]:
    """Opens a vault at a path, in the flavour of the test."""
    opened: list[Iterator[Any]] = []

    def open_at(path: Path, timeout: float = 5, token: Any = None) -> Any:
        vaults = _opened(
            flavour,
            lambda: Vault(path, timeout=timeout, token=token),
            lambda: AsyncVault(path, timeout=timeout, token=token),
        )
        opened.append(vaults)
        return next(vaults)

    yield open_at
    for vaults in opened:
        next(vaults, None)


@pytest.fixture
def job() -> str:
    """A job that no other test has."""
    return f"job_{secrets.token_hex(8)}"


class Script:
    """A server on a Unix socket: each connection plays its next scene.

    A scene is a list of answers, one a request; after the last one the connection closes. An
    answer of None closes at once, without a byte.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: list[bytes] = []
        self.scenes: list[list[bytes | None]] = []
        self.keep_open = False
        self.closing = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.closing.is_set():
                connection.close()
                return
            with connection:
                connection.settimeout(5)
                scene = self.scenes.pop(0) if self.scenes else []
                for answer in scene:
                    if not self._request(connection) or answer is None:
                        break
                    connection.sendall(answer)
                if self.keep_open:
                    self.closing.wait(5)

    def _request(self, connection: socket.socket) -> bool:
        received = b""
        try:
            while not self._is_whole(received):
                piece = connection.recv(65536)
                if not piece:
                    return False
                received += piece
        except OSError:
            return False
        self.requests.append(received)
        return True

    @staticmethod
    def _is_whole(received: bytes) -> bool:
        head, end, body = received.partition(b"\r\n\r\n")
        if not end:
            return False
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return len(body) >= int(line.partition(b":")[2])
            if line.startswith(b"transfer-encoding:"):
                return body.endswith(b"0\r\n\r\n")
        return True

    def close(self) -> None:
        self.closing.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.connect(str(self.path))
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def script() -> Iterator[Script]:
    folder = Path(tempfile.mkdtemp(prefix="vault"))
    server = Script(folder / "s.sock")
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


def all_images(pages: Iterator[ImagePage]) -> list[Any]:
    return [image for page in pages for image in page]
