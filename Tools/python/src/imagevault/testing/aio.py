"""The asynchronous fake."""

from __future__ import annotations

import os

from .._bearer import AsyncToken
from .._stream import AsyncAnswer
from .._upload import AsyncBody
from .._wire import Request
from ..aio import AsyncVault
from . import FakeControls, _FakeAnswer
from ._limits import IMAGE_BYTES
from ._store import Store

__all__ = ["AsyncFakeVault"]


class AsyncFakeVault(AsyncVault, FakeControls):
    """A vault in memory; given the `store` of another fake, it shows the same images."""

    def __init__(
        self, store: Store | None = None, *, limit: int = IMAGE_BYTES, token: AsyncToken | None = None
    ) -> None:
        super().__init__(os.devnull, token=token)
        self.store = Store(limit) if store is None else store

    async def _exchange(self, request: Request, body: AsyncBody | None) -> AsyncAnswer:
        data = None if body is None else b"".join([piece async for piece in body.pieces()])
        return _AsyncFakeAnswer(_FakeAnswer(self.store.answer(request, data)))


class _AsyncFakeAnswer:
    def __init__(self, answer: _FakeAnswer) -> None:
        self.head = answer.head
        self._answer = answer

    async def read(self, count: int) -> bytes:
        return self._answer.read(count)

    def done(self, reusable: bool) -> None:
        self._answer.done(reusable)
