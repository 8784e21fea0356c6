"""Where something could stand, and what may be where, with the reason. Everything else is a leak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """What the service wrote and said, by who gets to see it."""

    ANSWERS = "answers to the caller"
    PICTURES = "pictures to the caller"
    ADMINS = "admins' answers"
    REFUSALS = "refusals"
    METRICS = "metrics"
    EXPORTS = "exports"
    ASKED_EXPORT = "an export that was asked for it"
    HOLDER = "what its holder sees"
    RESOLVER = "what a resolver sees"
    CTL_OUTPUT = "vaultctl's output"
    CTL_REFUSAL = "what vaultctl says of its arguments"
    CTL_COMMAND = "vaultctl's command line"
    PROC = "/proc of the service"
    OUTPUT = "the daemon's own output"
    STATE = "the vault's files"
    BACKUPS = "backups"
    ESCROWS = "copies of the keyring"
    KEYS = "keys"
    TEMPORARY = "temporary files"
    ANCHOR = "the anchor"
    CORES = "core files"
    AROUND = "around the vault"


@dataclass(frozen=True)
class Allowed:
    rules: tuple[str, ...]
    places: tuple[Place, ...]
    reason: str


#: What may legitimately be where, and why. Everything else is a leak.
ALLOWED = (
    Allowed(
        ("name", "owner", "job"),
        (Place.ANSWERS, Place.CTL_OUTPUT),
        "a backend is told what it stored, by metadata, by a list, and by what it asked a list for",
    ),
    Allowed(
        ("pixels", "pixels metadata", "name"),
        (Place.PICTURES,),
        "the picture, and its name in Content-Disposition, to who may fetch it",
    ),
    Allowed(
        ("trace",),
        (Place.EXPORTS, Place.ASKED_EXPORT),
        "a trace id is in events in clear, to be found in other systems' traces (LogFormat §2)",
    ),
    Allowed(("attempt",), (Place.EXPORTS,), "reason and endpoint of an attempt are in events in clear (RateLimits)"),
    Allowed(
        ("reason",), (Place.EXPORTS,), "why an admin had something erased or a name told: for auditors (LogFormat §2)"
    ),
    Allowed(("owner",), (Place.ASKED_EXPORT,), "a bundle says in its heading what it was filtered by"),
    Allowed(
        ("note",),
        (Place.STATE, Place.CTL_OUTPUT, Place.ANSWERS, Place.HOLDER, Place.BACKUPS, Place.EXPORTS),
        "an admin's note is kept in clear, as the help of each command that takes one says, and so is an incident's "
        "reason; a backup has the catalog as it is",
    ),
    Allowed(("case note",), (Place.EXPORTS,), "what is written into a case, to who may read the case"),
    Allowed(
        ("label",),
        (Place.STATE, Place.CTL_OUTPUT, Place.ANSWERS, Place.ADMINS, Place.METRICS, Place.ESCROWS),
        "a slot's label is in the head of its key file (KeyringFormat §2), which is read before anything is open",
    ),
    Allowed(("refused",), (Place.CTL_REFUSAL,), "to who typed it, before anything is sent"),
    Allowed(("actor",), (Place.RESOLVER,), "the name behind a pseudonym, to who may learn it, as an event"),
    Allowed(
        ("secret", "token"),
        (Place.HOLDER,),
        "a recovery key, an answer, shares, a token and a ticket are made for their holders, who see them once",
    ),
    Allowed(("secret", "key file"), (Place.KEYS,), "where the files of shares and keys were put, away from the vault"),
    Allowed(
        ("name", "owner", "job", "note", "case note", "label", "idempotency key", "reason", "refused", "actor"),
        (Place.CTL_COMMAND,),
        "what somebody gave vaultctl as an argument; passphrases and keys it takes from a file or a pipe only",
    ),
)


class Table:
    """What may be where, and what of that was seen."""

    def __init__(self, rows: tuple[Allowed, ...] = ALLOWED) -> None:
        self.rows, self.seen = rows, {row: 0 for row in rows}

    def row(self, rule: str | None, place: Place) -> Allowed | None:
        """What allows secrets of this rule there. Of a part of a secret nobody knows the rule."""
        return next((row for row in self.rows if rule in row.rules and place in row.places), None)

    def allows(self, rule: str | None, place: Place) -> bool:
        row = self.row(rule, place)
        if row:
            self.seen[row] += 1
        return row is not None
