"""The asynchronous client, on aiohttp: ``pip install imagevault[async]``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import SimpleNamespace, TracebackType
from typing import Any, Protocol, Self, TypeVar

import aiohttp

from . import _wire
from ._wire import CHUNK_BYTES, Head, Request
from .client import Body
from .models import Dropped, Image, ImagePage, ServiceState, Version, WhoAmI
from .transport import AnswerNotUnderstood, IncompleteAnswer, VaultTimeout, unreachable

T = TypeVar("T")

#: What an upload may be made from: bytes, a binary file, or an iterable of bytes of either kind.
AsyncData = bytes | bytearray | memoryview | AsyncIterable[bytes] | Iterable[bytes] | Any


class AsyncAnswer(Protocol):
    """An answer whose body is still to be read."""

    head: Head

    async def read(self, count: int) -> bytes:
        """At most `count` bytes; nothing at the end."""

    def done(self, reusable: bool) -> None:
        """Gives the connection back, or closes it."""


class AsyncBody:
    """An upload's bytes, in pieces; files are read on other threads."""

    def __init__(self, data: AsyncData, length: int | None) -> None:
        self._iterable: AsyncIterable[bytes] | None = None
        self._body: Body | None = None
        self._used = False
        #: What the source raised: it belongs to the caller, and aiohttp would hide it.
        self.failure: BaseException | None = None
        if isinstance(data, AsyncIterable):
            self._iterable = data
            self.length = length
        else:
            self._body = Body(data, length)
            self.length = self._body.length

    @property
    def is_repeatable(self) -> bool:
        return self._body.is_repeatable if self._body is not None else not self._used

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes; raises where they are not as many as was said."""
        self._used = True
        try:
            async for piece in self._counted() if self._iterable else self._threaded():
                yield piece
        except Exception as error:
            self.failure = error
            raise

    async def _counted(self) -> AsyncIterator[bytes]:
        assert self._iterable is not None
        count = 0
        async for piece in self._iterable:
            view = memoryview(piece).cast("B")
            count += len(view)
            if self.length is not None and count > self.length:
                raise ValueError(f"the upload has more than the {self.length} bytes announced")
            for start in range(0, len(view), CHUNK_BYTES):
                yield bytes(view[start : start + CHUNK_BYTES])
        if self.length is not None and count < self.length:
            raise ValueError(f"the upload has {count} of the {self.length} bytes announced")

    async def _threaded(self) -> AsyncIterator[bytes]:
        assert self._body is not None
        pieces = self._body.pieces()
        if self._body.is_in_memory:
            for view in pieces:
                yield bytes(view)
            return
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield bytes(piece)


class AsyncImageStream:
    """An image while it is read: an async context manager, and an async iterator of its bytes.

    The iterator ends after the last byte and never before: a body that is cut short raises
    :class:`~imagevault.IncompleteAnswer`, which is an :class:`~imagevault.ImageDamaged`.
    """

    def __init__(self, image: str, answer: AsyncAnswer) -> None:
        self._answer: AsyncAnswer | None = answer
        self._left = answer.head.length()
        self.id = image
        self.size = self._left
        self.media_type = answer.head.one("content-type") or "application/octet-stream"
        self.name = _wire.disposition_name(answer.head.one("content-disposition"))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read_piece()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read_piece(self, count: int = CHUNK_BYTES) -> bytes:
        """The next bytes; nothing after the last one."""
        if self._left == 0:
            self._finish(reusable=True)
            return b""
        if self._answer is None:
            raise ValueError("the image was closed before its end")
        try:
            piece = await self._answer.read(min(count, self._left))
        except BaseException:
            self._finish(reusable=False)
            raise
        if not piece:
            self._finish(reusable=False)
            raise IncompleteAnswer(self.size - self._left, self.size)
        self._left -= len(piece)
        if self._left == 0:
            self._finish(reusable=True)
        return piece

    async def read(self) -> bytes:
        """All that is left."""
        return b"".join([piece async for piece in self])

    async def close(self) -> None:
        """Ends the reading; a connection with bytes left is closed."""
        self._finish(reusable=self._left == 0)

    def _finish(self, *, reusable: bool) -> None:
        if self._answer is not None:
            self._answer.done(reusable)
            self._answer = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncVault:
    """A vault's images socket, for one event loop.

    `path` is the socket; without it, `$IMAGEVAULT_DIR/images.sock` or
    `/run/imagevault/images.sock`. `timeout` counts seconds of waiting at each step;
    `connections` bounds the requests under way at once.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        timeout: float | None = _wire.TIMEOUT_SECONDS,
        connections: int = 64,
    ) -> None:
        self.path = _wire.socket_path(path)
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=timeout, sock_read=timeout
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    # Images

    async def put(
        self,
        data: AsyncData,
        name: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        length: int | None = None,
        content_type: str | None = None,
    ) -> Image:
        """Stores an image under a claim, and returns when it is on disk.

        `data` is bytes, a file opened for reading bytes, or an iterable of bytes, plain or
        async, which is sent as it comes. `length` tells its size where only the caller knows
        it. An iterable that raises, or that ends early, stores nothing.
        """
        request = _wire.put_request(name, job, owner, content_type)
        return await self._json(request, 201, Image.from_json, AsyncBody(data, length))

    async def get(self, image: str, *, job: str | None = None, owner: str | None = None) -> bytes:
        """The image's bytes, whole."""
        async with await self.open(image, job=job, owner=owner) as stream:
            return await stream.read()

    async def open(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> AsyncImageStream:
        """The image, to be read piece by piece: ``async with await vault.open(id) as image``."""
        answer = await self._exchange(_wire.image_request("GET", image, job, owner), None)
        try:
            if answer.head.status != 200:
                raise _wire.problem(answer.head, await self._whole(answer))
            return AsyncImageStream(image, answer)
        except AnswerNotUnderstood:
            answer.done(False)
            raise

    async def stream(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> AsyncIterator[bytes]:
        """The image's bytes, piece by piece; asks when the first one is wanted."""
        async with await self.open(image, job=job, owner=owner) as stream:
            async for piece in stream:
                yield piece

    async def metadata(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> Image:
        """What the answer to the upload said."""
        request = _wire.image_request("GET", image, job, owner, "/metadata")
        return await self._json(request, 200, Image.from_json)

    async def delete(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> Dropped:
        """Drops exactly this claim; the last one erases the image. Never sent twice."""
        request = _wire.image_request("DELETE", image, job, owner)
        return await self._json(request, 200, Dropped.from_json)

    async def page(
        self,
        *,
        job: str | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> ImagePage:
        """One page of claims; `after` is the `next` of the page before."""
        request = _wire.list_request(job, owner, after, limit)
        return await self._json(request, 200, ImagePage.from_json)

    async def list(
        self,
        *,
        job: str | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[ImagePage]:
        """Pages of claims, each asked for when it is wanted; `limit` is the size of a page."""
        while True:
            page = await self.page(job=job, owner=owner, after=after, limit=limit)
            yield page
            if page.next is None:
                return
            if page.next == after:
                raise AnswerNotUnderstood("A page names itself as the next one.", 200)
            after = page.next

    async def images(
        self, *, job: str | None = None, owner: str | None = None
    ) -> AsyncIterator[Image]:
        """Every claim, through all pages."""
        async for page in self.list(job=job, owner=owner, limit=1000):
            for image in page:
                yield image

    # The service

    async def health(self) -> ServiceState:
        """Whether the process answers."""
        return await self._json(_wire.service_request("health"), 200, ServiceState.from_json)

    async def ready(self) -> ServiceState:
        """Whether the vault can serve; raises :class:`~imagevault.VaultSealed` and the like."""
        return await self._json(_wire.service_request("ready"), 200, ServiceState.from_json)

    async def version(self) -> Version:
        return await self._json(_wire.service_request("version"), 200, Version.from_json)

    async def whoami(self) -> WhoAmI:
        """Who the vault takes this process for."""
        return await self._json(_wire.service_request("whoami"), 200, WhoAmI.from_json)

    async def close(self) -> None:
        """Closes all connections."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # The exchange

    async def _json(
        self,
        request: Request,
        expected: int,
        parse: Callable[[dict[str, Any]], T],
        body: AsyncBody | None = None,
    ) -> T:
        answer = await self._exchange(request, body)
        return _wire.decoded(answer.head, await self._whole(answer), expected, parse)

    async def _whole(self, answer: AsyncAnswer) -> bytes:
        """The answer's body, bounded; the connection is given back or closed."""
        pieces: list[bytes] = []
        complete = False
        try:
            left = answer.head.length()
            if left > _wire.JSON_BYTES:
                raise AnswerNotUnderstood("It is far too long.", answer.head.status)
            while left > 0:
                piece = await answer.read(min(left, CHUNK_BYTES))
                if not piece:
                    raise unreachable(self.path)
                pieces.append(piece)
                left -= len(piece)
            complete = True
        finally:
            answer.done(complete)
        return b"".join(pieces)

    async def _exchange(self, request: Request, body: AsyncBody | None) -> AsyncAnswer:
        """Sends a request, and gives the answer up to its head.

        It is sent a second time only when it met a kept connection that gave not one byte.
        """
        while True:
            attempt = _Attempt()
            try:
                return await self._attempt(request, body, attempt)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if body is not None and body.failure is not None:
                    raise body.failure from None
                # aiohttp drops the connection that failed, so this ends with the kept ones.
                repeatable = request.is_repeatable and (body is None or body.is_repeatable)
                if not attempt.reused or not repeatable:
                    raise _translated(self.path, error) from error
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                if body is not None and body.failure is not None:
                    raise body.failure from None
                raise _translated(self.path, error) from error

    async def _attempt(
        self, request: Request, body: AsyncBody | None, attempt: _Attempt
    ) -> AsyncAnswer:
        headers = list(request.headers)
        if body is not None and body.length is not None:
            headers.append(("Content-Length", str(body.length)))
        # An empty upload has a length and no body.
        pieces = None if body is None or body.length == 0 else body.pieces()
        response = await self._open_session().request(
            request.method,
            f"http://vault{request.target}",
            data=pieces,
            headers=headers,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            middlewares=(attempt.once,),
            trace_request_ctx=attempt,
        )
        values = [(name.decode(), value.decode("latin-1")) for name, value in response.raw_headers]
        return _HTTPAnswer(Head.of(response.status, values), response, self.path)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the vault client is closed")
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(
                    self.path, limit=self._connections, keepalive_timeout=_wire.IDLE_SECONDS
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trace_configs=[trace],
            )
        return self._session


class _Attempt:
    """One sending of a request: aiohttp's own second try is turned off, ours is explicit."""

    def __init__(self) -> None:
        self.reused = False
        self._error: Exception | None = None

    async def once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self._error is not None:
            raise self._error
        try:
            return await handler(request)
        except Exception as error:
            self._error = error
            raise


async def _note_reuse(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    parameters: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    context.trace_request_ctx.reused = True


def _translated(path: str, error: Exception) -> Exception:
    """The package's exception for one of aiohttp's."""
    if isinstance(error, TimeoutError):
        return VaultTimeout(path)
    if isinstance(error, aiohttp.ClientConnectorError):
        return unreachable(path, error.os_error)
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return AnswerNotUnderstood("It is not HTTP/1.1.")
    return unreachable(path, error)


class _HTTPAnswer:
    def __init__(self, head: Head, response: aiohttp.ClientResponse, path: str) -> None:
        self.head = head
        self._response = response
        self._path = path

    async def read(self, count: int) -> bytes:
        try:
            return await self._response.content.read(count)
        except TimeoutError as error:
            raise VaultTimeout(self._path) from error
        except (aiohttp.ClientError, OSError, ValueError):
            return b""

    def done(self, reusable: bool) -> None:
        # A connection whose answer was not read to its end is closed by either.
        if reusable and self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()
