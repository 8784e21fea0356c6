"""The fake as users' tests see it."""

from __future__ import annotations

import asyncio

import pytest
from pictures import png

import imagevault
from imagevault import Vault
from imagevault.testing import FakeVault
from imagevault.testing.aio import AsyncFakeVault


def test_the_fixture_is_an_empty_vault(fake_vault: FakeVault) -> None:
    assert isinstance(fake_vault, Vault)
    assert list(fake_vault.images()) == []


def test_both_fakes_show_the_same_images(
    fake_vault: FakeVault, async_fake_vault: AsyncFakeVault
) -> None:
    data = png()
    image = fake_vault.put(data, "a.png")
    assert asyncio.run(async_fake_vault.get(image.id)) == data


def test_a_sealed_fake_refuses(fake_vault: FakeVault) -> None:
    image = fake_vault.put(png(), "a.png")
    fake_vault.seal()
    for call in (fake_vault.ready, lambda: fake_vault.get(image.id), fake_vault.page):
        with pytest.raises(imagevault.VaultSealed) as caught:
            call()
        assert caught.value.retryable and caught.value.retry_after == 5.0
    assert fake_vault.health().status == "ok"
    fake_vault.unseal()
    assert fake_vault.get(image.id)


def test_the_next_request_fails_as_told(fake_vault: FakeVault) -> None:
    fake_vault.fail_next(imagevault.StorageFull())
    fake_vault.fail_next(imagevault.VaultOverloaded(retry_after=2.0))
    with pytest.raises(imagevault.StorageFull):
        fake_vault.put(png(), "a.png")
    with pytest.raises(imagevault.VaultOverloaded) as caught:
        fake_vault.page()
    assert caught.value.retry_after == 2.0
    assert fake_vault.put(png(), "a.png").name == "a.png"


def test_a_ticket_gets_old(fake_vault: FakeVault, async_fake_vault: AsyncFakeVault) -> None:
    image = fake_vault.put(png(), "a.png").id
    ticket = fake_vault.ticket(image, reads=9, seconds=60).ticket
    fake_vault.pass_time(59)
    assert asyncio.run(async_fake_vault.get(image, ticket=ticket))
    fake_vault.pass_time(1)
    with pytest.raises(imagevault.TicketRefused):
        fake_vault.get(image, ticket=ticket)


def test_the_limit_can_be_set() -> None:
    vault = FakeVault(limit=10)
    with pytest.raises(imagevault.BodyTooLarge):
        vault.put(png(), "a.png")


def test_ids_of_two_fakes_differ() -> None:
    data = png()
    assert FakeVault().put(data, "a.png").id != FakeVault().put(data, "a.png").id
