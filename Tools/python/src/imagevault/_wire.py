"""The words on the wire: requests as the contract spells them, answers as it promises them."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote, unquote_to_bytes, urlencode

from ._base import Finding, VaultError
from ._bearer import ticket_text
from .errors import (
    BY_CODE,
    InvalidBody,
    InvalidDigest,
    InvalidHeader,
    InvalidId,
    InvalidJob,
    InvalidName,
    InvalidOwner,
    InvalidParameter,
    UnknownReceipt,
)
from .models import finding_from_json
from .transport import AnswerNotUnderstood, path_too_long

#: Bytes of one piece of an upload or a download.
CHUNK_BYTES = 256 << 10
#: Bytes of the longest JSON answer: a page of 1000 claims with the longest names stays below.
JSON_BYTES = 16 << 20
#: Bytes of a Unix socket's path.
PATH_BYTES = 107
#: Connections kept for the next request.
IDLE_CONNECTIONS = 8
#: Seconds after which an idle connection is not used again; the vault closes them after 60.
IDLE_SECONDS = 45.0
#: Seconds to wait for the other side, at each step.
TIMEOUT_SECONDS = 60.0

T = TypeVar("T")

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,128}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[0-9a-f]{32}")
#: What a limit of the service's own may be called, and the most that one check of it takes.
_LIMIT_KEY = re.compile(r"[!-~]{1,128}")
_MOST_COST = 10_000
# Visible ASCII that needs no escape in a structured field's string.
_KEY = re.compile(r"[!#-+\--:<-\[\]-~]{1,64}")
_KEY_HEADER = "Idempotency-Key"
#: Where a ticket is shown: in the path it would stand in logs.
TICKET_HEADER = "Vault-Ticket"
#: Readings that a ticket may be good for, and seconds that it may last.
_MOST_READS, _MOST_SECONDS = 1000, 3600
_JSON = (("Content-Type", "application/json"),)
# RFC 8187 §3.2.1, without the characters that `quote` never encodes.
_ATTRIBUTE_CHARACTERS = "!#$&+^`|"


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body."""

    method: str
    target: str
    #: A token or a ticket may be among them.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: Whether the vault counts how often it comes, or makes something each time.
    is_counted: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether twice is as good as once: not what drops a claim, nor what is counted.

        What has a key is once.
        """
        if self.is_counted:
            return False
        return self.method != "DELETE" or any(name == _KEY_HEADER for name, _ in self.headers)


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, status: int, headers: Iterable[tuple[str, str]]) -> Head:
        return cls(status, tuple((name.lower(), value) for name, value in headers))

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for found, value in self.headers if found == name)

    def one(self, name: str) -> str | None:
        """The value of a header that is there once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    def length(self) -> int:
        """The body's length; every answer of the contract with a body tells it, exactly once."""
        if self.status == 304:
            return 0
        value = self.one("content-length")
        if self.all("transfer-encoding") or value is None or not re.fullmatch("[0-9]{1,18}", value):
            raise AnswerNotUnderstood("It has no valid Content-Length.", self.status)
        return int(value)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of an image, counted as a slice counts them; without both, the whole."""

    start: int | None = None
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.start < 0:
            if self.stop is not None:
                raise ValueError("a negative start, the last bytes, takes no stop")
        elif self.stop is not None and self.stop <= (self.start or 0):
            raise ValueError("stop must be after start: a part has at least one byte")

    @property
    def headers(self) -> list[tuple[str, str]]:
        if self.stop is None and not self.start:
            return []
        if self.start is not None and self.start < 0:
            return [("Range", f"bytes={self.start}")]
        last = "" if self.stop is None else str(self.stop - 1)
        return [("Range", f"bytes={self.start or 0}-{last}")]

    def place(self, head: Head) -> tuple[int, int]:
        """Where the answer's first byte is, and of how many; raises where it is another part."""
        length = head.length()
        first, total = 0, length
        if head.status == 206:
            found = _CONTENT_RANGE.fullmatch(head.one("content-range") or "")
            if found is None:
                raise AnswerNotUnderstood("It has no valid Content-Range.", head.status)
            first, total = int(found[1]), int(found[3])
            if int(found[2]) - first + 1 != length:
                raise AnswerNotUnderstood("Its length is not its range's.", head.status)
        start, stop, _ = slice(self.start, self.stop).indices(total)
        if (start, stop) != (first, first + length):
            raise AnswerNotUnderstood("It is another part than was asked for.", head.status)
        return first, total


# MARK: Where


def socket_path(path: str | os.PathLike[str] | None) -> str:
    """The images socket: the one given, that of IMAGEVAULT_DIR, or that of an installed vault."""
    if path is None:
        folder = os.environ.get("IMAGEVAULT_DIR") or "/run/imagevault"
        path = os.path.join(folder, "images.sock")
    text = os.fspath(path)
    if not 1 <= len(os.fsencode(text)) <= PATH_BYTES:
        raise path_too_long(text)
    return text


