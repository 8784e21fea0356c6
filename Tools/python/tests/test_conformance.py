"""What the vault promises: the same for a real one and the fake, synchronous and not."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import all_images, refused
from pictures import png

import imagevault

ABSENT = "0" * 64
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_gives_the_same_bytes_back(vault: Any, job: str) -> None:
    data = png(40, 30)
    image = vault.put(data, "photo.png", job=job, owner="user_1")
    assert (image.type, image.width, image.height) == ("image/png", 40, 30)
    assert (image.name, image.safe_name) == ("photo.png", "photo.png")
    assert (image.job, image.owner) == (job, "user_1")
    assert image.stored == image.received and image.stored.bytes == len(data)
    assert image.created.tzinfo is not None
    assert vault.get(image.id) == data
    assert vault.metadata(image.id, job=job, owner="user_1") == image


def test_takes_every_kind_of_source(vault: Any, job: str) -> None:
    data = png(300, 300)
    wholes: list[Any] = [data, bytearray(data), memoryview(data), io.BytesIO(data)]
    later = io.BytesIO(b"skipped" + data)
    later.seek(7)
    ids = {vault.put(source, "a.png", job=job).id for source in [*wholes, later]}
    ids.add(vault.put(pieces(data), "a.png", job=job).id)
    ids.add(vault.put(pieces(data), "a.png", job=job, length=len(data)).id)
    ids.add(vault.put(Unseekable(data), "a.png", job=job).id)
    assert len(ids) == 1
    assert vault.get(ids.pop()) == data


def test_says_what_storing_would_come_to(vault: Any, job: str) -> None:
    data = png(41, 31)
    found = vault.inspect(data, "photo.png")
    assert isinstance(found, imagevault.Inspection)
    assert found.accepted and found.finding is None and found.meaning is None
    assert (found.type, found.width, found.height) == ("image/png", 41, 31)
    assert found.stored_bytes == found.received.bytes == len(data)
    assert vault.inspect(data).accepted
    assert found.received == vault.put(data, "photo.png", job=job).received


def test_an_inspection_that_refuses_is_an_answer(vault: Any, job: str) -> None:
    found = vault.inspect(png(), "photo.jpg")
    assert not found.accepted and found.finding is not None
    assert found.finding.code == "extension-mismatch" and found.meaning and found.fix
    assert found.type == "image/png" and found.width is None and found.stored_bytes is None
    assert found.verdict.findings == (found.finding,)
    nothing = vault.inspect(b"no image at all")
    assert nothing.type is None and nothing.finding.code == "signature-unknown"
    assert vault.inspect(pieces(png()), content_type="image/png").accepted
    with pytest.raises(imagevault.EmptyBody):
        vault.inspect(b"")
    with pytest.raises(imagevault.InvalidName):
        vault.inspect(png(), "a\0.png")
    assert all_images(vault.list(job=job)) == []


def test_failures_delay_and_then_lock_out(vault: Any, job: str) -> None:
    client = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
    told = [
        vault.report_attempt(False, actor=job, client=client, reason="wrong_password")
        for _ in range(5)
    ]
    assert [it.decision for it in told] == ["allow", "delay", "delay", "delay", "block"]
    assert 0 < told[1].retry_after <= 1 < told[2].retry_after <= 2
    assert 890 < told[4].retry_after <= 900
    for known in ({"actor": job}, {"client": client}, {"actor": job, "client": client}):
        assert vault.decision(**known).decision == "block"
    assert vault.report_attempt(True, actor=job, client=client).decision == "block"
    assert vault.decision(actor=f"{job}_other").allowed
    # Another address of the same customer's, and another customer's.
    assert vault.decision(client=client[:-1] + "2").decision == "block"
    assert vault.decision(client=client.replace("db8", "db9")).allowed
    with pytest.raises(imagevault.InvalidParameter):
        vault.decision()


def test_an_attempt_is_of_whom_the_backend_asks_for(vault: Any, job: str) -> None:
    client = f"203.0.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    view = vault.on_behalf(job, ip=client, agent="Firefox")
    for _ in range(5):
        view.report_attempt(False)
    assert vault.decision(actor=job).decision == "block"
    assert vault.decision(client=client).decision == "block"


def test_a_success_forgets_failures(vault: Any, job: str) -> None:
    for _ in range(2):
        vault.report_attempt(False, actor=job, agent="Firefox", endpoint="/login")
    assert vault.decision(actor=job).decision == "delay"
    vault.report_attempt(True, actor=job)
    assert vault.decision(actor=job) == imagevault.Decision("allow", 0)


def test_a_limit_of_ones_own_has_room_and_then_none(vault: Any, job: str) -> None:
    pace = {"per_minute": 2, "burst": 2}
    assert vault.check_limit(job, 2, **pace) == imagevault.LimitCheck(True, 0)
    full = vault.check_limit(job, **pace)
    assert not full.allowed and 29 < full.retry_after <= 30
    assert vault.check_limit(f"{job}_other", **pace).allowed
    assert vault.check_limit(f"{job}_settings").allowed


@pytest.mark.parametrize(
    "asked",
    [
        {"key": "a", "per_minute": 60},
        {"key": "a", "burst": 1},
        {"key": "a", "cost": 0},
        {"key": "a", "cost": 10_001},
        {"key": "a b"},
        {"key": ""},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(vault: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(imagevault.InvalidBody):
        vault.check_limit(**asked)


@pytest.mark.parametrize("client", ["not-an-ip", "203.0.113.9/24", "", "fe80::1%eth0"])
def test_a_client_is_an_address(vault: Any, client: str) -> None:
    with pytest.raises(imagevault.InvalidParameter):
        vault.decision(client=client)
    with pytest.raises(imagevault.InvalidBody):
        vault.report_attempt(False, client=client)


def test_streams_an_image_back(vault: Any, job: str) -> None:
    data = png(500, 500)
    assert len(data) > 2 * 256 * 1024
    image = vault.put(data, "a.png", job=job)
    got = list(vault.stream(image.id, job=job))
    assert b"".join(got) == data
    assert len(got) > 1 and all(got)


def test_open_tells_the_name_and_the_size(vault: Any, job: str) -> None:
    data = png()
    image = vault.put(data, "été.png", job=job)
    stream = vault.open(image.id, job=job)
    assert (stream.name, stream.size, stream.media_type) == ("été.png", len(data), "image/png")


@pytest.mark.parametrize(
    "name", ["a b.png", "50%.png", 'say "hi".png', "it's;x=y.png", "日本 ☃.png", "+~!#$&^`|.png"]
)
def test_keeps_names_as_they_are(vault: Any, job: str, name: str) -> None:
    image = vault.put(png(), name, job=job)
    assert image.name == name
    assert vault.metadata(image.id, job=job).name == name


def test_drops_what_stands_before_the_last_slash(vault: Any, job: str) -> None:
    assert vault.put(png(), "../../etc/é.png", job=job).name == "é.png"


@pytest.mark.parametrize(
    "name", ["a\nb.png", "a\0.png", "a\u202eb.png", "\ud800.png", "x" * 300, ""]
)
def test_refuses_names_that_cannot_be_kept(vault: Any, job: str, name: str) -> None:
    with pytest.raises(imagevault.InvalidName) as caught:
        vault.put(png(), name, job=job)
    assert caught.value.status == 400 and not caught.value.retryable
    assert all_images(vault.list(job=job)) == []


def test_one_claim_twice_stays_one(vault: Any, job: str) -> None:
    data = png()
    first = vault.put(data, "a.png", job=job)
    second = vault.put(data, "b.png", job=job)
    assert first.id == second.id
    assert len(all_images(vault.list(job=job))) == 1
    assert vault.metadata(first.id, job=job).name == "b.png"


def test_each_claim_is_dropped_by_itself(vault: Any, job: str) -> None:
    data = png()
    image = vault.put(data, "a.png", job=job)
    vault.put(data, "b.png", owner="user_2")
    first = vault.delete(image.id, job=job)
    assert (first.id, first.dropped, first.erased) == (image.id, True, False)
    assert first.remaining_claims == 1
    with pytest.raises(imagevault.UnknownImage):
        vault.delete(image.id, job=job)
    assert vault.get(image.id) == data
    last = vault.delete(image.id, owner="user_2")
    assert last.erased and last.remaining_claims == 0
    with pytest.raises(imagevault.UnknownImage):
        vault.get(image.id)


def test_a_deletion_has_a_receipt_that_rises(vault: Any, job: str) -> None:
    image = vault.put(png(), "a.png", job=job)
    dropped = vault.delete(image.id, job=job)
    receipt = at_level(vault, dropped.receipt, 1)
    assert (receipt.erased, receipt.image, receipt.claims) == ("image", image.id, 1)
    assert (receipt.images, receipt.bytes) == (1, image.stored.bytes)
    assert receipt.left == 0
    assert [(wait.kind, wait.level, wait.epoch) for wait in receipt.waits] == [("epoch", 2, 1)]
    assert receipt.note and "unregistered-copies" in receipt.excludes
    assert receipt.asked <= receipt.at
    listed = next(iter(vault.receipts(limit=1)))
    assert [item.id for item in listed] == [receipt.id]
    assert listed.receipts[0].note is None


def test_erases_what_an_owner_claims_and_nothing_else(vault: Any, job: str) -> None:
    owner = job.replace("job", "owner")
    shared = png()
    image = vault.put(shared, "a.png", owner=owner)
    vault.put(shared, "a.png", job=job)
    for number in range(3):
        vault.put(png(), f"{number}.png", owner=owner)
    begun = vault.erase(owner=owner)
    assert begun.total == 4 and len(begun.operation) == 32
    receipt = at_level(vault, begun.receipt, 1)
    assert (receipt.erased, receipt.claims, receipt.images) == ("claims", 4, 3)
    assert receipt.left == 0
    assert list(vault.images(owner=owner)) == []
    assert vault.get(image.id, job=job) == shared
    again = vault.erase(owner=owner, key=f"erase-{owner}")
    assert again.total == 0
    assert vault.erase(owner=owner, key=f"erase-{owner}") == again


def test_an_erasure_names_whose_images_it_takes(vault: Any) -> None:
    with pytest.raises(imagevault.InvalidParameter):
        vault.erase()
    with pytest.raises(imagevault.InvalidOwner):
        vault.erase(owner="a b")
    with pytest.raises(imagevault.InvalidHeader):
        vault.erase(owner="ada", key='a"b')


def test_lists_receipts_in_pages(vault: Any, job: str) -> None:
    ids: list[str] = []
    for _ in range(3):
        image = vault.put(png(), "a.png", job=job)
        ids.insert(0, vault.delete(image.id, job=job).receipt)
    pages = vault.receipts(limit=2)
    found = [item.id for item in next(pages)] + [item.id for item in next(pages)][:1]
    assert found == ids


def test_an_unknown_receipt_is_unknown(vault: Any) -> None:
    for receipt in (ABSENT[:32], "x", ""):
        with pytest.raises(imagevault.UnknownReceipt) as caught:
            vault.receipt(receipt)
        assert caught.value.status == 404


def at_level(vault: Any, receipt: str, level: int) -> Any:
    """The receipt as soon as it has risen that far; the vault needs no help for it."""
    for _ in range(3000):
        found = vault.receipt(receipt)
        if found.level >= level:
            return found
        time.sleep(0.01)
    pytest.fail(f"receipt {receipt} never rose to level {level}")


def test_delete_drops_the_exact_claim_only(vault: Any, job: str) -> None:
    image = vault.put(png(), "a.png", job=job, owner="user_1")
    for claim in ({}, {"job": job}, {"owner": "user_1"}):
        with pytest.raises(imagevault.UnknownImage):
            vault.delete(image.id, **claim)
    assert vault.delete(image.id, job=job, owner="user_1").erased


def test_reading_needs_a_claim_that_fits(vault: Any, job: str) -> None:
    image = vault.put(png(), "a.png", job=job, owner="user_1")
    for claim in ({"job": "other"}, {"owner": "other"}, {"job": job, "owner": "other"}):
        with pytest.raises(imagevault.UnknownImage) as caught:
            vault.get(image.id, **claim)
        assert caught.value.status == 404
        with pytest.raises(imagevault.UnknownImage):
            vault.metadata(image.id, **claim)
    assert vault.metadata(image.id).name == "a.png"


def test_lists_in_pages(vault: Any, job: str) -> None:
    stored = [vault.put(png(), f"{number}.png", job=job).id for number in range(5)]
    pages = list(vault.list(job=job, limit=2))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [image.id for page in pages for image in page] == stored
    assert pages[-1].next is None
    following = next(iter(vault.list(job=job, after=pages[0].next, limit=2)))
    assert following.images == pages[1].images
    assert [image.id for image in vault.images(job=job)] == stored


def test_lists_by_owner(vault: Any, job: str) -> None:
    owner = job.replace("job", "owner")
    image = vault.put(png(), "a.png", owner=owner)
    vault.put(png(), "b.png", owner="someone")
    assert [found.id for found in vault.images(owner=owner)] == [image.id]


@pytest.mark.parametrize("limit", [0, 1001, -1])
def test_refuses_a_page_size_out_of_range(vault: Any, limit: int) -> None:
    with pytest.raises(imagevault.InvalidParameter):
        list(vault.list(limit=limit))


def test_refuses_a_page_that_is_none(vault: Any) -> None:
    for after in ("zz", "a b"):
        with pytest.raises(imagevault.InvalidParameter):
            list(vault.list(after=after))


@pytest.mark.parametrize("label", ["", "a b", "a\r\nVault-Owner: x", "é", "x" * 65])
def test_refuses_labels_that_are_none(vault: Any, label: str) -> None:
    with pytest.raises(imagevault.InvalidJob):
        vault.put(png(), "a.png", job=label)
    with pytest.raises(imagevault.InvalidOwner):
        list(vault.list(owner=label))


@pytest.mark.parametrize("image", ["", "xx", "../" * 8, ABSENT.upper() + "A", ABSENT + "\n"])
def test_refuses_ids_that_are_none(vault: Any, image: str) -> None:
    for verb in (vault.get, vault.metadata, vault.delete):
        with pytest.raises(imagevault.InvalidId):
            verb(image)


def test_an_unknown_image_is_unknown_to_every_verb(vault: Any) -> None:
    for verb in (vault.get, vault.metadata, vault.delete):
        with pytest.raises(imagevault.UnknownImage) as caught:
            verb(ABSENT)
        assert caught.value.request_id and len(caught.value.request_id) == 16
        assert caught.value.fix


@pytest.mark.parametrize(
    ("data", "name", "finding", "offset"),
    [
        (b"hello", "a.png", "signature-unknown", 0),
        (png(seed=1)[:60], "a.png", "png-truncated", 60),
        (png(seed=1), "a.jpg", "extension-mismatch", None),
        (png(seed=1), "a.gif", "extension-not-allowed", None),
    ],
)
def test_a_refused_image_tells_the_finding(
    vault: Any, job: str, data: bytes, name: str, finding: str, offset: int | None
) -> None:
    with pytest.raises(imagevault.ImageRefused) as caught:
        vault.put(data, name, job=job)
    assert caught.value.status == 422
    assert caught.value.finding is not None and caught.value.finding.code == finding
    if finding != "png-truncated":
        assert caught.value.finding.offset == offset


def test_the_declared_type_must_agree(vault: Any, job: str) -> None:
    assert vault.put(png(), "a.png", job=job, content_type="image/png").type == "image/png"
    with pytest.raises(imagevault.ImageRefused) as caught:
        vault.put(png(), "a.png", job=job, content_type="image/jpeg")
    assert caught.value.finding == imagevault.Finding("declared-type-mismatch")


def test_refuses_an_empty_upload(vault: Any, job: str) -> None:
    sources: list[Any] = [b"", io.BytesIO(), iter([])]
    for source in sources:
        with pytest.raises(imagevault.EmptyBody):
            vault.put(source, "a.png", job=job)


def test_refuses_an_upload_over_the_limit(vault: Any, job: str) -> None:
    for source in (bytes(11 << 20), pieces(bytes(11 << 20))):
        with pytest.raises(imagevault.BodyTooLarge) as caught:
            vault.put(source, "a.png", job=job)
        assert caught.value.status == 413
    assert vault.put(png(), "a.png", job=job).job == job


def test_a_source_that_raises_stores_nothing(vault: Any, job: str) -> None:
    data = png(100, 100)

    def broken() -> Iterator[bytes]:
        yield data[:1000]
        raise OSError("the disk is gone")

    for length in (None, len(data)):
        with pytest.raises(OSError, match="the disk is gone") as caught:
            vault.put(broken(), "a.png", job=job, length=length)
        # Where it was raised is the caller's to see.
        assert caught.traceback[-1].name == "broken"
    assert all_images(vault.list(job=job)) == []


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_source_of_another_length_stores_nothing(
    vault: Any, job: str, difference: int
) -> None:
    data = png()
    with pytest.raises(ValueError, match="announced"):
        vault.put(pieces(data), "a.png", job=job, length=len(data) + difference)
    assert all_images(vault.list(job=job)) == []


def test_text_is_no_upload(vault: Any) -> None:
    with pytest.raises(TypeError):
        vault.put("text", "a.png")


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 10), (10, 20), (None, 5), (400_000, None), (-7, None), (262_143, 262_145), (1, 1 << 40)],
)
def test_gives_a_part(vault: Any, job: str, start: int | None, stop: int | None) -> None:
    data = png(500, 500, seed=2)
    image = vault.put(data, "a.png", job=job).id
    wanted = data[start:stop]
    assert vault.get(image, start=start, stop=stop) == wanted
    assert b"".join(vault.stream(image, job=job, start=start, stop=stop)) == wanted
    stream = vault.open(image, start=start, stop=stop)
    assert (stream.size, stream.total) == (len(wanted), len(data))
    assert data[stream.start :].startswith(stream.read())


@pytest.mark.parametrize(
    ("start", "stop"), [(None, None), (0, None), (0, 1 << 40), (-(1 << 40), None)]
)
def test_a_part_can_be_the_whole(
    vault: Any, job: str, start: int | None, stop: int | None
) -> None:
    data = png()
    image = vault.put(data, "a.png", job=job).id
    stream = vault.open(image, start=start, stop=stop)
    assert (stream.start, stream.size, stream.total) == (0, len(data), len(data))
    assert stream.read() == data


def test_a_part_behind_the_end_is_refused(vault: Any, job: str) -> None:
    data = png()
    image = vault.put(data, "a.png", job=job).id
    with pytest.raises(imagevault.RangeNotSatisfiable) as caught:
        vault.get(image, start=len(data))
    assert caught.value.status == 416
    assert vault.get(image, start=len(data) - 1) == data[-1:]


@pytest.mark.parametrize(("start", "stop"), [(5, 5), (5, 4), (None, 0), (-5, 10), (None, -5)])
def test_a_part_without_bytes_is_not_asked_for(
    vault: Any, start: int | None, stop: int | None
) -> None:
    with pytest.raises(ValueError, match="st"):
        vault.get(ABSENT, start=start, stop=stop)


def test_tells_that_nothing_changed(vault: Any, job: str) -> None:
    image = vault.put(png(), "a.png", job=job).id
    stream = vault.open(image)
    tag = stream.etag
    stream.close()
    for held in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        with pytest.raises(imagevault.NotModified) as caught:
            vault.get(image, if_none_match=held)
        assert caught.value.status == 304
    for other in ('"x"', "", "é\r\n"):
        assert vault.get(image, if_none_match=other)
    with pytest.raises(imagevault.UnknownImage):
        vault.open(image, job="other", if_none_match=tag)


def test_an_upload_must_fit_its_digest(vault: Any, job: str) -> None:
    data = png()
    digest = hashlib.sha256(data).hexdigest()
    assert vault.put(data, "a.png", job=job, sha256=digest.upper()).stored.sha256 == digest
    with pytest.raises(imagevault.DigestMismatch):
        vault.put(png(), "b.png", job=job, sha256=digest)
    with pytest.raises(imagevault.InvalidDigest):
        vault.put(data, "a.png", job=job, sha256="no digest")
    assert len(all_images(vault.list(job=job))) == 1


def test_every_verb_can_be_asked_on_somebodys_behalf(vault: Any, job: str) -> None:
    data = png()
    agent = 'Mozilla/5.0 (é; "quoted" \\ )' + "x" * 9000
    asked = vault.on_behalf("user:8421", ip="2001:DB8::1", agent=agent, traceparent=TRACE)
    image = asked.put(data, "a.png", job=job)
    assert asked.get(image.id) == data
    assert asked.metadata(image.id, job=job) == image
    assert [found.id for found in asked.images(job=job)] == [image.id]
    assert asked.whoami().door == "images"
    assert asked.delete(image.id, job=job).erased


def test_the_same_vault_stays_open_after_a_view(vault: Any) -> None:
    vault.on_behalf("user:1").close()
    view = vault.within(5).on_behalf("user:1")
    assert view.health().status == vault.health().status == "ok"


@pytest.mark.parametrize(
    "asserted",
    [
        {"actor": ""},
        {"actor": "a b"},
        {"actor": "é"},
        {"actor": "a\r\nVault-Job: x"},
        {"actor": "x" * 129},
        {"ip": "localhost"},
        {"ip": "1.2.3"},
    ],
)
def test_refuses_to_assert_what_cannot_be_sent(vault: Any, asserted: dict[str, str]) -> None:
    with pytest.raises(imagevault.InvalidHeader):
        vault.on_behalf(**asserted)


@pytest.mark.parametrize("trace", ["", "nonsense", "a\r\nVault-Job: x", "é"])
def test_a_broken_trace_breaks_no_request(vault: Any, trace: str) -> None:
    assert vault.on_behalf(traceparent=trace).version().api == 1


def test_a_deadline_lets_through_what_is_in_time(vault: Any, job: str) -> None:
    patient = vault.within(3600)
    data = png()
    assert patient.get(patient.put(data, "a.png", job=job).id) == data
    assert vault.within(0.001).within(None).version().api == 1


@pytest.mark.parametrize("seconds", [0, -1, 0.0001, 3600.1, float("nan")])
def test_refuses_deadlines_that_are_none(vault: Any, seconds: float) -> None:
    with pytest.raises(imagevault.InvalidHeader):
        vault.within(seconds)


def test_a_ticket_reads_as_often_as_it_says(vault: Any, job: str) -> None:
    data = png()
    image = vault.put(data, "a.png", job=job).id
    before = datetime.now(UTC)
    ticket = vault.ticket(image, reads=4, seconds=60, job=job)
    assert (ticket.image, ticket.reads) == (image, 4)
    assert before < ticket.expires <= datetime.now(UTC) + timedelta(seconds=60)
    assert ticket.path == f"/v1/images/{image}?ticket={ticket.ticket}"
    assert vault.get(image, ticket=ticket.ticket) == data
    # Its own claim counts, whatever is said here; and a part is a reading.
    assert vault.get(image, ticket=ticket.ticket, job="other", stop=3) == data[:3]
    # A refusal is none, and that nothing changed is one.
    with pytest.raises(imagevault.RangeNotSatisfiable):
        vault.get(image, ticket=ticket.ticket, start=len(data))
    with pytest.raises(imagevault.NotModified):
        vault.get(image, ticket=ticket.ticket, if_none_match=f'"{image}"')
    assert b"".join(vault.stream(image, ticket=ticket.ticket)) == data
    with refused(imagevault.TicketRefused):
        vault.get(image, ticket=ticket.ticket)


def test_a_ticket_is_for_one_image_and_goes_with_it(vault: Any, job: str) -> None:
    data = png()
    image, other = (vault.put(it, "a.png", job=job).id for it in (data, png()))
    ticket = vault.ticket(image, reads=2).ticket
    with refused(imagevault.TicketRefused):
        vault.get(other, ticket=ticket)
    assert vault.get(image, ticket=ticket) == data
    vault.delete(image, job=job)
    with refused(imagevault.TicketRefused):
        vault.get(image, ticket=ticket)
    assert vault.put(data, "a.png", job=job).id == image
    with refused(imagevault.TicketRefused):
        vault.get(image, ticket=ticket)


def test_a_ticket_goes_with_its_claim(vault: Any, job: str) -> None:
    data = png()
    image = vault.put(data, "a.png", job=job, owner="user_1").id
    ticket = vault.ticket(image, reads=2, job=job).ticket
    # This one fits better what the ticket was asked for by.
    vault.put(data, "b.png", job=job)
    stream = vault.open(image, ticket=ticket)
    assert (stream.name, stream.read()) == ("a.png", data)
    vault.delete(image, job=job, owner="user_1")
    with refused(imagevault.TicketRefused):
        vault.get(image, ticket=ticket)
    assert vault.get(image, job=job) == data


def test_a_ticket_is_made_by_who_may_read(vault: Any, job: str) -> None:
    image = vault.put(png(), "a.png", job=job).id
    for wanted in ({"image": ABSENT}, {"image": image, "owner": "other"}):
        with pytest.raises(imagevault.UnknownImage):
            vault.ticket(**wanted)
    with pytest.raises(imagevault.InvalidId):
        vault.ticket("x")
    with pytest.raises(imagevault.InvalidJob):
        vault.ticket(image, job="a b")


@pytest.mark.parametrize(
    "asked",
    [{"reads": 0}, {"reads": 1001}, {"reads": "1"}, {"seconds": 0}, {"seconds": 3601}]
    + [{"seconds": 1.5}],
)
def test_a_ticket_has_bounds(vault: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(imagevault.InvalidBody):
        vault.ticket(ABSENT, **asked)


def test_an_access_token_goes_with_every_request(
    vault: Any, bearer: Callable[[Any], Any], token: str, job: str
) -> None:
    asked = bearer(token)
    who = asked.whoami()
    assert who.principal == vault.whoami().principal == "images"
    assert who.token is not None and len(who.token) == 32 and vault.whoami().token is None
    view = asked.on_behalf("user:1").within(60)
    image = view.put(png(), "a.png", job=job)
    assert view.whoami().token == who.token
    # A ticket stands in its place.
    ticket = view.ticket(image.id).ticket
    assert asked.get(image.id, ticket=ticket) == view.get(image.id)


def test_a_rotated_token_is_read_anew(
    vault: Any, bearer: Callable[[Any], Any], token: str, tmp_path: Path
) -> None:
    file = tmp_path / "worker.token"
    asked = bearer(file.read_text)
    with pytest.raises(FileNotFoundError):
        asked.whoami()
    file.write_text(token + "\n")
    assert asked.whoami().token is not None
    file.write_text("half")
    with pytest.raises(imagevault.TokenRefused):
        asked.whoami()


def test_tells_about_the_service(vault: Any) -> None:
    assert vault.health().status == "ok"
    assert vault.ready().status == "ready"
    assert vault.version().api == 1
    who = vault.whoami()
    assert (who.door, who.namespace) == ("images", "default")
    assert who.uid == os.getuid()


def test_async_iterators_are_streamed(vault: Any, flavour: str, job: str) -> None:
    if flavour == "sync":
        with pytest.raises(TypeError):
            vault.put(async_pieces(png()), "a.png", job=job)
        return
    data = png(300, 300)
    assert vault.get(vault.put(async_pieces(data), "a.png", job=job).id) == data
    again = vault.put(async_pieces(data), "a.png", job=job, length=len(data))
    assert again.stored.bytes == len(data)
    with pytest.raises(ValueError, match="announced"):
        vault.put(async_pieces(data), "b.png", job=job, length=len(data) + 1)


def pieces(data: bytes) -> Iterator[bytes]:
    yield b""
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


async def async_pieces(data: bytes) -> AsyncIterator[bytes]:
    for piece in pieces(data):
        yield piece


class Unseekable(io.RawIOBase):
    """What a pipe looks like."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        return self._rest.read(min(count, 1000))

    def seekable(self) -> bool:
        return False
