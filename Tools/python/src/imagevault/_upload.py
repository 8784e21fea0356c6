"""Uploads: bytes from memory, files and iterables, counted against what was announced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, cast

from ._wire import CHUNK_BYTES

#: What an upload may be made from: bytes, a binary file, or an iterable of bytes.
Data = bytes | bytearray | memoryview | Iterable[bytes] | Any

#: What an upload may be made from: bytes, a binary file, or an iterable of bytes of either kind.
AsyncData = bytes | bytearray | memoryview | AsyncIterable[bytes] | Iterable[bytes] | Any


class Body:
    """An upload's bytes, in pieces, and how often they can be had."""

    def __init__(self, data: Data, length: int | None) -> None:
        self._view: memoryview | None = None
        self._file: Any = None
        self._start: int | None = None
        self._used = False
        self._pieces: Iterable[bytes] = ()
        self.length = length
        if isinstance(data, str):
            raise TypeError("an upload is bytes, not text")
        if isinstance(data, bytes | bytearray | memoryview):
            self._view = memoryview(data).cast("B")
            if length is not None and length != len(self._view):
                raise ValueError("length is not the number of bytes")
            self.length = len(self._view)
        elif hasattr(data, "read"):
            self._file = file = cast(Any, data)
            if length is None and hasattr(file, "seekable") and file.seekable():
                start: int = file.tell()
                self._start, self.length = start, file.seek(0, os.SEEK_END) - start
                file.seek(start)
        else:
            self._pieces = data

    @property
    def is_repeatable(self) -> bool:
        """Whether :meth:`pieces` gives the same bytes again."""
        return self._view is not None or self._start is not None or not self._used

    @property
    def is_in_memory(self) -> bool:
        return self._view is not None

    def pieces(self) -> Iterator[memoryview]:
        """The bytes; raises where they are not as many as was said."""
        if self._start is not None and self._used:
            self._file.seek(self._start)
        self._used = True
        count = 0
        for piece in self._source():
            view = memoryview(piece).cast("B")
            count += len(view)
            if self.length is not None and count > self.length:
                raise ValueError(f"the upload has more than the {self.length} bytes announced")
            for start in range(0, len(view), CHUNK_BYTES):
                yield view[start : start + CHUNK_BYTES]
        if self.length is not None and count < self.length:
            raise ValueError(f"the upload has {count} of the {self.length} bytes announced")

    def _source(self) -> Iterator[bytes | memoryview]:
        if self._view is not None:
            yield self._view
        elif self._file is not None:
            while piece := self._file.read(CHUNK_BYTES):
                yield piece
        else:
            yield from self._pieces


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
