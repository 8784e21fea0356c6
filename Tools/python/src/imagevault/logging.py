"""A structlog processor that keeps out of logs what the vault keeps out of its own.

Masked values become ``***``: no length, no first letters. It needs nothing but the standard
library, and stands last before the renderer::

    structlog.configure(processors=[..., format_exc_info, imagevault.logging.mask, JSONRenderer()])
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping, MutableMapping
from typing import Any

MASK = "***"
#: Containers inside containers; what lies deeper is masked whole.
DEPTH = 16

#: One of these among the words of a key hides its value.
_WORDS = frozenset(
    {
        "apikey", "auth", "authorisation", "authorization", "bearer", "cookie", "cookies",
        "credential", "credentials", "csrf", "dek", "filename", "filenames", "job", "jobs", "jwt",
        "kek", "key", "keys", "owner", "owners", "passphrase", "passwd", "password", "pin", "pwd",
        "secret", "secrets", "session", "ticket", "tickets", "token", "tokens",
    }
)
#: The same for neighbouring words.
_PAIRS = frozenset(
    {"file name", "file names", "safe name", "original name", "image name", "upload name"}
    | {"content disposition", "display name"}
)
#: Keys that are names by themselves.
_WHOLE = frozenset({"name", "names"})

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BEARER = re.compile(r"(iv[tf]_)[A-Za-z0-9_\-+/=.]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)\s+[^\s\"',;]+", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s@\"']+@")
_QUERY = re.compile(r"(?<=[?&])([^=&\s#\"'<>]+)=([^&\s#\"'<>]*)")
# A header up to the end of its line: all of it may be secret.
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|(?:set-)?cookie|content-disposition|vault-owner|vault-job)"
    r"([\"']?\s*[:=]\s*)[^\r\n]+",
    re.IGNORECASE,
)
_PAIR_IN_TEXT = re.compile(
    r"""([A-Za-z][A-Za-z0-9_*-]*)(["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"'}\])]+)"""
)


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with its secrets masked and its control characters spelled out."""
    masked = {}
    for key, value in event.items():
        # What structlog itself carries along is for later processors.
        if key.startswith("_") or key in ("exc_info", "stack_info"):
            masked[key] = value
        else:
            masked[masked_text(key)] = _masked(key, value, DEPTH)
    return masked


def masked_text(text: str) -> str:
    """A text with its tokens, headers, query values and named secrets masked, on one line."""
    text = _HEADER.sub(rf"\1\2{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    text = _USER_INFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(rf"\1={MASK}", text)
    return escaped(_masked_pairs(text))


def escaped(text: str) -> str:
    """A text with every character that acts rather than shows spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{{{ord(char):x}}}" if _acts(char) else char for char in text)


def is_sensitive(key: str) -> bool:
    """Whether a key's value is hidden, however its words are joined."""
    words = [word.lower() for word in re.split(r"[^A-Za-z0-9]+", _CAMEL.sub(" ", key)) if word]
    if len(words) == 1 and words[0] in _WHOLE:
        return True
    pairs = {f"{one} {two}" for one, two in zip(words, words[1:], strict=False)}
    return not _WORDS.isdisjoint(words) or not _PAIRS.isdisjoint(pairs)


def _masked(key: str | None, value: Any, depth: int) -> Any:
    if key is not None and is_sensitive(key):
        return None if value is None else MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth == 0:
        return MASK
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {
            masked_text(str(inner)): _masked(str(inner), item, depth - 1)
            for inner, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return _masked_sequence(value, depth)
    return masked_text(str(value))


def _masked_sequence(value: Any, depth: int) -> list[Any]:
    # A pair is how headers are commonly listed.
    if isinstance(value, list | tuple) and len(value) == 2:
        key = value[0].decode("latin-1") if isinstance(value[0], bytes) else value[0]
        if isinstance(key, str) and is_sensitive(key):
            return [escaped(key), MASK]
    return [_masked(None, item, depth - 1) for item in value]


def _masked_pairs(text: str) -> str:
    """The text with the values of its sensitive `key=value` and `key: value` masked."""
    parts: list[str] = []
    at = 0
    while found := _PAIR_IN_TEXT.search(text, at):
        if is_sensitive(found[1]):
            quote = found[3][0] if found[3][0] in "\"'" else ""
            parts.append(f"{text[at : found.end(2)]}{quote}{MASK}{quote}")
            at = found.end()
        else:
            # What looks like this key's value may begin with a key itself.
            parts.append(text[at : found.end(2)])
            at = found.end(2)
    return "".join([*parts, text[at:]])


def _acts(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")