# MARK: Requests


def put_request(
    name: str,
    job: str | None,
    owner: str | None,
    content_type: str | None,
    sha256: str | None,
) -> Request:
    headers = [("Content-Disposition", disposition(name)), *claim_headers(job, owner)]
    headers += _type_header(content_type)
    if sha256 is not None:
        if not isinstance(sha256, str) or not _IMAGE_ID.fullmatch(sha256.lower()):
            raise InvalidDigest(detail="sha256 is 64 hexadecimal digits.")
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers.append(("Content-Digest", f"sha-256=:{digest}:"))
    return Request("POST", "/v1/images", tuple(headers))


def inspect_request(name: str | None, content_type: str | None) -> Request:
    headers = [] if name is None else [("Content-Disposition", disposition(name))]
    return Request("POST", "/v1/inspect", (*headers, *_type_header(content_type)))


def _type_header(content_type: str | None) -> list[tuple[str, str]]:
    if content_type is None:
        return []
    if not re.fullmatch(r"[\x20-\x7e]{1,255}", content_type):
        raise ValueError("content_type is not a media type")
    return [("Content-Type", content_type)]


def image_request(
    method: str, image: str, job: str | None, owner: str | None, suffix: str = ""
) -> Request:
    if not isinstance(image, str) or not _IMAGE_ID.fullmatch(image):
        raise InvalidId()
    return Request(method, f"/v1/images/{image}{suffix}", tuple(claim_headers(job, owner)))


def read_request(
    image: str,
    job: str | None,
    owner: str | None,
    part: Part,
    if_none_match: str | None,
    ticket: str | None,
) -> Request:
    headers = list(part.headers)
    # A browser's own words: what cannot be a list of tags asks for the bytes.
    if if_none_match is not None and re.fullmatch(r"[\x20-\x7e]{1,4096}", if_none_match):
        headers.append(("If-None-Match", if_none_match))
    if ticket is not None:
        headers.append((TICKET_HEADER, ticket_text(ticket)))
    request = image_request("GET", image, job, owner)
    counted = ticket is not None
    return replace(request, headers=(*request.headers, *headers), is_counted=counted)


