"""The asynchronous client, on aiohttp: ``pip install imagevault[async]``."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace, TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from . import _wire
from ._bearer import AsyncToken, awaited_token_text, masked
from ._context import Context
from ._stream import AsyncAnswer, AsyncImageStream
from ._upload import AsyncBody, AsyncData
from ._wire import CHUNK_BYTES, Head, Part, Request
from .models import (
    Decision,
    Dropped,
    Erasure,
    Image,
    ImagePage,
    Inspection,
    LimitCheck,
    Receipt,
    ReceiptPage,
    ServiceState,
    Ticket,
    Version,
    WhoAmI,
)
from .transport import AnswerNotUnderstood, NotModified, VaultTimeout, unreachable

__all__ = ["AsyncImageStream", "AsyncVault"]

T = TypeVar("T")


class AsyncVault:
    """A vault's images socket, for one event loop.

    `path` is the socket; without it, `$IMAGEVAULT_DIR/images.sock` or
    `/run/imagevault/images.sock`. `timeout` counts seconds of waiting at each step;
    `connections` bounds the requests under way at once. `token` is as for
    :class:`imagevault.Vault`; a function that waits is async.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        timeout: float | None = _wire.TIMEOUT_SECONDS,
        connections: int = 64,
        token: AsyncToken | None = None,
    ) -> None:
        token = masked(token)
        self.path = _wire.socket_path(path)
        self._sessions = _Sessions(self.path, timeout, connections)
        self._context = Context(token=token)
        self._is_view = False

    # On whose behalf, and how long

    def on_behalf(
        self,
        actor: str | None = None,
        *,
        ip: str | None = None,
        agent: str | None = None,
        traceparent: str | None = None,
    ) -> Self:
        """The same vault, asked for somebody: see :meth:`imagevault.Vault.on_behalf`."""
        return self._view(self._context.on_behalf(actor, ip, agent, traceparent))

    def within(self, seconds: float | None) -> Self:
        """The same vault, with a deadline: see :meth:`imagevault.Vault.within`."""
        return self._view(self._context.within(seconds))

    def _view(self, context: Context) -> Self:
        view = copy.copy(self)
        view._context, view._is_view = context, True
        return view

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
        sha256: str | None = None,
    ) -> Image:
        """Stores an image under a claim, and returns when it is on disk.

        `data` is bytes, a file opened for reading bytes, or an iterable of bytes, plain or
        async, which is sent as it comes. `length` tells its size where only the caller knows
        it. With `sha256`, in hexadecimal digits, the vault refuses other bytes. An iterable
        that raises, or that ends early, stores nothing.
        """
        request = _wire.put_request(name, job, owner, content_type, sha256)
        return await self._json(request, 201, Image.from_json, AsyncBody(data, length))

    async def inspect(
        self,
        data: AsyncData,
        name: str | None = None,
        *,
        length: int | None = None,
        content_type: str | None = None,
    ) -> Inspection:
        """What storing an image would come to; nothing is stored, and a refusal is an answer.

        Without `name` the name is not judged. `data` and `length` are as for :meth:`put`.
        """
        request = _wire.inspect_request(name, content_type)
        return await self._json(request, 200, Inspection.from_json, AsyncBody(data, length))

    async def get(
        self,
        image: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        if_none_match: str | None = None,
        ticket: str | None = None,
    ) -> bytes:
        """The image's bytes, whole; or those from `start` to before `stop`, as a slice has them."""
        ticket = masked(ticket)
        async with await self.open(
            image,
            job=job,
            owner=owner,
            start=start,
            stop=stop,
            if_none_match=if_none_match,
            ticket=ticket,
        ) as stream:
            return await stream.read()

    async def open(
        self,
        image: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        if_none_match: str | None = None,
        ticket: str | None = None,
    ) -> AsyncImageStream:
        """The image, to be read piece by piece: ``async with await vault.open(id) as image``.

        `start` and `stop` as for :meth:`get`. `if_none_match` is the header of that name, as a
        browser sends it: :class:`~imagevault.NotModified` is raised where it names the image.
        A `ticket` stands in place of this vault's token, and has its own claim: `job` and `owner`
        are not looked at. A request with one is never sent twice.
        """
        ticket = masked(ticket)
        part = Part(start, stop)
        answer = await self._ask(_wire.read_request(image, job, owner, part, if_none_match, ticket))
        try:
            if answer.head.status == 304 and if_none_match is not None:
                answer.done(True)
                raise NotModified()
            if answer.head.status not in (200, 206 if part.headers else 200):
                raise _wire.problem(answer.head, await self._whole(answer))
            return AsyncImageStream(image, part, answer)
        except AnswerNotUnderstood:
            answer.done(False)
            raise

    async def stream(
        self,
        image: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        ticket: str | None = None,
    ) -> AsyncIterator[bytes]:
        """The image's bytes, piece by piece; asks when the first one is wanted."""
        ticket = masked(ticket)
        async with await self.open(
            image, job=job, owner=owner, start=start, stop=stop, ticket=ticket
        ) as stream:
            async for piece in stream:
                yield piece

    async def metadata(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> Image:
        """What the answer to the upload said."""
        request = _wire.image_request("GET", image, job, owner, "/metadata")
        return await self._json(request, 200, Image.from_json)

    async def ticket(
        self,
        image: str,
        *,
        reads: int = 1,
        seconds: int = 300,
        job: str | None = None,
        owner: str | None = None,
    ) -> Ticket:
        """Lets whoever has the ticket read this image, a few times, for a while; never sent twice.

        It is read under the claim that this finds, and goes with it. Each answer is one reading:
        a part, and :class:`~imagevault.NotModified` too.
        """
        request, body = _wire.ticket_request(image, reads, seconds, job, owner)
        return await self._json(request, 201, Ticket.from_json, AsyncBody(body, None))

    async def delete(
        self, image: str, *, job: str | None = None, owner: str | None = None
    ) -> Dropped:
        """Drops exactly this claim; the last one erases the image. Never sent twice."""
        request = _wire.image_request("DELETE", image, job, owner)
        return await self._json(request, 200, Dropped.from_json)

    async def erase(
        self, *, job: str | None = None, owner: str | None = None, key: str | None = None
    ) -> Erasure:
        """Begins to erase all that an owner, a job, or both together claim now.

        An image goes with its last claim; what others claim stays, and so does what is held. The
        receipt says how far it is. Under the same `key` it begins once within 24 hours.
        """
        request = _wire.erase_request(job, owner, key)
        return await self._json(request, 202, Erasure.from_json)

    async def receipt(self, receipt: str) -> Receipt:
        """How far an erasure is now, with the signed note."""
        return await self._json(_wire.receipt_request(receipt), 200, Receipt.from_json)

    async def receipts(
        self, *, after: str | None = None, limit: int | None = None
    ) -> AsyncIterator[ReceiptPage]:
        """Pages of receipts, newest first, each asked for when it is wanted."""
        while True:
            request = _wire.receipts_request(after, limit)
            page = await self._json(request, 200, ReceiptPage.from_json)
            yield page
            if page.next is None:
                return
            if page.next == after:
                raise AnswerNotUnderstood("A page names itself as the next one.", 200)
            after = page.next

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

    # The backend's own people

    async def report_attempt(
        self,
        success: bool,
        *,
        actor: str | None = None,
        client: str | None = None,
        agent: str | None = None,
        endpoint: str | None = None,
        reason: str | None = None,
    ) -> Decision:
        """Tells of somebody's attempt to prove who he is, and what to do with his next one.

        `actor` is who it was tried as, `client` the address it came from, `agent` the browser;
        what is not given is what :meth:`on_behalf` asserts. `endpoint` and `reason`, such as
        ``wrong_password``, stand in the log in clear. A success that is answered with ``block``
        counts for nothing: do not let him in. Never sent twice.
        """
        request, body = _wire.security_event_request(
            success, actor, client, agent, endpoint, reason
        )
        return await self._json(request, 200, Decision.from_json, AsyncBody(body, None))

    async def decision(self, *, client: str | None = None, actor: str | None = None) -> Decision:
        """What is to become of an attempt of theirs now; nothing is counted."""
        return await self._json(_wire.blocks_request(client, actor), 200, Decision.from_json)

    async def check_limit(
        self,
        key: str,
        cost: int = 1,
        *,
        per_minute: int | None = None,
        burst: int | None = None,
    ) -> LimitCheck:
        """Takes `cost` from a limit of the backend's own, if there is room; never sent twice.

        `key` is what is counted, such as ``search:203.0.113.9``, for all processes of the
        backend. Without `per_minute` and `burst`, which come together, the vault's settings
        say how much.
        """
        request, body = _wire.limit_request(key, cost, per_minute, burst)
        return await self._json(request, 200, LimitCheck.from_json, AsyncBody(body, None))

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
        """Closes all connections; from :meth:`on_behalf` and the like, nothing."""
        if not self._is_view:
            await self._sessions.close()

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
        answer = await self._ask(request, body)
        return _wire.decoded(answer.head, await self._whole(answer), expected, parse)

    async def _ask(self, request: Request, body: AsyncBody | None = None) -> AsyncAnswer:
        context = self._context
        token = await awaited_token_text(context.token) if context.shows_token(request) else None
        return await self._exchange(context.applied(request, token), body)

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
                continue
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                if body is not None and body.failure is not None:
                    raise body.failure from None
                # One of these has the request's headers: a token would be in the report of it.
                cause = None if isinstance(error, aiohttp.ClientResponseError) else error
                failure = _translated(self.path, error)
            raise failure from cause

    async def _attempt(
        self, request: Request, body: AsyncBody | None, attempt: _Attempt
    ) -> AsyncAnswer:
        headers = list(request.headers)
        if body is not None and body.length is not None:
            headers.append(("Content-Length", str(body.length)))
        # An empty upload has a length and no body.
        pieces = None if body is None or body.length == 0 else body.pieces()
        try:
            response = await self._sessions.open().request(
                request.method,
                f"http://vault{request.target}",
                data=pieces,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
                middlewares=(attempt.once,),
                trace_request_ctx=attempt,
            )
        except BaseException as error:
            _forget_frames(error, None if body is None else body.failure)
            raise
        values = [(name.decode(), value.decode("latin-1")) for name, value in response.raw_headers]
        return _HTTPAnswer(Head.of(response.status, values), response, self.path)


class _Sessions:
    """The one session of a vault and of its views, made when it is first wanted."""

    def __init__(self, path: str, timeout: float | None, connections: int) -> None:
        self._path = path
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=timeout, sock_read=timeout
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the vault client is closed")
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(
                    self._path, limit=self._connections, keepalive_timeout=_wire.IDLE_SECONDS
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trace_configs=[trace],
            )
        return self._session

    async def close(self) -> None:
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()


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


def _forget_frames(error: BaseException | None, failure: BaseException | None) -> None:
    """As for :meth:`UnixConnection.send_head`: frames of aiohttp have the head. The source's own failure has none."""
    while error is not None and error is not failure:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


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
