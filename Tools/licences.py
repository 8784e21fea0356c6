"""Whose work is in the programs, and under which licences, as Debian's copyright files have it. See Tools/licences."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from sbom import CARRIED, ROOT, Part, licence_of, swift_packages

FORM = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
#: Texts that sources do not have where they are carried, and that toolchains leave out.
TEXTS = ROOT / "Tools/packaging/licences"
#: Texts that every Debian has.
COMMON = Path("/usr/share/common-licenses")
COMMON_NAMES = ("Apache-2.0", "CC0-1.0")
#: Where DEP 5 has another word than SPDX.
WORDS = {"MIT": "Expat", "BSD-2-Clause": "BSD-2-clause", "BSD-3-Clause": "BSD-3-clause",
         "Apache-2.0 WITH Swift-exception": "Apache-2.0 with Swift exception"}
#: Licences that a single source has for itself; the others stand at the top of a package.
IN_SOURCES = {"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "CC0-1.0", "Brian-Gladman-3-Clause"}
#: What no comment says but a licence, known or not.
GRANTS = re.compile(r"permission (is hereby granted|to use, copy)|redistribution and use|without fee\b", re.I)
#: Where a comment names a licence, whether or not its text follows.
NAMES = re.compile(r"General Public Licen[sc]e|Mozilla Public|Licensed under|SPDX-License-Identifier", re.I)
SPDX = re.compile(r"(?i:SPDX-License-Identifier):? ?([\w.+()-]+(?: (?:WITH|AND|OR) [\w.+()-]+)*)")
APACHE = re.compile(r"Licensed under (?:the )?Apache License,? (?:v|Version )2\.0"
                    r"(?:( with Runtime Library Exception)|(?! with| or| and))", re.I)
#: So much of a comment names its licence, and is told of one that is not known.
NAME_CHARACTERS = 100
#: What a single source may name alone: the text stands at the end for all.
NAMED_ALONE = {"Apache-2.0", "Apache-2.0 WITH Swift-exception"}
SOURCES = {".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".S", ".swift"}
#: One of these is in each of them, however its lines are broken.
SOUNDS_LIKE = re.compile(r"[Pp]ermission|[Rr]edistribut|publicdomain|without fee|" + NAMES.pattern, re.I)
#: Folders at the top of a package that nothing of ours is built from. All others are read, whether or not something of
#: ours is built from them: too much that is known costs a stanza, too little would hide a licence.
LEFT_OUT = {"Tests", "Benchmarks", "IntegrationTests", "Examples", "Snippets", "FuzzTesting", "Tools", "dev"}
#: A heading holds no more: what follows is code.
HEADING_CHARACTERS = 2000

#: How the files are called that hold a licence; a source is none of them.
TEXT_NAME = re.compile(r"(UN)?LICEN[SC]E|COPYING", re.I)

#: The libraries that a toolchain brings, and what they are under besides its own licence.
LIBRARIES = (
    (re.compile(r"lib_FoundationICU\.so"), "Unicode-3.0", ("icu.txt", "icu-data.txt")),
    (re.compile(r"lib(swift\w+|Foundation\w*|dispatch|BlocksRuntime)\.so"), "Apache-2.0 WITH Swift-exception", ()),
)

COPYRIGHT = re.compile(r"Copyright\s+(?:(?:\([cC]\)|©)\s*)?((?:\d{4}(?:[\s,–-]|and|&)*)*)(.*)")
HELD = re.compile(r"(?!License\b|YEARS)[A-Z]|the [\w-]+ authors")


class Unknown(Exception):
    """A licence that is not there, or is none that is known."""


@dataclass
class Stanza:
    """What a copyright file says of some files."""

    files: list[str]
    copyright: set[str]
    licence: str
    text: str | None = None
    comment: str = ""

    def lines(self) -> Iterator[str]:
        yield "Files: " + "\n ".join(self.files)
        yield "Copyright: " + "\n ".join(sorted(self.copyright))
        yield f"License: {WORDS.get(self.licence, self.licence)}"
        if self.text:
            yield from folded(self.text)
        if self.comment:
            yield "Comment:"
            yield from folded(self.comment)


@dataclass
class Found:
    """What the sources of a package say of themselves."""

    #: By the part that is somebody else's, and "" for the package: who has the rights.
    holders: dict[str, dict[str, set[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    #: By a licence and its text: in which files.
    texts: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))


def folded(text: str) -> Iterator[str]:
    """Lines that go on with a field: an empty one is a dot."""
    for line in text.strip("\n").splitlines():
        yield f" {line.rstrip()}" if line.strip() else " ."


def comments(text: str) -> Iterator[str]:
    """Each comment without what marks it as one."""
    for block in re.finditer(r"/\*.*?\*/|(?m:(?:^[ \t]*//[^\n]*(?:\n|$))+)", text, re.S):
        lines = [re.sub(r"^[ \t]*(?:/\*+|\*/|\*|//+)?-?[ ]?|\*/[ \t]*$", "", line) for line in block[0].splitlines()]
        lines = ["" if re.fullmatch(r"[ \t=*/-]*", line) else line.rstrip() for line in lines]
        yield "\n".join(lines).strip("\n")


def comments_of(path: Path, text: str) -> Iterator[str]:
    """Those of a source; assembler has signs of its own for them."""
    yield from comments(text)
    if path.suffix == ".S":
        for block in re.finditer(r"(?m:(?:^[ \t]*[@;#][^\n]*(?:\n|$))+)", text):
            yield re.sub(r"(?m)^[ \t]*[@;#]+ ?", "", block[0]).strip("\n")


def named(comment: str) -> Iterator[str]:
    """The licences that a comment names: SPDX's word, or the comment's own words where they are none that is known."""
    flat = " ".join(comment.split())
    for hit in NAMES.finditer(flat):
        words = flat[hit.start():hit.start() + NAME_CHARACTERS]
        if spdx := SPDX.match(words):
            yield spdx[1]
        elif apache := APACHE.match(words):
            yield "Apache-2.0 WITH Swift-exception" if apache[1] else "Apache-2.0"
        else:
            yield words


def licences_to_tell(comment: str, is_text: bool, here: list[str]) -> set[str]:
    """The licences of a comment, or of a file that is a licence's text, that the stanza of its part does not tell.

    - Throws: Unknown for one that is not known, or that is named alone and is not known to stand at the end.
    """
    licence = licence_of(comment)
    if licence not in IN_SOURCES and (is_text and licence is None or GRANTS.search(" ".join(comment.split()))):
        raise Unknown("has a licence that is not known here")
    others = ({licence} if is_text else {licence, *named(comment)}) - {None, *here}
    # A folder with a text of its own is somebody else's part, and CARRIED should know it.
    if bad := others - (IN_SOURCES & {licence}) - (set() if is_text else NAMED_ALONE):
        raise Unknown(f"is under a licence that is not its package's, and has no text to print: {min(bad)}")
    return others | (IN_SOURCES & {licence})


def is_licence(path: Path) -> bool:
    return TEXT_NAME.match(path.name) is not None and path.suffix not in SOURCES and path.is_file()


def holders(text: str, into: dict[str, set[int]]) -> None:
    """Who is named as having the rights, and the years."""
    for line in text.splitlines():
        hit = COPYRIGHT.search(line)
        if hit is None:
            continue
        holder = re.sub(r"All rights reserved\.?|\*/", "", hit[2], flags=re.I).strip(" \t.,\"'")
        if HELD.match(holder) and not holder.isupper():
            into[holder].update(int(year) for year in re.findall(r"\d{4}", hit[1]))


def text_for(licence: str, text: str) -> str | None:
    """What has to be printed: nothing, where it is a text that stands at the end for all."""
    return None if licence.startswith(COMMON_NAMES) else text


def told(into: dict[str, set[int]]) -> set[str]:
    said = set()
    for holder, years in into.items():
        span = f"{min(years)}-{max(years)} " if len(years) > 1 else f"{min(years)} " if years else ""
        said.add(span + holder)
    return said


def read(checkout: Path, own: str) -> Found:
    """The headings of all sources, and the texts of licences in them. The package is under its own licence, and so is
    each file that says nothing else.

    - Throws: Unknown for a file under a licence that nobody could print.
    """
    found = Found()
    parts = {code.folder: code.licence.split(" AND ") for code in CARRIED if code.inside == checkout.name.lower()}
    for path in sorted(checkout.rglob("*")):
        place = path.relative_to(checkout)
        if place.parts[0] in LEFT_OUT or any(word.startswith(".") for word in place.parts) or not path.is_file():
            continue
        is_text = len(place.parts) > 1 and is_licence(path)
        if not is_text and path.suffix not in SOURCES:
            continue
        text = path.read_text(errors="replace")
        # The innermost part that it belongs to.
        inside = max((part for part in parts if place.is_relative_to(part)), key=len, default="")
        here = parts.get(inside, [own])
        holders(text if is_text else text[:HEADING_CHARACTERS], found.holders[inside])
        if not is_text and SOUNDS_LIKE.search(text) is None:
            continue
        for comment in [text.strip("\n")] if is_text else comments_of(path, text):
            try:
                names = licences_to_tell(comment, is_text, here)
            except Unknown as error:
                raise Unknown(f"{checkout.name}: {place} {error}") from None
            for name in sorted(names):
                files = found.texts[name, text_for(name, comment) or ""]
                where = f"{inside}/*" if inside and name == here[0] else str(place.parent / "*" if is_text else place)
                where = where.replace(" ", "?")  # A space would end the name.
                files.extend([where] if where not in files else [])
    return found


def licence_text(checkout: Path) -> tuple[str, str]:
    """The licence at the top of a package, and its text."""
    files = sorted(path for path in checkout.iterdir() if is_licence(path))
    if not files:
        raise Unknown(f"{checkout.name} has no licence")
    if len(files) > 1:
        raise Unknown(f"{checkout.name}: {files[1].name} is a second licence beside {files[0].name}")
    text = files[0].read_text(errors="replace")
    licence = licence_of(text)
    if licence is None:
        raise Unknown(f"{checkout.name}: {files[0].name} is no licence that is known here")
    return licence, text


def package_stanzas(part: Part, checkouts: Path, base: str) -> list[Stanza]:
    checkout = next((path for path in checkouts.glob("*") if path.name.lower() == part.name), None)
    if checkout is None:
        raise Unknown(f"{part.name} has no checkout: run swift package resolve")
    licence, text = licence_text(checkout)
    notices = [file.read_text(errors="replace") for file in sorted(checkout.glob("NOTICE*"))]
    found = read(checkout, licence)
    own = found.holders[""]
    for more in [text, *notices]:
        holders(more, own)
    if not own:
        raise Unknown(f"{checkout.name}: nobody is named as having the rights")
    about = f"{checkout.name} {part.version or ''}, {part.source}".replace(" ,", ",")
    place = f"{base}/{checkout.name}"
    stanzas = [Stanza([f"{place}/*"], told(own), licence, text_for(licence, text), "\n\n".join([about, *notices]))]
    parts = [code for code in CARRIED if code.inside == part.name and (checkout / code.folder).is_dir()]
    for code in parts:
        # A part under a common licence, or whose text its sources do not have.
        if any(f"{code.folder}/*" in files for files in found.texts.values()):
            continue
        given = TEXTS / f"{code.name.lower()}.txt"
        if not given.exists() and code.licence not in COMMON_NAMES:
            raise Unknown(f"{code.name} in {checkout.name}: there is no text of {code.licence}")
        body = given.read_text() if given.exists() else None
        into = found.holders[code.folder]
        holders(body or "", into)
        if not into:
            raise Unknown(f"{code.name} in {checkout.name}: nobody is named as having the rights")
        stanzas.append(Stanza([f"{place}/{code.folder}/*"], told(into), code.licence, body, code.name))
    # The last stanza that fits a file is the one that counts: folders stand before files.
    for (licence, body), files in sorted(found.texts.items(), key=lambda one: (not one[1][0].endswith("*"), one)):
        mine: dict[str, set[int]] = defaultdict(set)
        holders(body, mine)
        for code in parts:
            if f"{code.folder}/*" in files:
                mine.update(found.holders[code.folder])
        stanzas.append(Stanza([f"{place}/{file}" for file in files], told(mine or own), licence, body or None))
    return stanzas


def library_stanzas(libraries: list[Path], runtime: str) -> list[Stanza]:
    """Those that a toolchain brought, by what stands in its licence's place."""
    groups = defaultdict(list)
    for library in libraries:
        kind = next((kind for kind in LIBRARIES if kind[0].fullmatch(library.name)), None)
        if kind is None:
            raise Unknown(f"nobody knows the licence of {library.name}")
        groups[kind].append(f"*/lib/imagevault/{library.name}")
    stanzas = []
    for (_, licence, names), files in groups.items():
        text = "\n\n".join((TEXTS / name).read_text() for name in names)
        into: dict[str, set[int]] = defaultdict(set)
        holders(text, into)
        if not names:
            into["Apple Inc. and the Swift project authors"] = set()
        about = "Libraries of the Swift toolchain that the programs were built with."
        stanzas.append(Stanza(sorted(files), told(into), licence, text or None, about))
    if libraries and licence_of(runtime) != "Apache-2.0 WITH Swift-exception":
        raise Unknown("the toolchain's licence is not the one that is known here")
    return stanzas


