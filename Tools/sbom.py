"""What ImageVault is made of: Swift packages, C code inside them, libraries of the system. See Tools/sbom."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: Words that only this licence's text has, in the order in which they are looked for.
LICENCES = (
    ("Apache-2.0 WITH Swift-exception", ("Apache License", "Version 2.0", "Runtime Library Exception")),
    ("Apache-2.0", ("Apache License", "Version 2.0")),
    ("MIT", ("Permission is hereby granted, free of charge", "without restriction")),
    ("ISC", ("Permission to use, copy, modify, and/or distribute this software for any purpose",)),
    ("BSD-3-Clause", ("Redistribution and use in source and binary forms", "Neither the name")),
    ("BSD-2-Clause", ("Redistribution and use in source and binary forms",)),
    ("Zlib", ("provided 'as-is', without any express or implied", "misrepresented")),
    ("MPL-2.0", ("Mozilla Public License", "2.0")),
    ("Brian-Gladman-3-Clause", ("redistribution and use of this software (with or without changes) is allowed",
                                "3. the name of the copyright holder is not used to endorse")),
    ("CC0-1.0", ("creativecommons.org/publicdomain/zero/1.0",)),
)


@dataclass(frozen=True)
class SystemLibrary:
    """A library that Debian brings."""

    name: str
    #: As pkg-config calls it, where it does, and dpkg.
    module: str | None
    package: str
    licence: str
    #: Targets of ours, a package, or libraries above it, that link it; nobody is all of us.
    used_by: tuple[str, ...]
    #: The trait of Package.swift without which it is left out.
    trait: str | None = None


SYSTEM = (
    SystemLibrary("libsodium", "libsodium", "libsodium23", "ISC", ("CSodium",)),
    SystemLibrary("libjpeg-turbo", "libjpeg", "libjpeg62-turbo", "IJG AND BSD-3-Clause AND Zlib", ("CJPEG",)),
    SystemLibrary("zlib", "zlib", "zlib1g", "Zlib", ("CZlib",)),
    SystemLibrary("libdeflate", "libdeflate", "libdeflate0", "MIT", ("CDeflate",)),
    SystemLibrary("libmagic", "libmagic", "libmagic1", "BSD-2-Clause", ("CMagic",)),
    SystemLibrary("liblzma", "liblzma", "liblzma5", "LicenseRef-public-domain", ("libmagic",)),
    SystemLibrary("bzip2", None, "libbz2-1.0", "bzip2-1.0.6", ("libmagic",)),
    SystemLibrary("libseccomp", "libseccomp", "libseccomp2", "LGPL-2.1-only", ("CSeccomp",)),
    SystemLibrary("libqrencode", "libqrencode", "libqrencode4", "LGPL-2.1-or-later", ("CQRCode",)),
    SystemLibrary("sqlite", "sqlite3", "libsqlite3-0", "blessing", ("grdb.swift",)),
    SystemLibrary("p11-kit", "p11-kit-1", "libp11-kit0", "BSD-3-Clause", ("CVaultTokens",), "PKCS11"),
    SystemLibrary("tpm2-tss", "tss2-fapi", "libtss2-fapi1", "BSD-2-Clause", ("CVaultTokens",), "TPM2"),
    SystemLibrary("glibc", None, "libc6", "LGPL-2.1-or-later", ()),
    SystemLibrary("libstdc++", None, "libstdc++6", "GPL-3.0-or-later WITH GCC-exception-3.1", ()),
    SystemLibrary("libgcc", None, "libgcc-s1", "GPL-3.0-or-later WITH GCC-exception-3.1", ()),
)
#: Targets in C that link nothing but the C library.
OWN_TARGETS = {"CVaultResources", "CVaultSystem"}


@dataclass(frozen=True)
class Carried:
    """C code of somebody else inside a Swift package, found by what says its version."""

    name: str
    inside: str
    folder: str
    licence: str
    #: A file of the package, and what its version is in it.
    place: str
    pattern: str


CARRIED = (
    Carried("BoringSSL", "swift-crypto", "Sources/CCryptoBoringSSL", "Apache-2.0", "Package.swift",
            r"BoringSSL Commit: ([0-9a-f]{40})"),
    Carried("BoringSSL", "swift-nio-ssl", "Sources/CNIOBoringSSL", "Apache-2.0", "Package.swift",
            r"BoringSSL Commit: ([0-9a-f]{40})"),
    Carried("llhttp", "swift-nio", "Sources/CNIOLLHTTP", "MIT", "Sources/CNIOLLHTTP/include/c_nio_llhttp.h",
            r"LLHTTP_VERSION_MAJOR (\d+)\s+#define LLHTTP_VERSION_MINOR (\d+)\s+#define LLHTTP_VERSION_PATCH (\d+)"),
    Carried("libyaml", "yams", "Sources/CYaml", "MIT", "Sources/CYaml/CMakeLists.txt", r"VERSION_STRING (\S+)"),
    Carried("XKCP", "swift-crypto", "Sources/CXKCP", "CC0-1.0 AND Brian-Gladman-3-Clause",
            "Sources/CXKCP/vendored-sources.txt", r"heads/master-0-g([0-9a-f]+)"),
    Carried("fiat-crypto", "swift-crypto", "Sources/CCryptoBoringSSL/third_party/fiat", "MIT", "Package.swift",
            r"fiat-crypto ([0-9a-f]{40})"),
    Carried("fiat-crypto", "swift-nio-ssl", "Sources/CNIOBoringSSL/third_party/fiat", "MIT", "Package.swift",
            r"fiat-crypto ([0-9a-f]{40})"),
    Carried("SHA-1 of KAME", "swift-nio", "Sources/CNIOSHA1", "BSD-3-Clause", "Sources/CNIOSHA1/c_nio_sha1.c",
            r"\$KAME: sha1\.c,v (\S+)"),
    Carried("zlib", "swift-nio-extras", "Sources/CNIOExtrasZlib", "Zlib",
            "Sources/CNIOExtrasZlib/include/nioextras-zlib.h", r'ZLIB_VERSION "([^"]+)"'),
)


@dataclass
class Part:
    """One row."""

    name: str
    reference: str
    version: str | None = None
    licence: str | None = None
    source: str | None = None
    revision: str | None = None
    #: What it depends on, by identity; and whose part it is, by reference: the whole's where nobody is named.
    needs: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        properties = {**self.notes, **({"revision": self.revision} if self.revision else {})}
        row: dict[str, Any] = {"type": "library", "bom-ref": self.reference, "name": self.name}
        if self.version:
            row["version"] = self.version
        # An expression of several, one word of SPDX's list, or none that it has.
        if self.licence and self.licence.startswith("LicenseRef-"):
            row["licenses"] = [{"license": {"name": self.licence.removeprefix("LicenseRef-")}}]
        elif self.licence and " " in self.licence:
            row["licenses"] = [{"expression": self.licence}]
        elif self.licence:
            row["licenses"] = [{"license": {"id": self.licence}}]
        if self.reference.startswith("pkg:"):
            row["purl"] = self.reference
        if self.source:
            row["externalReferences"] = [{"type": "vcs", "url": self.source}]
        if properties:
            row["properties"] = [
                {"name": f"imagevault:{key}", "value": value} for key, value in sorted(properties.items())
            ]
        return row


def licence_of(text: str) -> str | None:
    """The licence's word in SPDX's list; nil for a text that is none that is known."""
    flat = " ".join(text.split()).lower()
    return next((name for name, words in LICENCES if all(word.lower() in flat for word in words)), None)


def licence_in(folder: Path) -> str | None:
    for file in sorted(folder.glob("LICEN[SC]E*")) + sorted(folder.glob("COPYING*")):
        if file.is_file():
            return licence_of(file.read_text(errors="replace"))
    return None


def manifest(folder: Path) -> str:
    """Package.swift without its comments."""
    return re.sub(r"(?m)(?<!:)//.*$", "", (folder / "Package.swift").read_text(errors="replace"))


def wanted(folder: Path) -> dict[str, tuple[str, str | None]]:
    """What a package depends on, as its manifest says it: where it is, and the least version, by identity."""
    found = {}
    for words in re.findall(r"\.package\(\s*url:\s*\"([^\"]+)\"(.*?)\)", manifest(folder), re.S):
        url, more = words
        version = re.search(r"\"(\d+\.\d+\.\d+)\"", more)
        found[identity(url)] = (url, version[1] if version else None)
    return found


def identity(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").rpartition("/")[2].lower()


def swift_part(name: str, url: str, version: str | None) -> Part:
    place = url.removeprefix("https://").removesuffix(".git")
    return Part(name, f"pkg:swift/{place}@{version}" if version else f"pkg:swift/{place}", version, source=url)


def swift_packages(folder: Path, checkouts: Path) -> list[Part]:
    """Those that are pinned; where nothing is, those that are asked for."""
    resolved = folder / "Package.resolved"
    parts = []
    if not resolved.exists():
        for name, (url, version) in wanted(folder).items():
            part = swift_part(name, url, version)
            part.notes["resolved"] = "no: this is the least version that Package.swift takes"
            parts.append(part)
        return parts
    for pin in json.loads(resolved.read_text())["pins"]:
        state = pin["state"]
        part = swift_part(pin["identity"], pin["location"], state.get("version") or state.get("branch"))
        part.revision = state["revision"]
        checkout = next((path for path in checkouts.glob("*") if path.name.lower() == pin["identity"]), None)
        if checkout is None:
            part.notes["licence"] = "not read: there is no checkout"
        else:
            part.licence = licence_in(checkout)
            part.needs = sorted(wanted(checkout))
        parts.append(part)
    return parts


def carried(parts: list[Part], checkouts: Path) -> list[Part]:
    found = []
    for code in CARRIED:
        holder = next((part for part in parts if part.name == code.inside), None)
        checkout = next((path for path in checkouts.glob("*") if path.name.lower() == code.inside), None)
        if holder is None or checkout is None or not (checkout / code.folder).is_dir():
            continue
        place = checkout / code.place
        hit = re.search(code.pattern, place.read_text(errors="replace")) if place.is_file() else None
        version = ".".join(hit.groups()) if hit else None
        reference = f"carried:{code.inside}/{code.name.lower()}"
        part = Part(code.name, reference, version, code.licence, used_by=[holder.reference],
                    notes={"inside": f"{code.inside}/{code.folder}"})
        if version is None:
            part.notes["version"] = "unknown: its sources do not say"
        found.append(part)
    return found


def told(*words: str) -> str | None:
    """What a program of the system says, or nil."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True)
    return done.stdout.strip() or None if done.returncode == 0 else None


