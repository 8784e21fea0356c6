"""The vault's answers. Names, owners and jobs are left out of `repr`, so that no log shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from ._base import Finding


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes: how many, and their SHA-256."""

    bytes: int
    sha256: str

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(_number(json["bytes"]), _text(json["sha256"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the inspection found."""

    level: str
    inspector: int
    findings: tuple[Finding, ...]
    flags: tuple[str, ...]

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            level=_text(json["level"]),
            inspector=_number(json["inspector"]),
            findings=tuple(finding_from_json(item) for item in _array(json["findings"])),
            flags=tuple(_text(item) for item in _array(json["flags"])),
        )


@dataclass(frozen=True, slots=True)
class Image:
    """A stored image under one claim."""

    id: str
    type: str
    width: int
    height: int
    received: Content
    stored: Content
    transformed: tuple[str, ...]
    safe_name: str = field(repr=False)
    name: str = field(repr=False)
    job: str | None = field(repr=False)
    owner: str | None = field(repr=False)
    created: datetime
    verdict: Verdict
    #: Whether nobody may read it now: an admin, or a re-inspection, quarantined it.
    quarantined: bool = False

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            id=_text(json["id"]),
            type=_text(json["type"]),
            width=_number(json["width"]),
            height=_number(json["height"]),
            received=Content.from_json(json["received"]),
            stored=Content.from_json(json["stored"]),
            transformed=tuple(_text(item) for item in _array(json["transformed"])),
            safe_name=_text(json["safe_name"]),
            name=_text(json["name"]),
            job=_optional_text(json["job"]),
            owner=_optional_text(json["owner"]),
            created=datetime.fromisoformat(_text(json["created"])),
            verdict=Verdict.from_json(json["verdict"]),
            quarantined=json.get("quarantined") is True,
        )


@dataclass(frozen=True, slots=True)
class Inspection:
    """What storing an upload would come to."""

    accepted: bool
    #: The rule that refuses it, in words and what to do about it; None when it is accepted.
    finding: Finding | None
    meaning: str | None
    fix: str | None
    #: What its first bytes say that it is; None where they say nothing.
    type: str | None
    width: int | None
    height: int | None
    received: Content
    stored_bytes: int | None
    transformed: tuple[str, ...]
    verdict: Verdict

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        finding = json["finding"]
        return cls(
            accepted=_flag(json["accepted"]),
            finding=None if finding is None else finding_from_json(finding),
            meaning=_optional_text(json["meaning"]),
            fix=_optional_text(json["fix"]),
            type=_optional_text(json["type"]),
            width=_optional_number(json["width"]),
            height=_optional_number(json["height"]),
            received=Content.from_json(json["received"]),
            stored_bytes=_optional_number(json["stored_bytes"]),
            transformed=tuple(_text(item) for item in _array(json["transformed"])),
            verdict=Verdict.from_json(json["verdict"]),
        )


@dataclass(frozen=True, slots=True)
class ImagePage:
    """One page of a listing; iterating gives its images."""

    images: tuple[Image, ...]
    #: Where the next page begins; None on the last one.
    next: str | None

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        images = tuple(Image.from_json(item) for item in _array(json["images"]))
        return cls(images=images, next=_optional_text(json["next"]))

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What became of a dropped claim."""

    id: str
    dropped: bool
    remaining_claims: int
    #: Whether this was the last claim: keys and bytes are gone.
    erased: bool
    #: The receipt, which says how far that is: see :meth:`imagevault.Vault.receipt`.
    receipt: str

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            id=_text(json["id"]),
            dropped=_flag(json["dropped"]),
            remaining_claims=_number(json["remaining_claims"]),
            erased=_flag(json["erased"]),
            receipt=_text(json["receipt"]),
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that has begun."""

    #: The operation that works on it, as an admin sees it.
    operation: str
    #: Claims that there were when it was asked for.
    total: int
    receipt: str

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        operation = json["operation"]
        return cls(_text(operation["id"]), _number(operation["total"]), _text(json["receipt"]))


@dataclass(frozen=True, slots=True)
class ReceiptWait:
    """What keeps an erasure below a level: `operation`, `purge`, `epoch`, `backup` or `escrow`."""

    kind: str
    #: The level that is not reached meanwhile.
    level: int
    epoch: int | None
    backup: str | None
    #: When the backup is not needed any more; None for never.
    expires: datetime | None
    escrow: str | None

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            kind=_text(json["for"]),
            level=_number(json["level"]),
            epoch=_optional_number(json["epoch"]),
            backup=_optional_text(json["backup"]),
            expires=_optional_time(json["expires"]),
            escrow=_optional_text(json["escrow"]),
        )


@dataclass(frozen=True, slots=True)
class ReceiptAttestation:
    """Somebody's word that a registered copy of a keyring is destroyed."""

    escrow: str
    uid: int
    at: datetime

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        at = datetime.fromisoformat(_text(json["at"]))
        return cls(_text(json["escrow"]), _number(json["uid"]), at)


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far an erasure was at a moment; it rises by itself, so ask again."""

    id: str
    #: What was erased: `claim`, `image`, `claims`, `retention` or `quarantine`.
    erased: str
    #: None for all.
    namespace: str | None
    image: str | None
    operation: str | None
    asked: datetime
    claims: int
    images: int
    bytes: int
    #: Claims that the operation did not take, held or damaged ones and those that it did not come to; None while it
    #: runs. The level says nothing of them.
    left: int | None
    #: The last event that took something; None where nothing was found to erase.
    event: int | None
    epoch: int | None
    #: When all this held.
    at: datetime
    #: 0: no door leads to it. 1: its wrapped keys and its blob are gone from the live store.
    #: 2: no live key opens any wrap that it had. 3: no registered copy of a keyring does.
    level: int
    waits: tuple[ReceiptWait, ...]
    attested: tuple[ReceiptAttestation, ...]
    #: What no erasure takes away, and what no receipt can speak of.
    remains: tuple[str, ...]
    excludes: tuple[str, ...]
    #: The same, signed, for ``vaultverify receipt``; None in a list.
    note: str | None = field(repr=False)

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            id=_text(json["id"]),
            erased=_text(json["erased"]),
            namespace=_optional_text(json["namespace"]),
            image=_optional_text(json["image"]),
            operation=_optional_text(json["operation"]),
            asked=datetime.fromisoformat(_text(json["asked"])),
            claims=_number(json["claims"]),
            images=_number(json["images"]),
            bytes=_number(json["bytes"]),
            left=_optional_number(json["left"]),
            event=_optional_number(json["event"]),
            epoch=_optional_number(json["epoch"]),
            at=datetime.fromisoformat(_text(json["at"])),
            level=_number(json["level"]),
            waits=tuple(ReceiptWait.from_json(item) for item in _array(json["waits"])),
            attested=tuple(ReceiptAttestation.from_json(it) for it in _array(json["attested"])),
            remains=tuple(_text(item) for item in _array(json["remains"])),
            excludes=tuple(_text(item) for item in _array(json["excludes"])),
            note=_optional_text(json["note"]),
        )


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """One page of receipts, newest first; iterating gives them."""

    receipts: tuple[Receipt, ...]
    #: Where the next page begins; None on the last one.
    next: str | None

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        receipts = tuple(Receipt.from_json(item) for item in _array(json["receipts"]))
        return cls(receipts=receipts, next=_optional_text(json["next"]))

    def __iter__(self) -> Iterator[Receipt]:
        return iter(self.receipts)

    def __len__(self) -> int:
        return len(self.receipts)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A fetch ticket: whoever has it reads one image, a few times, for minutes."""

    #: What the log calls it.
    id: str
    #: The secret.
    ticket: str = field(repr=False)
    image: str
    reads: int
    expires: datetime
    #: What a browser fetches through a proxy, with the secret in its query.
    path: str = field(repr=False)

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            id=_text(json["id"]),
            ticket=_text(json["ticket"]),
            image=_text(json["image"]),
            reads=_number(json["reads"]),
            expires=datetime.fromisoformat(_text(json["expires"])),
            path=_text(json["path"]),
        )


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`ok` for health, `ready` for readiness."""

    status: str

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(_text(json["status"]))


@dataclass(frozen=True, slots=True)
class Version:
    """Which product and which contract."""

    version: str
    api: int

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(version=_text(json["version"]), api=_number(json["api"]))


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """Who the kernel says is calling, and whom the policy takes that for."""

    uid: int
    gid: int
    #: At the time of connecting: a hint only.
    pid: int
    groups: tuple[int, ...]
    door: str
    namespace: str
    #: None from a vault that is older than this.
    principal: str | None = None
    #: The id of the access token that was shown.
    token: str | None = None

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            uid=_number(json["uid"]),
            gid=_number(json["gid"]),
            pid=_number(json["pid"]),
            groups=tuple(_number(item) for item in _array(json["groups"])),
            door=_text(json["door"]),
            namespace=_text(json["namespace"]),
            principal=_optional_text(json.get("principal")),
            token=_optional_text(json.get("token")),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of somebody's attempt."""

    #: ``allow``, ``delay`` or ``block``.
    decision: str
    #: For how many seconds; 0 where it is allowed.
    retry_after: float

    @property
    def allowed(self) -> bool:
        return self.decision == "allow"

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            decision=_text(json["decision"]), retry_after=_number(json["retry_after_ms"]) / 1000
        )


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """Whether there was room under a limit."""

    allowed: bool
    #: After how many seconds there is; 0 where it was allowed.
    retry_after: float

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Self:
        return cls(
            allowed=_flag(json["allowed"]), retry_after=_number(json["retry_after_ms"]) / 1000
        )


def finding_from_json(json: dict[str, Any]) -> Finding:
    """A finding; raises where it is none."""
    offset = json["offset"]
    return Finding(code=_text(json["code"]), offset=None if offset is None else _number(offset))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _optional_number(value: Any) -> int | None:
    return None if value is None else _number(value)


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _optional_time(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_text(value))


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number was expected")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false was expected")
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("an array was expected")
    return value
