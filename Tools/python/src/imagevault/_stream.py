"""Images while they are read. An iterator of an image ends after its last byte, or raises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Protocol, Self

from . import _wire
from ._wire import CHUNK_BYTES, Head, Part
from .transport import IncompleteAnswer


class Answer(Protocol):
    """An answer whose body is still to be read."""

    head: Head

    def read(self, count: int) -> bytes:
        """At most `count` bytes; nothing at the end."""

    def done(self, reusable: bool) -> None:
        """Gives the connection back, or closes it."""


class AsyncAnswer(Protocol):
    """An answer whose body is still to be read."""

    head: Head

    async def read(self, count: int) -> bytes:
        """At most `count` bytes; nothing at the end."""

    def done(self, reusable: bool) -> None:
        """Gives the connection back, or closes it."""


class StreamHead:
    """What is known of an image before its bytes."""

    def __init__(self, image: str, part: Part, head: Head) -> None:
        self.id = image
        #: Where the first byte is in the image: 0, but for a part.
        self.start, self.total = part.place(head)
        #: Bytes to come; `total` of the whole image.
        self.size = head.length()
        self.media_type = head.one("content-type") or "application/octet-stream"
        self.name = _wire.disposition_name(head.one("content-disposition"))
        #: Names the bytes; what `if_none_match` takes.
        self.etag = f'"{image}"'
        self._left = self.size


class ImageStream(StreamHead):
    """An image while it is read: a context manager, and an iterator of its bytes.

    The iterator ends after the last byte and never before: a body that is cut short raises
    :class:`~imagevault.IncompleteAnswer`, which is an :class:`~imagevault.ImageDamaged`.
    """

    _answer: Answer | None = None

    def __init__(self, image: str, part: Part, answer: Answer) -> None:
        super().__init__(image, part, answer.head)
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self.read_piece()
        if not piece:
            raise StopIteration
        return piece

    def read_piece(self, count: int = CHUNK_BYTES) -> bytes:
        """The next bytes; nothing after the last one."""
        if self._left == 0:
            self._finish(reusable=True)
            return b""
        if self._answer is None:
            raise ValueError("the image was closed before its end")
        try:
            piece = self._answer.read(min(count, self._left))
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

    def read(self) -> bytes:
        """All that is left."""
        return b"".join(self)

    def close(self) -> None:
        """Ends the reading; a connection with bytes left is closed."""
        self._finish(reusable=self._left == 0)

    def _finish(self, *, reusable: bool) -> None:
        if self._answer is not None:
            self._answer.done(reusable)
            self._answer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._answer is not None:
            self.close()


class AsyncImageStream(StreamHead):
    """An image while it is read: an async context manager, and an async iterator of its bytes.

    The iterator ends after the last byte and never before: a body that is cut short raises
    :class:`~imagevault.IncompleteAnswer`, which is an :class:`~imagevault.ImageDamaged`.
    """

    _answer: AsyncAnswer | None = None

    def __init__(self, image: str, part: Part, answer: AsyncAnswer) -> None:
        super().__init__(image, part, answer.head)
        self._answer = answer

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
