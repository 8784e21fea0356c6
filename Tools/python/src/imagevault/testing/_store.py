"""A vault in memory, as its socket would speak: requests in, answers out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import string
import struct
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from .._base import Finding, VaultError
from .._bearer import ticket_of
from .._wire import TICKET_HEADER, Head, Request, disposition, disposition_name
from ..errors import (
    BodyTooLarge,
    DigestMismatch,
    EmptyBody,
    ImageDamaged,
    ImageRefused,
    InvalidName,
    InvalidParameter,
    RangeNotSatisfiable,
    TicketRefused,
    UnknownImage,
    UnknownReceipt,
    UnknownRoute,
    VaultSealed,
)
from ._attempts import Attempts
from ._limits import (
    CHECKS_AT_ONCE,
    CHECKS_PER_MINUTE,
    FRAME_BYTES,
    IMAGE_BYTES,
    NAME_BYTES,
    PAGE_ROWS,
    PAGE_ROWS_UNLESS_SAID,
    SAFE_NAME_BYTES,
    SECRET_LETTERS,
)

#: What a request says beside its question.
CONTEXT = ("Vault-Actor", "Vault-Client", "traceparent", "Vault-Timeout-Ms")

_LETTERS = string.digits + string.ascii_letters
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_DIRECTION = re.compile(
    "[\x00-\x1f\\\\\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)


@dataclass
class StoredAnswer:
    """An answer; `cut` is how many bytes of the body really come."""

    head: Head
    body: bytes
    cut: int | None = None


@dataclass
class _Claim:
    row: int
    job: str | None
    owner: str | None
    name: str
    created: str

    def fits(self, job: str | None, owner: str | None) -> bool:
        return job in (None, self.job) and owner in (None, self.owner)


@dataclass
class _Image:
    id: str
    data: bytes
    type: str
    width: int
    height: int
    claims: list[_Claim] = field(default_factory=list)
    damaged_at: int | None = None


@dataclass
class _Ticket:
    """A fetch ticket, and the claim that it reads under and goes with."""

    image: _Image
    claim: _Claim
    left: int
    expires: datetime


class Store:
    """The rules of storing and claiming; any thread may ask."""

    def __init__(self, limit: int = IMAGE_BYTES) -> None:
        self._key = secrets.token_bytes(32)
        self._images: dict[str, _Image] = {}
        self._row = 0
        self._receipts: dict[str, dict[str, Any]] = {}
        self._begun: dict[str, StoredAnswer] = {}
        self._limit = limit
        self._lock = threading.Lock()
        self._attempts = Attempts()
        self._tickets: dict[str, _Ticket] = {}
        self.failures: list[VaultError] = []
        self.context: dict[str, str] = {}
        self.sealed = False

    def damage(self, image: str, at: int) -> None:
        with self._lock:
            self._images[image].damaged_at = at

    def pass_time(self, seconds: float) -> None:
        with self._lock:
            for ticket in self._tickets.values():
                ticket.expires -= timedelta(seconds=seconds)

    def answer(self, request: Request, body: bytes | None) -> StoredAnswer:
        """The answer to a request that the client made."""
        try:
            with self._lock:
                return self._answer(request, body)
        except VaultError as error:
            return _problem(error)

    def _answer(self, request: Request, body: bytes | None) -> StoredAnswer:
        path, _, query = request.target.partition("?")
        headers = dict(request.headers)
        self.context = {name: headers[name] for name in CONTEXT if name in headers}
        name = path.removeprefix("/v1/")
        if name == "health":
            return _json(200, {"status": "ok"})
        if self.failures:
            raise self.failures.pop(0)
        if name == "version":
            return _json(200, {"version": "0.1.0", "api": 1})
        if name == "whoami":
            return _json(200, _caller(headers.get("Authorization")))
        if self.sealed:
            raise VaultSealed()
        if name == "ready":
            return _json(200, {"status": "ready"})
        if path == "/v1/images":
            if request.method == "POST":
                return self._put(headers, body or b"")
            parameters = dict(parse_qsl(query, keep_blank_values=True))
            if request.method == "DELETE":
                return self._erase(parameters, headers["Idempotency-Key"])
            return self._list(parameters)
        if path == "/v1/receipts":
            return self._list_receipts(dict(parse_qsl(query, keep_blank_values=True)))
        if path.startswith("/v1/receipts/"):
            return self._receipt(name.removeprefix("receipts/"))
        if path in ("/v1/security-events", "/v1/limits/check"):
            return self._count(path, body or b"", headers)
        if path == "/v1/blocks":
            parameters = dict(parse_qsl(query))
            actor, client = parameters.get("actor"), parameters.get("client")
            return _json(200, self._attempts.decision(actor, client))
        if path == "/v1/inspect" and request.method == "POST":
            return self._judge(headers, body or b"")
        image, _, part = name.removeprefix("images/").partition("/")
        job, owner = headers.get("Vault-Job"), headers.get("Vault-Owner")
        match request.method, part:
            case "GET", "":
                if TICKET_HEADER in headers:
                    return self._get_by_ticket(headers[TICKET_HEADER], image, headers)
                return self._get(*self._find(image, job, owner), headers)
            case "POST", "tickets":
                return self._make_ticket(image, job, owner, json.loads(body or b""))
            case "GET", "metadata":
                return _json(200, _document(*self._find(image, job, owner)))
            case "DELETE", "":
                return self._drop(image, job, owner)
        raise UnknownRoute()

    def _count(self, path: str, body: bytes, headers: dict[str, str]) -> StoredAnswer:
        asked = json.loads(body)
        if path == "/v1/limits/check":
            pace = (asked.get("per_minute", CHECKS_PER_MINUTE), asked.get("burst", CHECKS_AT_ONCE))
            return _json(200, self._attempts.check(asked["key"], asked["cost"], *pace))
        found = re.search(r"ip=([^;]+)", headers.get("Vault-Client", ""))
        actor = asked.get("actor", headers.get("Vault-Actor"))
        client = asked.get("client", found and found[1])
        return _json(200, self._attempts.report(asked["success"], actor, client))

    def _put(self, headers: dict[str, str], data: bytes) -> StoredAnswer:
        name = _file_name(headers["Content-Disposition"])
        if len(data) > self._limit:
            raise BodyTooLarge()
        if not data:
            raise EmptyBody()
        _check_digest(headers.get("Content-Digest"), data)
        kind, width, height = _inspect(data, name, headers.get("Content-Type"))
        digest = hashlib.sha256(data).digest()
        image_id = hmac.new(self._key, digest, hashlib.sha256).hexdigest()
        image = self._images.setdefault(image_id, _Image(image_id, data, kind, width, height))
        job, owner = headers.get("Vault-Job"), headers.get("Vault-Owner")
        claim = next((it for it in image.claims if (it.job, it.owner) == (job, owner)), None)
        if claim is None:
            self._row += 1
            claim = _Claim(self._row, job, owner, name, "")
            image.claims.append(claim)
        claim.name = name
        claim.created = _now()
        return _json(201, _document(image, claim))

    def _judge(self, headers: dict[str, str], data: bytes) -> StoredAnswer:
        field = headers.get("Content-Disposition")
        name = None if field is None else _file_name(field)
        if len(data) > self._limit:
            raise BodyTooLarge()
        if not data:
            raise EmptyBody()
        content = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        answer: dict[str, Any] = {"received": content, "transformed": []}
        try:
            kind, width, height = _inspect(data, name, headers.get("Content-Type"))
        except ImageRefused as error:
            found = error.finding
            finding = None if found is None else {"code": found.code, "offset": found.offset}
            answer |= {"accepted": False, "finding": finding, "meaning": error.title}
            answer |= {"fix": error.fix, "type": _type(data), "width": None, "height": None}
            answer |= {"stored_bytes": None, "verdict": _verdict(finding)}
        else:
            answer |= {"accepted": True, "finding": None, "meaning": None, "fix": None}
            answer |= {"type": kind, "width": width, "height": height}
            answer |= {"stored_bytes": len(data), "verdict": _verdict(None)}
        return _json(200, answer)

    def _find(self, image_id: str, job: str | None, owner: str | None) -> tuple[_Image, _Claim]:
        image = self._images.get(image_id)
        fitting = [claim for claim in image.claims if claim.fits(job, owner)] if image else []
        if image is None or not fitting:
            raise UnknownImage()
        exact = [claim for claim in fitting if (claim.job, claim.owner) == (job, owner)]
        return image, (exact or fitting)[-1]

    def _make_ticket(
        self, image: str, job: str | None, owner: str | None, asked: dict[str, int]
    ) -> StoredAnswer:
        found = self._find(image, job, owner)
        reads, expires = asked["reads"], datetime.now(UTC) + timedelta(seconds=asked["seconds"])
        text = ticket_of("".join(secrets.choice(_LETTERS) for _ in range(SECRET_LETTERS)))
        self._tickets[text] = _Ticket(*found, reads, expires)
        document: dict[str, Any] = {"id": secrets.token_hex(16), "ticket": text, "image": image}
        document |= {"reads": reads, "expires": _text(expires)}
        return _json(201, document | {"path": f"/v1/images/{image}?ticket={text}"})

    def _get_by_ticket(self, text: str, image_id: str, asked: dict[str, str]) -> StoredAnswer:
        ticket = self._tickets.get(text)
        if ticket is None or ticket.image.id != image_id or ticket.left < 1:
            raise TicketRefused()
        # The same picture under the same claim, stored again, is another claim.
        is_claimed = any(claim is ticket.claim for claim in ticket.image.claims)
        if not is_claimed or ticket.expires <= datetime.now(UTC):
            raise TicketRefused()
        answer = self._get(ticket.image, ticket.claim, asked)
        # Each answer is a reading, 304 too; what is refused is none.
        ticket.left -= 1
        return answer

    def _get(self, image: _Image, claim: _Claim, asked: dict[str, str]) -> StoredAnswer:
        tag = f'"{image.id}"'
        if _is_held(tag, asked.get("If-None-Match", "")):
            return StoredAnswer(Head.of(304, [("ETag", tag), ("Cache-Control", "no-store")]), b"")
        start, stop = _part(asked.get("Range", ""), len(image.data))
        cut = None
        if image.damaged_at is not None:
            frame = image.damaged_at - image.damaged_at % FRAME_BYTES
            if frame <= start < frame + FRAME_BYTES:
                raise ImageDamaged()
            if start < frame < stop:
                cut = frame - start
        headers = [
            ("Content-Type", image.type),
            ("Content-Length", str(stop - start)),
            ("Content-Disposition", disposition(claim.name)),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("ETag", tag),
            ("Accept-Ranges", "bytes"),
        ]
        is_whole = stop - start == len(image.data)
        if not is_whole:
            headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{len(image.data)}"))
        head = Head.of(200 if is_whole else 206, headers)
        return StoredAnswer(head, image.data[start:stop], cut)

    def _drop(self, image_id: str, job: str | None, owner: str | None) -> StoredAnswer:
        image = self._images.get(image_id)
        claims = image.claims if image else []
        left = [claim for claim in claims if (claim.job, claim.owner) != (job, owner)]
        if image is None or len(left) == len(claims):
            raise UnknownImage()
        image.claims = left
        if not left:
            del self._images[image_id]
        document = {"id": image_id, "dropped": True, "remaining_claims": len(left)}
        erased = [] if left else [image]
        receipt = self._keep_receipt("claim" if left else "image", 1, erased, image_id)
        return _json(200, document | {"erased": not left, "receipt": receipt})

    def _erase(self, query: dict[str, str], key: str) -> StoredAnswer:
        """As the vault's operation, but done when it has begun."""
        if key in self._begun:
            return self._begun[key]
        total = 0
        erased = []
        for image in list(self._images.values()):
            left = [it for it in image.claims if not it.fits(query.get("job"), query.get("owner"))]
            total += len(image.claims) - len(left)
            image.claims = left
            if not left:
                erased.append(self._images.pop(image.id))
        operation = secrets.token_hex(16)
        receipt = self._keep_receipt("claims", total, erased, None, operation)
        work = {"id": operation, "kind": "erase", "state": "done", "total": total}
        self._begun[key] = _json(202, {"operation": work, "receipt": receipt})
        return self._begun[key]

    def _keep_receipt(
        self,
        erased: str,
        claims: int,
        images: list[_Image],
        image: str | None,
        operation: str | None = None,
    ) -> str:
        """A receipt at level 1, waiting for an epoch that never goes."""
        self._row += 1
        receipt = secrets.token_hex(16)
        now = _now()
        nothing = {"backup": None, "expires": None, "escrow": None}
        self._receipts[receipt] = {
            "id": receipt,
            "erased": erased,
            "namespace": "default",
            "image": image,
            "operation": operation,
            "asked": now,
            "claims": claims,
            "images": len(images),
            "bytes": sum(len(item.data) for item in images),
            "left": 0,
            "event": self._row if claims else None,
            "epoch": 1 if claims else None,
            "at": now,
            "level": 1 if claims else 3,
            "waits": [{"for": "epoch", "level": 2, "epoch": 1} | nothing] if claims else [],
            "attested": [],
            "remains": ["image-id", "sizes", "times", "events", "exports"],
            "excludes": ["unregistered-copies", "old-disk-blocks", "earlier-readers"],
        }
        return receipt

    def _receipt(self, receipt: str) -> StoredAnswer:
        if receipt not in self._receipts:
            raise UnknownReceipt()
        return _json(200, self._receipts[receipt] | {"at": _now(), "note": "not signed\n"})

    def _list_receipts(self, query: dict[str, str]) -> StoredAnswer:
        limit, before = _page(query)
        rows = list(enumerate(self._receipts.values(), 1))[::-1]
        rows = [(row, item) for row, item in rows if before is None or row < before]
        following = f"r{rows[limit - 1][0]}" if len(rows) > limit else None
        receipts = [item | {"at": _now(), "note": None} for _, item in rows[:limit]]
        return _json(200, {"receipts": receipts, "next": following})

    def _list(self, query: dict[str, str]) -> StoredAnswer:
        limit, after = _page(query)
        rows = sorted(
            (
                (claim.row, image, claim)
                for image in self._images.values()
                for claim in image.claims
                if claim.row > (after or 0) and claim.fits(query.get("job"), query.get("owner"))
            ),
            key=lambda entry: entry[0],
        )
        page = rows[:limit]
        following = f"r{page[-1][0]}" if len(rows) > limit else None
        images = [_document(image, claim) for _, image, claim in page]
        return _json(200, {"images": images, "next": following})


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _page(query: dict[str, str]) -> tuple[int, int | None]:
    """The most rows, and the row after which they begin."""
    limit = int(query.get("limit", PAGE_ROWS_UNLESS_SAID))
    if not 1 <= limit <= PAGE_ROWS:
        raise InvalidParameter(detail=f"limit must be a number from 1 to {PAGE_ROWS}.")
    after = query.get("after")
    if after is not None and not re.fullmatch(r"r[0-9]{1,18}", after):
        raise InvalidParameter(detail="after must be the next of another page.")
    return limit, None if after is None else int(after[1:])


