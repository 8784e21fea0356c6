"""For the tests of the package's users: a vault in memory, with the client's own interface.

:class:`FakeVault` is a :class:`imagevault.Vault`, and goes through the same code up to the socket;
`AsyncFakeVault` in :mod:`imagevault.testing.aio` is its asynchronous sibling. With pytest, the
fixtures `fake_vault` and `async_fake_vault` are there once the package is installed.
"""

from __future__ import annotations

import os

from .._base import VaultError
from .._bearer import Token
from .._stream import Answer
from .._upload import Body
from .._wire import Head, Request
from ..client import Vault
from ._limits import IMAGE_BYTES
from ._store import Store, StoredAnswer

__all__ = ["FakeControls", "FakeVault"]


class FakeControls:
    """What a test can do to a fake."""

    store: Store

    def damage(self, image: str, at: int = 0) -> None:
        """Breaks the stored bytes at an offset; as in the vault, frames before it still come."""
        self.store.damage(image, at)

    def seal(self) -> None:
        self.store.sealed = True

    def unseal(self) -> None:
        self.store.sealed = False

    def pass_time(self, seconds: float) -> None:
        """Makes its tickets older."""
        self.store.pass_time(seconds)

    def fail_next(self, error: VaultError) -> None:
        """Answers the next request with `error`; several stand in a queue."""
        self.store.failures.append(error)

    @property
    def context(self) -> dict[str, str]:
        """What the newest request said beside its question: `Vault-Actor`, `Vault-Client`,
        `traceparent`, `Vault-Timeout-Ms`."""
        return dict(self.store.context)


class FakeVault(Vault, FakeControls):
    """A vault in memory. It keeps the rules of claims, and judges images by their ends only.

    It takes every access token that has the form of one.
    """

    def __init__(
        self, store: Store | None = None, *, limit: int = IMAGE_BYTES, token: Token | None = None
    ) -> None:
        super().__init__(os.devnull, token=token)
        self.store = Store(limit) if store is None else store

    def _exchange(self, request: Request, body: Body | None) -> Answer:
        data = None if body is None else b"".join(body.pieces())
        return _FakeAnswer(self.store.answer(request, data))


class _FakeAnswer:
    def __init__(self, answer: StoredAnswer) -> None:
        self.head: Head = answer.head
        self._rest = memoryview(answer.body)[: answer.cut]

    def read(self, count: int) -> bytes:
        piece, self._rest = bytes(self._rest[:count]), self._rest[count:]
        return piece

    def done(self, reusable: bool) -> None:
        self._rest = self._rest[:0]
