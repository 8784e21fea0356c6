"""Secrets that speak for whoever shows them: what an access token and a fetch ticket look like.

What has not their form is refused here, before it is sent, with the exception that the vault would
answer; no message has the secret.
"""

from __future__ import annotations

import inspect
import re
import zlib
from collections.abc import Awaitable, Callable
from typing import SupportsIndex, TypeVar

from ._base import VaultError
from .errors import TicketRefused, TokenRefused

#: An access token, or what gives the one of the moment: a rotated token's file is read anew.
Token = str | Callable[[], str]
#: The same, where it may be waited for.
AsyncToken = str | Callable[[], str | Awaitable[str]]

T = TypeVar("T")

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN, _TICKET = "ivt_", "ivf_"


class Masked(str):
    """A secret: a text like any other, but not where an error's report shows the variables of its frames."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        # A report may shorten what it shows.
        return Masked(super().__getitem__(key))


def masked(secret: T) -> T:
    """The same, and masked where it is a text."""
    text: object = Masked(secret) if isinstance(secret, str) else secret
    return text  # type: ignore[return-value]


def token_text(token: AsyncToken | None) -> str:
    """The token to send; the newline at a file's end is no part of it."""
    return _token(masked(token() if callable(token) else token))


async def awaited_token_text(token: AsyncToken | None) -> str:
    """The same, of a function that may have to wait for it."""
    given: object = masked(token() if callable(token) else token)
    return _token(masked(await given) if inspect.isawaitable(given) else given)


def _token(given: object) -> str:
    return _checked(given.strip() if isinstance(given, str) else given, _TOKEN, TokenRefused)


def ticket_text(ticket: str) -> str:
    return _checked(ticket, _TICKET, TicketRefused)


def ticket_of(secret: str) -> str:
    """A ticket's text, of 43 letters."""
    return f"{_TICKET}{secret}{_checksum(_TICKET + secret)}"


def _checked(text: object, prefix: str, error: type[VaultError]) -> str:
    text = masked(text)
    form = prefix + "[0-9A-Za-z]{49}"
    if not isinstance(text, str) or not re.fullmatch(form, text):
        raise error(detail=f"It is not {prefix} and 49 letters or digits.")
    if text[-6:] != _checksum(text[:-6]):
        raise error(detail="It is mistyped: its checksum is another one.")
    return text


def _checksum(text: str) -> str:
    """CRC-32 as six digits of base 62, the highest first."""
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _DIGITS[digit] + digits
    return digits