def _is_held(tag: str, if_none_match: str) -> bool:
    if if_none_match.strip() == "*":
        return True
    return any(item.strip().removeprefix("W/") == tag for item in if_none_match.split(","))


def _part(field: str, size: int) -> tuple[int, int]:
    """The bytes of a `Range` field; what is no range asks for the whole."""
    found = _RANGE.fullmatch(field)
    if found is None or found[0] == "bytes=-":
        return 0, size
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    if start >= stop:
        raise RangeNotSatisfiable()
    return start, stop


def _check_digest(field: str | None, data: bytes) -> None:
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    if field is not None and field != f"sha-256=:{digest}:":
        raise DigestMismatch()


def _file_name(header: str) -> str:
    name = disposition_name(header) or ""
    last = name.rpartition("/")[2]
    if not 1 <= len(last.encode()) <= NAME_BYTES or last in (".", "..") or _DIRECTION.search(last):
        raise InvalidName()
    return last


def _type(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8\xff") else None


def _inspect(data: bytes, name: str | None, declared: str | None) -> tuple[str, int, int]:
    """Signature, name and end of the image: far less than the vault looks at."""
    kind = _type(data)
    if kind is None:
        raise _refusal("signature-unknown", 0)
    if name is not None:
        _judge_name(name, kind)
    essence = (declared or "").partition(";")[0].strip().lower()
    if essence not in ("", "application/octet-stream", kind):
        raise _refusal("declared-type-mismatch")
    if kind == "image/png":
        return kind, *_png_size(data)
    return kind, *_jpeg_size(data)


def _judge_name(name: str, kind: str) -> None:
    extensions = ("png",) if kind == "image/png" else ("jpg", "jpeg")
    stem, _, extension = name.rpartition(".")
    if not stem or extension.lower() not in ("png", "jpg", "jpeg"):
        raise _refusal("extension-not-allowed")
    if extension.lower() not in extensions:
        raise _refusal("extension-mismatch")


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 33 or not data.endswith(b"\x00\x00\x00\x00IEND\xaeB`\x82"):
        raise _refusal("png-truncated", len(data))
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            if data.endswith(b"\xff\xd9"):
                return width, height
            break
        at += 2 + size
    raise _refusal("jpeg-truncated", len(data))


def _refusal(code: str, offset: int | None = None) -> ImageRefused:
    return ImageRefused(finding=Finding(code, offset))


def _safe_name(name: str, kind: str) -> str:
    extension = "png" if kind == "image/png" else "jpg"
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", re.sub(r"^[^A-Za-z0-9]+", "", name.rpartition(".")[0]))
    return f"{stem[: SAFE_NAME_BYTES - 1 - len(extension)] or 'image'}.{extension}"


def _document(image: _Image, claim: _Claim) -> dict[str, Any]:
    content = {"bytes": len(image.data), "sha256": hashlib.sha256(image.data).hexdigest()}
    return {
        "id": image.id,
        "type": image.type,
        "width": image.width,
        "height": image.height,
        "received": content,
        "stored": content,
        "transformed": [],
        "safe_name": _safe_name(claim.name, image.type),
        "name": claim.name,
        "job": claim.job,
        "owner": claim.owner,
        "created": claim.created,
        "verdict": _verdict(None),
        "quarantined": False,
    }


def _verdict(finding: dict[str, Any] | None) -> dict[str, Any]:
    findings = [] if finding is None else [finding]
    return {"level": "structure", "inspector": 1, "findings": findings, "flags": []}


def _caller(authorization: str | None) -> dict[str, Any]:
    shown = authorization and hashlib.sha256(authorization.encode()).hexdigest()[:32]
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "pid": os.getpid(),
        "groups": os.getgroups(),
        "door": "images",
        "namespace": "default",
        "principal": "images",
        "token": shown,
    }


def _json(status: int, value: dict[str, Any], kind: str = "application/json") -> StoredAnswer:
    body = json.dumps(value).encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    return StoredAnswer(Head.of(status, headers), body)


def _problem(error: VaultError) -> StoredAnswer:
    status = error.status or 500
    document: dict[str, Any] = {
        "type": f"urn:imagevault:error:{error.code}",
        "title": error.title,
        "status": status,
        "code": error.code,
        "retryable": error.retryable,
        "request_id": secrets.token_hex(8),
        "fix": error.fix,
    }
    if error.retry_after is not None:
        document["retry_after_ms"] = round(error.retry_after * 1000)
    if error.detail is not None:
        document["detail"] = error.detail
    if error.finding is not None:
        document["finding"] = {"code": error.finding.code, "offset": error.finding.offset}
    return _json(status, document, "application/problem+json")