def upstream(packaged: str | None) -> str | None:
    """Debian's version without what Debian puts around it."""
    return re.sub(r"^\d+:|-[^-]*$", "", packaged) if packaged else None


def system_libraries(parts: list[Part]) -> list[Part]:
    architecture = told("dpkg", "--print-architecture") or "unknown"
    found = []
    for library in SYSTEM:
        version = told("pkg-config", "--modversion", library.module) if library.module else None
        packaged = told("dpkg-query", "-W", "-f", "${Version}", library.package)
        at = f"@{packaged.replace('+', '%2B').replace('~', '%7E')}" if packaged else ""
        part = Part(
            library.name, f"pkg:deb/debian/{library.package}{at}?arch={architecture}", version or upstream(packaged),
            library.licence, notes={"debian": f"{library.package} {packaged or 'is not installed'}"},
        )
        if version is None and packaged is None:
            part.notes["version"] = "unknown: neither pkg-config nor dpkg knows it here"
        if library.trait:
            part.notes["trait"] = library.trait
        targets = [name for name in library.used_by if name.startswith("C")]
        if targets:
            part.notes["targets"] = ", ".join(targets)
        part.used_by = [one.reference for one in parts + found if one.name in library.used_by] if not targets else []
        found.append(part)
    return found


def runtime() -> list[Part]:
    said = told("swift", "--version") or ""
    version = re.search(r"Swift version (\S+)", said)
    compiler = shutil.which("swift")
    header = Path(compiler).resolve().parent / "../lib/swift/_foundation_unicode/uvernum.h" if compiler else None
    told_icu = header.read_text(errors="replace") if header and header.is_file() else ""
    icu = re.search(r'define U_ICU_VERSION "([^"]+)"', told_icu)
    return [
        Part("icu", "toolchain:icu", icu[1] if icu else None, "Unicode-3.0",
             "https://github.com/swiftlang/swift-foundation-icu",
             notes={"what": "part of Foundation, installed beside the programs"}),
        Part("swift", "toolchain:swift", version[1] if version else None, "Apache-2.0 WITH Swift-exception",
             "https://github.com/swiftlang/swift",
             notes={"what": "runtime, Foundation and Dispatch, installed beside the programs"}),
    ]


