#!/usr/bin/env python3
"""Makes src/imagevault/errors.py from the registry of error codes.

    generate_errors.py            writes the file
    generate_errors.py --check    fails when the file is stale
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REGISTRY = HERE.parents[1] / "Sources/VaultFormat/Errors/ErrorCode.swift"
TARGET = HERE / "src/imagevault/errors.py"

#: Codes whose class is not simply the code in capitals.
NAMES = {
    "blob-damaged": "ImageDamaged",
    "blob-missing": "ImageMissing",
    "wrap-damaged": "KeyDamaged",
    "row-damaged": "RecordDamaged",
    "sealed": "VaultSealed",
    "overloaded": "VaultOverloaded",
    "inspection-failed": "InspectionFailed",
}

LITERAL = r'"(?:[^"\\]|\\.)*"'
TEXT = rf"{LITERAL}(?:\s*\+\s*{LITERAL})*"
CASE = re.compile(r'^\s*case\s+(\w+)\s*=\s*"([a-z0-9-]+)"', re.MULTILINE)
ENTRY = re.compile(
    rf"(?:case\s+(?P<cases>\.\w+(?:\s*,\s*\.\w+)*)|(?P<other>default))\s*:\s*"
    rf"(?:return\s+)?\.init\(\s*(?P<status>\d+)\s*,\s*(?P<title>{TEXT})(?P<rest>.*?)\)\s*"
    rf"(?=case\s+\.|default\s*:|\}})",
    re.DOTALL,
)
FIX = re.compile(rf"\bfix:\s*({TEXT})", re.DOTALL)
WAIT = re.compile(r"\bretryAfter:\s*([\d_]+)")


class RegistryNotUnderstood(Exception):
    """The registry is written in a way that this script does not read."""


@dataclass(frozen=True)
class Code:
    code: str
    status: int
    title: str
    fix: str
    retry_after: float | None

    @property
    def class_name(self) -> str:
        return NAMES.get(self.code) or "".join(word.capitalize() for word in self.code.split("-"))


def text(literals: str) -> str:
    """The value of Swift string literals joined by plus."""
    parts = re.findall(LITERAL, literals)
    escapes = {"n": "\n", "t": "\t", "0": "\0"}
    return "".join(
        re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), part[1:-1])
        for part in parts
    )


def parse(source: str) -> list[Code]:
    """The codes of the registry, in its order."""
    source = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    known = dict(CASE.findall(source))
    if not known:
        raise RegistryNotUnderstood("no codes were found")
    entries: dict[str, Code] = {}
    fallback: tuple[int, str, str, float | None] | None = None
    for found in ENTRY.finditer(source):
        fix = FIX.search(found["rest"])
        wait = WAIT.search(found["rest"])
        if fix is None:
            raise RegistryNotUnderstood(f"no fix: {found[0][:60]}")
        values = (
            int(found["status"]),
            text(found["title"]),
            text(fix[1]),
            int(wait[1].replace("_", "")) / 1000 if wait else None,
        )
        if found["other"]:
            fallback = values
            continue
        for name in re.findall(r"\.(\w+)", found["cases"]):
            if name not in known or name in entries:
                raise RegistryNotUnderstood(f"{name} is unknown or described twice")
            entries[name] = Code(known[name], *values)
    missing = [name for name in known if name not in entries]
    if len(missing) > 1 or (missing and (fallback is None or missing != ["internalError"])):
        raise RegistryNotUnderstood(f"no description: {', '.join(missing)}")
    if missing and fallback is not None:
        entries["internalError"] = Code(known["internalError"], *fallback)
    return [entries[name] for name in known]


def literal(value: str) -> str:
    quoted = value.replace("\\", "\\\\")
    return f"'{quoted}'" if '"' in value and "'" not in value else '"{}"'.format(
        quoted.replace('"', '\\"')
    )


def render(codes: list[Code]) -> str:
    """The module."""
    names = [code.class_name for code in codes]
    if len(set(names)) != len(names):
        raise RegistryNotUnderstood("two codes have one class")
    lines = [
        '"""The vault\'s error codes, one exception each. Made by generate_errors.py."""',
        "",
        "from __future__ import annotations",
        "",
        "from ._base import VaultError",
        "",
    ]
    for code in codes:
        lines += [
            "",
            f"class {code.class_name}(VaultError):",
            f'    """`{code.code}`: {code.title}."""',
            "",
            f'    default_code = "{code.code}"',
            f"    default_status = {code.status}",
        ]
        if code.retry_after is not None:
            lines += [
                "    default_retryable = True",
                f"    default_retry_after = {code.retry_after}",
            ]
        lines += [
            f"    default_title = {literal(code.title)}",
            *wrapped("    default_fix = ", literal(code.fix)),
            "",
        ]
    lines += ["", "#: Each code's exception.", "BY_CODE: dict[str, type[VaultError]] = {"]
    lines += [f'    "{code.code}": {code.class_name},' for code in codes]
    lines += ["}", "", "__all__ = ["]
    lines += [f'    "{name}",' for name in sorted([*names, "BY_CODE"])]
    lines += ["]", ""]
    return "\n".join(lines)


def wrapped(start: str, value: str) -> list[str]:
    if len(start) + len(value) <= 100:
        return [start + value]
    return [start + "(", f"        {value}", "    )"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when the file is stale")
    parser.add_argument("--registry", type=Path, default=REGISTRY)
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    try:
        made = render(parse(options.registry.read_text("utf-8")))
    except RegistryNotUnderstood as error:
        print(f"{options.registry}: {error}", file=sys.stderr)
        return 2
    if not options.check:
        options.target.write_text(made, "utf-8")
        return 0
    if not options.target.exists() or options.target.read_text("utf-8") != made:
        print(f"{options.target} is stale: run {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
