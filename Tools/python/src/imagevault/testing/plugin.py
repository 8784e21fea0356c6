"""Fixtures for pytest; loaded by itself once the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import FakeVault
    from .aio import AsyncFakeVault


@pytest.fixture
def fake_vault() -> Iterator[FakeVault]:
    """An empty vault in memory."""
    from . import FakeVault

    with FakeVault() as vault:
        yield vault


@pytest.fixture
def async_fake_vault(fake_vault: FakeVault) -> AsyncFakeVault:
    """The same vault as `fake_vault`, for asynchronous code."""
    from .aio import AsyncFakeVault

    return AsyncFakeVault(fake_vault.store)