def bill(folder: Path) -> dict[str, Any]:
    checkouts = folder / ".build/checkouts"
    swift = swift_packages(folder, checkouts)
    by_name = {part.name: part.reference for part in swift}
    depends = {part.reference: {by_name[name] for name in part.needs if name in by_name} for part in swift}
    others = carried(swift, checkouts) + system_libraries(swift) + runtime()
    version = re.search(r'text = "([^"]+)"', (ROOT / "Sources/VaultAPI/Version.swift").read_text())
    own = f"pkg:generic/imagevault@{version[1] if version else '0'}"
    depends[own] = {by_name[name] for name in wanted(folder) if name in by_name}
    for part in others:
        depends.setdefault(part.reference, set())
        for user in part.used_by or [own]:
            depends[user].add(part.reference)
    rows = [part.row() for part in sorted(swift + others, key=lambda part: part.reference)]
    # Files, rows and versions alone decide it.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(rows, sort_keys=True))
    moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application", "bom-ref": own, "name": "imagevault", "version": own.rpartition("@")[2]
            },
        },
        "components": rows,
        "dependencies": [{"ref": name, "dependsOn": sorted(on)} for name, on in sorted(depends.items())],
    }


def table(said: dict[str, Any]) -> str:
    rows = [("name", "version", "licence", "where it comes from")]
    for row in said["components"]:
        licence = row.get("licenses", [{}])[0]
        notes = {one["name"].partition(":")[2]: one["value"] for one in row.get("properties", [])}
        origin = notes.get("debian") or notes.get("inside") or row.get("externalReferences", [{}])[0].get("url", "")
        rows.append((row["name"], row.get("version", "?"),
                     licence.get("expression") or " ".join(licence.get("license", {}).values()) or "UNKNOWN", origin))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = ["  ".join([*(word.ljust(width) for word, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--text", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--package", type=Path, default=ROOT)
    options = parser.parse_args()
    said = bill(options.package)
    if not (options.package / "Package.resolved").exists():
        print("sbom: not resolved: versions are the least that Package.swift takes; run swift package resolve",
              file=sys.stderr)
    text = table(said) if options.text else json.dumps(said, indent=2, ensure_ascii=False)
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
