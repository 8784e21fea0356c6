"""What any request may say besides what it asks for: for whom, how long it waits, and who may."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from typing import Self

from ._bearer import AsyncToken, Masked, token_text
from ._wire import TICKET_HEADER, Request
from .errors import InvalidHeader

#: The longest deadline, in seconds.
DEADLINE_SECONDS = 3600.0
#: Letters of a user agent that the vault keeps; the rest is not sent.
AGENT_LETTERS = 255

_ACTOR = re.compile(r"[!-~]{1,128}")
_TRACE = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True, slots=True)
class Context:
    """The headers that go with every request.

    The vault believes nothing that is asserted, and logs pseudonyms. The token it believes.
    """

    asserted: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    deadline: tuple[tuple[str, str], ...] = ()
    token: AsyncToken | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # What is a function is asked with each request, and may have no token yet.
        if self.token is not None and not callable(self.token):
            token_text(self.token)

    def on_behalf(
        self, actor: str | None, ip: str | None, agent: str | None, traceparent: str | None
    ) -> Self:
        """With these in place of what was asserted before."""
        if actor is not None and not (isinstance(actor, str) and _ACTOR.fullmatch(actor)):
            raise InvalidHeader(detail="An actor is 1 to 128 printable letters without space.")
        client = "; ".join(part for part in (_address(ip), _agent(agent)) if part)
        # As the W3C asks: a trace that cannot be sent is passed over.
        trace = traceparent if traceparent and _TRACE.fullmatch(traceparent) else None
        pairs = (("Vault-Actor", actor), ("Vault-Client", client or None), ("traceparent", trace))
        found = tuple((name, value) for name, value in pairs if value is not None)
        return replace(self, asserted=found)

    def within(self, seconds: float | None) -> Self:
        """With this deadline; None: without one."""
        if seconds is None:
            return replace(self, deadline=())
        if not 0.001 <= seconds <= DEADLINE_SECONDS:
            raise InvalidHeader(detail="A deadline is 0.001 to 3600 seconds.")
        return replace(self, deadline=(("Vault-Timeout-Ms", str(round(seconds * 1000))),))

    def shows_token(self, request: Request) -> bool:
        """Whether the token goes with a request: a ticket stands for itself."""
        return self.token is not None and all(name != TICKET_HEADER for name, _ in request.headers)

    def applied(self, request: Request, token: str | None = None) -> Request:
        """The request with all of this, and with the token of the moment."""
        headers = (*request.headers, *self.asserted, *self.deadline)
        if token is not None:
            headers = (*headers, ("Authorization", Masked(f"Bearer {token}")))
        return replace(request, headers=headers)


def _address(ip: str | None) -> str | None:
    if ip is None:
        return None
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise InvalidHeader(detail="ip is an IPv4 or IPv6 address.") from None
    # A zone (fe80::1%eth0) means something on one machine only.
    return f"ip={str(address).partition('%')[0]}"


def _agent(agent: str | None) -> str | None:
    """A browser may call itself anything: what cannot be sent becomes a question mark."""
    if not agent:
        return None
    kept = re.sub(r"[^ -~]", "?", agent[:AGENT_LETTERS])
    return 'ua="{}"'.format(kept.replace("\\", "\\\\").replace('"', '\\"'))