def runtime_licence(libraries: list[Path]) -> str:
    """The text that came with the toolchain."""
    compiler = shutil.which("swift")
    places = [library.resolve().parent / "../../../share/swift/LICENSE.txt" for library in libraries]
    if compiler:
        places.append(Path(compiler).resolve().parent / "../share/swift/LICENSE.txt")
    file = next((place for place in places if place.is_file()), None)
    if libraries and file is None:
        raise Unknown("the toolchain of the libraries has no share/swift/LICENSE.txt")
    return file.read_text(errors="replace") if file else ""


def own_stanza(folder: Path) -> Stanza:
    for file in sorted(folder.glob("LICEN[SC]E*")):
        text = file.read_text()
        into: dict[str, set[int]] = defaultdict(set)
        holders(text, into)
        return Stanza(["*"], told(into) or {"the authors of ImageVault"}, licence_of(text) or "ImageVault", text)
    return Stanza(["*"], {"the authors of ImageVault"}, "none-granted", "\n".join((
        "No licence is granted yet. All rights to ImageVault itself are with its authors: who wants to use, copy or",
        "pass on the programs needs their word. What they carry of others stays under the licences below.")))


def standing(stanzas: list[Stanza], exceptions: list[str]) -> Iterator[list[str]]:
    """The licences that a stanza names without a text."""
    names = {stanza.licence for stanza in stanzas if stanza.text is None}
    for name in sorted(names):
        base = name.partition(" ")[0]
        lines = [f"License: {WORDS.get(name, name)}",
                 *folded(f"The text is in {COMMON}/{base} on every Debian system, and beside this file elsewhere.")]
        if base != name:
            text = next((text for text in exceptions if licence_of(text) == name), None)
            if text is None:
                raise Unknown(f"there is no text of {name}")
            lines += [" .", *folded(text[text.index("Runtime Library Exception"):].replace(": ##", ":"))]
        yield lines


