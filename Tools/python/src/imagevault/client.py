"""The synchronous client, with nothing but the standard library."""

from __future__ import annotations

import copy
import http.client
import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from . import _wire
from ._bearer import Token, masked, token_text
from ._context import Context
from ._pool import Pool, UnixConnection
from ._stream import Answer, ImageStream
from ._upload import Body, Data
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

T = TypeVar("T")


class Vault:
    """A vault's images socket. Any thread may use it; it follows its process through a fork.

    `path` is the socket; without it, `$IMAGEVAULT_DIR/images.sock` or
    `/run/imagevault/images.sock`. `timeout` counts seconds of waiting at each step. `token` is
    an access token, or a function that gives the one of the moment: it is asked for each request.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        timeout: float | None = _wire.TIMEOUT_SECONDS,
        connections: int = _wire.IDLE_CONNECTIONS,
        token: Token | None = None,
    ) -> None:
        token = masked(token)
        self.path = _wire.socket_path(path)
        self._pool = Pool(self.path, timeout, connections)
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
        """The same vault, asked for somebody: the log has them as pseudonyms.

        `actor` is the backend's word for a person, such as ``user:8421``; `ip` and `agent` are
        that person's address and browser; `traceparent` is the W3C's header. What is not given
        is not asserted. Nothing is permitted or refused because of it.
        """
        return self._view(self._context.on_behalf(actor, ip, agent, traceparent))

    def within(self, seconds: float | None) -> Self:
        """The same vault, with a deadline for each answer's begin.

        What is not done by then is abandoned, and :class:`~imagevault.DeadlineExceeded` is
        raised; what is done is answered. None takes the deadline away.
        """
        return self._view(self._context.within(seconds))

    def _view(self, context: Context) -> Self:
        view = copy.copy(self)
        view._context, view._is_view = context, True
        return view

    # Images

    def put(
        self,
        data: Data,
        name: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        length: int | None = None,
        content_type: str | None = None,
        sha256: str | None = None,
    ) -> Image:
        """Stores an image under a claim, and returns when it is on disk.

        `data` is bytes, a file opened for reading bytes, or an iterable of bytes, which is sent
        as it comes. `length` tells its size where only the caller knows it. With `sha256`, in
        hexadecimal digits, the vault refuses other bytes. An iterable that raises, or that ends
        early, stores nothing.
        """
        request = _wire.put_request(name, job, owner, content_type, sha256)
        return self._json(request, 201, Image.from_json, Body(data, length))

    def inspect(
        self,
        data: Data,
        name: str | None = None,
        *,
        length: int | None = None,
        content_type: str | None = None,
    ) -> Inspection:
        """What storing an image would come to; nothing is stored, and a refusal is an answer.

        Without `name` the name is not judged. `data` and `length` are as for :meth:`put`.
        """
        request = _wire.inspect_request(name, content_type)
        return self._json(request, 200, Inspection.from_json, Body(data, length))

    def get(
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
        with self.open(
            image,
            job=job,
            owner=owner,
            start=start,
            stop=stop,
            if_none_match=if_none_match,
            ticket=ticket,
        ) as stream:
            return stream.read()

    def open(
        self,
        image: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        if_none_match: str | None = None,
        ticket: str | None = None,
    ) -> ImageStream:
        """The image, to be read piece by piece; raises before the first byte is wanted.

        `start` and `stop` as for :meth:`get`. `if_none_match` is the header of that name, as a
        browser sends it: :class:`~imagevault.NotModified` is raised where it names the image.
        A `ticket` stands in place of this vault's token, and has its own claim: `job` and `owner`
        are not looked at. A request with one is never sent twice.
        """
        ticket = masked(ticket)
        part = Part(start, stop)
        answer = self._ask(_wire.read_request(image, job, owner, part, if_none_match, ticket))
        try:
            if answer.head.status == 304 and if_none_match is not None:
                answer.done(True)
                raise NotModified()
            if answer.head.status not in (200, 206 if part.headers else 200):
                raise _wire.problem(answer.head, self._whole(answer))
            return ImageStream(image, part, answer)
        except AnswerNotUnderstood:
            answer.done(False)
            raise

    def stream(
        self,
        image: str,
        *,
        job: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        ticket: str | None = None,
    ) -> Iterator[bytes]:
        """The image's bytes, piece by piece; asks when the first one is wanted."""
        ticket = masked(ticket)
        with self.open(
            image, job=job, owner=owner, start=start, stop=stop, ticket=ticket
        ) as stream:
            yield from stream

    def metadata(self, image: str, *, job: str | None = None, owner: str | None = None) -> Image:
        """What the answer to the upload said."""
        request = _wire.image_request("GET", image, job, owner, "/metadata")
        return self._json(request, 200, Image.from_json)

    def ticket(
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
        return self._json(request, 201, Ticket.from_json, Body(body, None))

    def delete(self, image: str, *, job: str | None = None, owner: str | None = None) -> Dropped:
        """Drops exactly this claim; the last one erases the image. Never sent twice."""
        return self._json(
            _wire.image_request("DELETE", image, job, owner), 200, Dropped.from_json
        )

    def erase(
        self, *, job: str | None = None, owner: str | None = None, key: str | None = None
    ) -> Erasure:
        """Begins to erase all that an owner, a job, or both together claim now.

        An image goes with its last claim; what others claim stays, and so does what is held. The
        receipt says how far it is. Under the same `key` it begins once within 24 hours.
        """
        request = _wire.erase_request(job, owner, key)
        return self._json(request, 202, Erasure.from_json)

    def receipt(self, receipt: str) -> Receipt:
        """How far an erasure is now, with the signed note."""
        return self._json(_wire.receipt_request(receipt), 200, Receipt.from_json)

    def receipts(
        self, *, after: str | None = None, limit: int | None = None
    ) -> Iterator[ReceiptPage]:
        """Pages of receipts, newest first, each asked for when it is wanted."""
        while True:
            request = _wire.receipts_request(after, limit)
            page = self._json(request, 200, ReceiptPage.from_json)
            yield page
            if page.next is None:
                return
            if page.next == after:
                raise AnswerNotUnderstood("A page names itself as the next one.", 200)
            after = page.next

    def page(
        self,
        *,
        job: str | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> ImagePage:
        """One page of claims; `after` is the `next` of the page before."""
        request = _wire.list_request(job, owner, after, limit)
        return self._json(request, 200, ImagePage.from_json)

    def list(
        self,
        *,
        job: str | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ImagePage]:
        """Pages of claims, each asked for when it is wanted; `limit` is the size of a page."""
        while True:
            page = self.page(job=job, owner=owner, after=after, limit=limit)
            yield page
            if page.next is None:
                return
            if page.next == after:
                raise AnswerNotUnderstood("A page names itself as the next one.", 200)
            after = page.next

    def images(self, *, job: str | None = None, owner: str | None = None) -> Iterator[Image]:
        """Every claim, through all pages."""
        for page in self.list(job=job, owner=owner, limit=1000):
            yield from page

    # The backend's own people

    def report_attempt(
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
        return self._json(request, 200, Decision.from_json, Body(body, None))

    def decision(self, *, client: str | None = None, actor: str | None = None) -> Decision:
        """What is to become of an attempt of theirs now; nothing is counted."""
        return self._json(_wire.blocks_request(client, actor), 200, Decision.from_json)

    def check_limit(
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
        return self._json(request, 200, LimitCheck.from_json, Body(body, None))

    # The service

    def health(self) -> ServiceState:
        """Whether the process answers."""
        return self._json(_wire.service_request("health"), 200, ServiceState.from_json)

    def ready(self) -> ServiceState:
        """Whether the vault can serve; raises :class:`~imagevault.VaultSealed` and the like."""
        return self._json(_wire.service_request("ready"), 200, ServiceState.from_json)

    def version(self) -> Version:
        return self._json(_wire.service_request("version"), 200, Version.from_json)

    def whoami(self) -> WhoAmI:
        """Who the vault takes this process for."""
        return self._json(_wire.service_request("whoami"), 200, WhoAmI.from_json)

    def close(self) -> None:
        """Closes the idle connections; from :meth:`on_behalf` and the like, nothing."""
        if not self._is_view:
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The exchange

    def _json(
        self,
        request: Request,
        expected: int,
        parse: Callable[[dict[str, Any]], T],
        body: Body | None = None,
    ) -> T:
        answer = self._ask(request, body)
        return _wire.decoded(answer.head, self._whole(answer), expected, parse)

    def _ask(self, request: Request, body: Body | None = None) -> Answer:
        context = self._context
        token = token_text(context.token) if context.shows_token(request) else None
        return self._exchange(context.applied(request, token), body)

    def _whole(self, answer: Answer) -> bytes:
        """The answer's body, bounded; the connection is given back or closed."""
        pieces: list[bytes] = []
        complete = False
        try:
            left = answer.head.length()
            if left > _wire.JSON_BYTES:
                raise AnswerNotUnderstood("It is far too long.", answer.head.status)
            while left > 0:
                piece = answer.read(min(left, CHUNK_BYTES))
                if not piece:
                    raise unreachable(self.path)
                pieces.append(piece)
                left -= len(piece)
            complete = True
        finally:
            answer.done(complete)
        return b"".join(pieces)

    def _exchange(self, request: Request, body: Body | None) -> Answer:
        """Sends a request, and gives the answer up to its head.

        It is sent a second time only when it met a kept connection that gave not one byte.
        """
        connection = self._pool.take()
        try:
            return self._attempt(connection, request, body)
        except _NoAnswer as error:
            connection.close()
            repeatable = request.is_repeatable and (body is None or body.is_repeatable)
            if not connection.reused or not repeatable:
                raise unreachable(self.path, error.cause) from error.cause
        connection = self._pool.take(fresh=True)
        try:
            return self._attempt(connection, request, body)
        except _NoAnswer as error:
            raise unreachable(self.path, error.cause) from error.cause

    def _attempt(
        self, connection: UnixConnection, request: Request, body: Body | None
    ) -> Answer:
        kept = False
        try:
            broken = self._send(connection, request, body)
            head, response = self._receive(connection, broken)
            kept = True
        finally:
            if not kept:
                connection.close()
        return _SocketAnswer(head, response, connection, self._pool, broken is None)

    def _send(
        self, connection: UnixConnection, request: Request, body: Body | None
    ) -> OSError | None:
        """Sends everything; what broke the sending is returned, for an answer may be there."""
        try:
            if connection.sock is None:
                connection.connect()
        except OSError as error:
            raise unreachable(self.path, error) from error
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        chunked = body is not None and body.length is None
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None:
            connection.putheader("Content-Length", str(body.length))
        try:
            connection.send_head()
        except TimeoutError as error:
            raise VaultTimeout(self.path) from error
        except OSError as error:
            return error
        if body is None:
            return None
        for piece in body.pieces():
            if not piece:
                continue
            # Only the socket's errors are caught: the source's own belong to the caller.
            if (failure := self._write(connection, piece, chunked)) is not None:
                return failure
        return self._write(connection, memoryview(b""), True) if chunked else None

    def _write(
        self, connection: UnixConnection, piece: memoryview, chunked: bool
    ) -> OSError | None:
        try:
            if chunked:
                connection.send(b"%x\r\n" % len(piece))
            if piece:
                connection.send(piece)
            if chunked:
                connection.send(b"\r\n")
        except TimeoutError as error:
            raise VaultTimeout(self.path) from error
        except OSError as error:
            return error
        return None

    def _receive(
        self, connection: UnixConnection, broken: OSError | None
    ) -> tuple[Head, http.client.HTTPResponse]:
        try:
            response = connection.getresponse()
        except TimeoutError as error:
            raise VaultTimeout(self.path) from error
        except http.client.RemoteDisconnected as error:
            raise _NoAnswer(broken or error) from error
        except OSError as error:
            raise _NoAnswer(broken or error) from error
        except (http.client.HTTPException, ValueError) as error:
            if broken is not None:
                raise _NoAnswer(broken) from error
            raise AnswerNotUnderstood("It is not HTTP/1.1.") from error
        head = Head.of(response.status, response.headers.items())
        if response.headers.defects or response.version != 11:
            response.close()
            raise AnswerNotUnderstood("Its headers are broken.", response.status)
        return head, response


class _NoAnswer(Exception):
    """A connection ended without one byte of an answer."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _SocketAnswer:
    def __init__(
        self,
        head: Head,
        response: http.client.HTTPResponse,
        connection: UnixConnection,
        pool: Pool,
        sent: bool,
    ) -> None:
        self.head = head
        self._response = response
        self._connection = connection
        self._pool = pool
        self._reusable = sent and not response.will_close

    def read(self, count: int) -> bytes:
        try:
            return self._response.read(count)
        except TimeoutError as error:
            raise VaultTimeout(self._connection.path) from error
        except (OSError, http.client.HTTPException, ValueError):
            return b""

    def done(self, reusable: bool) -> None:
        self._response.close()
        if reusable and self._reusable:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