def ticket_request(
    image: str, reads: int, seconds: int, job: str | None, owner: str | None
) -> tuple[Request, bytes]:
    for name, value, most in (("reads", reads, _MOST_READS), ("seconds", seconds, _MOST_SECONDS)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise InvalidBody(detail=f"{name} is 1 to {most}, and whole.")
    request = image_request("POST", image, job, owner, "/tickets")
    request = replace(request, headers=(*request.headers, *_JSON), is_counted=True)
    return request, _json_body(reads=reads, seconds=seconds)


def list_request(
    job: str | None, owner: str | None, after: str | None, limit: int | None
) -> Request:
    labels = (_label(job, InvalidJob), _label(owner, InvalidOwner))
    query = _query(job=labels[0], owner=labels[1], **_page(after, limit))
    return Request("GET", f"/v1/images{query}")


def erase_request(job: str | None, owner: str | None, key: str | None) -> Request:
    labels = (_label(job, InvalidJob), _label(owner, InvalidOwner))
    if labels == (None, None):
        raise InvalidParameter(detail="owner must be there where job is not.")
    # Under a name of its own it can be sent again without harm.
    key = str(uuid.uuid4()) if key is None else key
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidHeader(detail="key is 1 to 64 visible ASCII characters.")
    target = "/v1/images" + _query(job=labels[0], owner=labels[1])
    return Request("DELETE", target, ((_KEY_HEADER, f'"{key}"'),))


def receipt_request(receipt: str) -> Request:
    if not isinstance(receipt, str) or not _IDENTIFIER.fullmatch(receipt):
        raise UnknownReceipt()
    return Request("GET", f"/v1/receipts/{receipt}")


def receipts_request(after: str | None, limit: int | None) -> Request:
    return Request("GET", "/v1/receipts" + _query(**_page(after, limit)))


def security_event_request(
    success: bool,
    actor: str | None,
    client: str | None,
    agent: str | None,
    endpoint: str | None,
    reason: str | None,
) -> tuple[Request, bytes]:
    if client is not None and not _is_address(client):
        raise InvalidBody(detail="client is an IP address.")
    content = _json_body(
        kind="auth_attempt",
        success=success,
        reason=reason,
        actor=actor,
        client=client,
        user_agent=agent,
        endpoint=endpoint,
    )
    return Request("POST", "/v1/security-events", _JSON, is_counted=True), content


def limit_request(
    key: str, cost: int, per_minute: int | None, burst: int | None
) -> tuple[Request, bytes]:
    if (per_minute is None) != (burst is None):
        raise InvalidBody(detail="per_minute and burst come together.")
    if not isinstance(key, str) or not _LIMIT_KEY.fullmatch(key):
        raise InvalidBody(detail="key is 1 to 128 printable letters without space.")
    if not 1 <= cost <= _MOST_COST:
        raise InvalidBody(detail=f"cost is 1 to {_MOST_COST}.")
    content = _json_body(key=key, cost=cost, per_minute=per_minute, burst=burst)
    return Request("POST", "/v1/limits/check", _JSON, is_counted=True), content


def blocks_request(client: str | None, actor: str | None) -> Request:
    if client is None and actor is None:
        raise InvalidParameter(detail="client must be there where actor is not.")
    if client is not None and not _is_address(client):
        raise InvalidParameter(detail="client is an IP address.")
    return Request("GET", "/v1/blocks" + _query(client=client, actor=actor))


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _json_body(**members: str | int | None) -> bytes:
    """A JSON object of the members that are there."""
    there = {name: value for name, value in members.items() if value is not None}
    return json.dumps(there, separators=(",", ":")).encode()


def _page(after: str | None, limit: int | None) -> dict[str, str | int | None]:
    if after is not None and not _CURSOR.fullmatch(after):
        raise InvalidParameter(detail="after must be the next of another page.")
    return {"after": after, "limit": limit}


def _query(**values: str | int | None) -> str:
    query = urlencode([(name, str(value)) for name, value in values.items() if value is not None])
    return f"?{query}" if query else ""


def service_request(name: str) -> Request:
    return Request("GET", f"/v1/{name}")


def claim_headers(job: str | None, owner: str | None) -> list[tuple[str, str]]:
    pairs = (
        ("Vault-Job", _label(job, InvalidJob)),
        ("Vault-Owner", _label(owner, InvalidOwner)),
    )
    return [(name, value) for name, value in pairs if value is not None]


def _label(value: str | None, error: type[VaultError]) -> str | None:
    # Checked here as well: a header cannot carry everything that a caller may pass.
    if value is not None and (not isinstance(value, str) or not _LABEL.fullmatch(value)):
        raise error()
    return value


def disposition(name: str) -> str:
    """`name` as RFC 6266 spells it: plain where it can be, else with RFC 8187's form beside it."""
    if not isinstance(name, str) or not name:
        raise InvalidName()
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        raise InvalidName(detail="The name is not Unicode text.") from None
    shown = "".join(char if " " <= char <= "~" and char not in '"%\\' else "_" for char in name)
    quoted = f'attachment; filename="{shown}"'
    if shown == name:
        return quoted
    return f"{quoted}; filename*=UTF-8''{quote(encoded, safe=_ATTRIBUTE_CHARACTERS)}"


def disposition_name(value: str | None) -> str | None:
    """The name in an answer's header; None where there is none."""
    if value is None:
        return None
    extended = re.search(r"filename\*=UTF-8''([^;\s]+)", value, re.IGNORECASE)
    if extended:
        return unquote_to_bytes(extended[1]).decode("utf-8", "replace")
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', value, re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", plain[1]) if plain else None


# MARK: Answers


def decoded(head: Head, body: bytes, expected: int, parse: Callable[[dict[str, Any]], T]) -> T:
    """The answer's value, or the exception for what it says."""
    if head.status != expected:
        raise problem(head, body)
    return understood(body, parse, head.status)


def understood(body: bytes, parse: Callable[[dict[str, Any]], T], status: int) -> T:
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            raise TypeError("an object was expected")
        return parse(value)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AnswerNotUnderstood("Its JSON is not of the contract.", status) from error


def problem(head: Head, body: bytes) -> VaultError:
    """The exception for a problem document; for anything else, that it was not understood."""
    media = (head.one("content-type") or "").partition(";")[0].strip().lower()
    if head.status < 400 or media != "application/problem+json":
        return AnswerNotUnderstood(f"HTTP {head.status} came without a problem.", head.status)
    try:
        return understood(body, _problem, head.status)
    except AnswerNotUnderstood as error:
        return error


def _problem(document: dict[str, Any]) -> VaultError:
    code, status = document["code"], document["status"]
    if not isinstance(code, str) or not isinstance(status, int):
        raise TypeError("code and status were expected")
    wait = document.get("retry_after_ms")
    found = document.get("finding")
    finding: Finding | None = None if found is None else finding_from_json(found)
    return BY_CODE.get(code, VaultError)(
        code,
        status=status,
        retryable=bool(document.get("retryable", False)),
        retry_after=wait / 1000 if isinstance(wait, int) else None,
        request_id=_optional(document, "request_id"),
        fix=_optional(document, "fix"),
        title=_optional(document, "title"),
        detail=_optional(document, "detail"),
        finding=finding,
    )


def _optional(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