def copyright_file(package: Path, libraries: list[Path]) -> str:
    if not (package / "Package.resolved").exists():
        raise Unknown("there is no Package.resolved: run swift package resolve")
    checkouts = package / ".build/checkouts"
    runtime = runtime_licence(libraries)
    stanzas = [own_stanza(package)]
    for part in swift_packages(package, checkouts):
        stanzas += package_stanzas(part, checkouts, ".build/checkouts")
    stanzas += library_stanzas(libraries, runtime)
    texts = [runtime, *(licence_text(path)[1] for path in sorted(checkouts.glob("*")) if path.is_dir())]
    head = [f"Format: {FORM}", "Upstream-Name: ImageVault", "Comment:", *folded(
        "Files below .build/checkouts are sources of Swift packages that the programs are built from; some packages\n"
        "are pinned and used on other systems alone. Files below lib/imagevault are libraries of the Swift toolchain\n"
        "that come with the programs. Libraries of the system have copyright files of their own.")]
    ends = list(standing(stanzas, texts))
    return "\n\n".join("\n".join(lines) for lines in [head, *(list(one.lines()) for one in stanzas), *ends]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--package", type=Path, default=ROOT)
    parser.add_argument("libraries", nargs="*", type=Path)
    options = parser.parse_args()
    try:
        text = copyright_file(options.package, options.libraries)
    except Unknown as error:
        print(f"licences: {error}", file=sys.stderr)
        return 1
    if options.out:
        options.out.write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
