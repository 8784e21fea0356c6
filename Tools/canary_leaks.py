"""Leaks on purpose, one in each place and each in another form: a search that does not tell of one is blind there."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from canary_places import Place, Table
from canary_search import Hit, Secret
from canary_vault import Heard
from canary_written import FILES, FOLDERS, SYSTEM

#: How a secret comes to lie somewhere, and what the hit has to say of its form.
WAYS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("raw", lambda secret: b"head" + secret + b"tail"),
    ("base64", lambda secret: b"\0\0" + base64.b64encode(b"?" + secret)),
    ("json, all", lambda secret: "".join(f"\\u{byte:04x}" for byte in secret).encode()),
    ("utf-16le", lambda secret: secret.decode("latin-1").encode("utf-16-le")),
    ("raw", lambda secret: gzip.compress(b"a" * 99 + secret)),
    ("hex", lambda secret: secret.hex().encode()),
)
#: The name of a file that is a leak, and how one that was heard is marked.
NAME, SAID = "leak", "said on purpose"


@dataclass(frozen=True)
class Leak:
    place: Place
    #: What the hit has to say of where.
    where: str
    form: str
    secret: Secret

    def __str__(self) -> str:
        return f"{self.form}, in {self.place}, {self.where}"


def chosen(secrets: list[Secret]) -> list[Secret]:
    """A text, and bytes: each place has one of them that may not be there."""
    passphrase = next(one for one in secrets if one.rule == "secret" and one.input == "a passphrase")
    return [passphrase, next(one for one in secrets if one.rule == "pixels")]


@contextmanager
def planted(folder: Path, heard: Heard, secrets: list[Secret]) -> Iterator[list[Leak]]:
    """Leaks in each file and folder of the vault's, in one of the system's, and in what is heard of each place."""
    table, ways, leaks = Table(), cycle(WAYS), list[Leak]()

    def leak(place: Place, where: str) -> bytes:
        secret = next(one for one in secrets if not table.row(one.rule, place))
        form, way = next(ways)
        leaks.append(Leak(place, where, form, secret))
        return way(secret.value)

    # A name of its own, below none of the vault's folders: it has to be taken away again.
    stray = Path(SYSTEM[0]) / f"{folder.name}-{NAME}"
    for place, path in (*kept(folder), (Place.TEMPORARY, stray)):
        with open(path, "ab") as file:
            file.write(leak(place, path.name))
    named = folder / "state" / secrets[0].value.decode()
    named.touch()
    leaks.append(Leak(Place.STATE, f"the name of {named.name}", "raw", secrets[0]))
    for place in Place:
        heard.add(place, SAID, leak(place, SAID))
    try:
        yield leaks
    finally:
        stray.unlink()


def kept(folder: Path) -> Iterator[tuple[Place, Path]]:
    """A new file in each folder, the catalog, and each file."""
    for name, place in FOLDERS.items():
        yield place, folder / name / NAME
    state = [path for path in (folder / "state").glob("*") if path.is_file()]
    yield Place.STATE, max(state, key=lambda path: path.stat().st_size)
    for name, place in FILES.items():
        yield place, folder / name


def missed(leaks: list[Leak], hits: list[Hit]) -> list[Leak]:
    """Leaks on purpose that were not found where they are, or were thought to be in order."""
    table = Table()
    told = [hit for hit in hits if not table.allows(hit.rule, hit.place)]

    def is_told(leak: Leak) -> bool:
        return any(
            hit.secret == leak.secret
            and hit.place == leak.place
            and leak.where in hit.where
            and hit.form.startswith(leak.form)
            for hit in told
        )

    return [leak for leak in leaks if not is_told(leak)]
