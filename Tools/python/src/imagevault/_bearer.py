"""Secrets that speak for whoever shows them: what an access token and a fetch ticket look like.

What has not their form is refused here, before it is sent, with the exception that the vault would
answer; no message has the secret.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from ._base import VaultError
from .errors import TicketRefused, TokenRefused

#: An access token, or what gives the one of the moment: a rotated token's file is read anew.
Token = str | Callable[[], str]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN, _TICKET = "ivt_", "ivf_"


def token_text(token: Token) -> str:
    """The token to send; the newline at a file's end is no part of it."""
    text = token() if callable(token) else token
    return _checked(text.strip() if isinstance(text, str) else text, _TOKEN, TokenRefused)


def ticket_text(ticket: str) -> str:
    return _checked(ticket, _TICKET, TicketRefused)


def ticket_of(secret: str) -> str:
    """A ticket's text, of 43 letters."""
    return f"{_TICKET}{secret}{_checksum(_TICKET + secret)}"


def _checked(text: object, prefix: str, error: type[VaultError]) -> str:
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
