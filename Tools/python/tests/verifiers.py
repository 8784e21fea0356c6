"""The three verifiers of bundles, each asked as its users ask it, and the vectors."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser import Browser
from conftest import ROOT, TOOLS

PROGRAM = TOOLS / "python/verify_bundle.py"
PAGE = TOOLS / "verify.html"
VECTORS = ROOT / "Tests/VaultTestKit/Vectors/bundles.json"
BINARY = Path(os.environ.get("IMAGEVAULT_BIN") or ROOT / ".build/release") / "vaultverify"


@dataclass
class Case:
    """A bundle, and what its reader brings along."""

    name: str
    bundle: bytes
    keys: list[str]
    fingerprint: str | None = None
    known: str | None = None
    witnesses: list[str] = field(default_factory=list)
    needed: int = 0


@dataclass(frozen=True)
class Verdict:
    """The rule that fails first and its index, or nothing of both; and what is said of a bundle that holds."""

    rule: str | None
    index: str | None
    says: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def refused(words: str) -> Verdict:
        match = re.search(r"([a-z-]+) at index ([0-9]+)", words)
        assert match, words
        return Verdict(match[1], match[2])


Verifier = Callable[[Sequence[Case]], list[Verdict]]


def vectors() -> list[tuple[Case, Verdict]]:
    content = json.loads(VECTORS.read_text())
    cases = []
    for one in content["opens"] + content["refusals"]:
        bundle = edited(content["bundles"][one["of"]], one.get("edits", []))
        more = {name: one[name] for name in ("fingerprint", "known", "witnesses", "needed") if name in one}
        says = tuple(sorted((name, str(value)) for name, value in one.get("says", {}).items()))
        verdict = Verdict(one.get("refused_by"), one.get("index"), says)
        cases.append((Case(one["rule"], bundle, one["keys"], **more), verdict))
    return cases


def edited(lines: list[str], edits: list[dict[str, Any]]) -> bytes:
    lines = list(lines)
    for edit in edits:
        insert = list(edit["insert"])
        if "pad" in edit:
            insert[-1] += "A" * (edit["pad"] - len(insert[-1].encode()) - 1)
        lines[edit["at"] : edit["at"] + edit["delete"]] = insert
    return "\n".join(lines).encode()


# ---- Programs ----


def arguments(case: Case, folder: Path, number: int) -> list[str]:
    def file(kind: str, content: bytes) -> str:
        path = folder / f"{number}.{kind}"
        path.write_bytes(content)
        return str(path)

    given = [file("bundle", case.bundle), "--key", file("pub", lines(case.keys))]
    if case.fingerprint is not None:
        given += ["--fingerprint", case.fingerprint]
    if case.known is not None:
        given += ["--known", file("known", case.known.encode())]
    if case.witnesses:
        given += ["--witness", file("witness", lines(case.witnesses)), "--witnesses", str(case.needed)]
    return given


def lines(texts: Sequence[str]) -> bytes:
    return "".join(text + "\n" for text in texts).encode()


Said = tuple[tuple[str, str], ...]


def by_program(said: Callable[[str], Said], folder: Path, *command: str) -> Verifier:
    """A program that ends with 0 when a bundle holds, and with 1 when it does not."""

    def ask(number: int, case: Case) -> Verdict:
        ending = subprocess.run(
            [*command, *arguments(case, folder, number)], capture_output=True, text=True, timeout=60
        )
        assert ending.returncode in (0, 1), (case.name, ending)
        if ending.returncode:
            return Verdict.refused(ending.stderr + ending.stdout)
        return Verdict(None, None, said(ending.stdout))

    def verify(cases: Sequence[Case]) -> list[Verdict]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(ask, range(len(cases)), cases))

    return verify


def said_in_lines(text: str) -> Said:
    """The lines of a verdict as pairs."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return tuple(sorted((name, value.strip()) for name, _, value in pairs if name != "witnesses"))


def python_verifier(folder: Path) -> Verifier:
    return by_program(said_in_lines, folder, sys.executable, str(PROGRAM))


def said_for_people(text: str) -> Said:
    """Of the words of vaultverify, what no two bundles share by chance."""
    log = re.search(r"([0-9]+) events, root ([0-9a-f]{64})", text)
    key = re.search(r"key ([0-9a-f]{64})", text)
    assert log and key, text
    return (("root", log[2]), ("signer", key[1]), ("size", log[1]))


def vaultverify(folder: Path) -> Verifier:
    return by_program(said_for_people, folder, str(BINARY), "bundle")


def knows_bundles() -> bool:
    if not BINARY.exists():
        return False
    return subprocess.run([BINARY, "bundle", "--help"], capture_output=True, timeout=60).returncode == 0


# ---- The page ----

# As if each file were chosen in its input; the bundle comes last, so that one check is made.
ASK = """
(async (given) => {
  const file = (name, text) => new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name);
  forget();
  element("fingerprint").value = given.fingerprint ?? "";
  element("wanted").value = given.needed ?? "";
  for (const kind of ["key", "known", "witness", "bundle"]) {
    if (given[kind] !== undefined) await take(kind, file(kind, given[kind]));
  }
  const { verdict, rule, index } = document.body.dataset;
  const says = [...document.querySelectorAll("[data-says]")].map((one) => [one.dataset.says, one.textContent]);
  return { verdict, rule, index, says, query: element("summary").dataset.query };
})(%s)
"""


def by_page(browser: Browser) -> Verifier:
    def verify(cases: Sequence[Case]) -> list[Verdict]:
        browser.open(PAGE)
        return [ask_page(browser, case) for case in cases]

    return verify


def ask_page(browser: Browser, case: Case) -> Verdict:
    files = {"bundle": case.bundle, "key": lines(case.keys)}
    if case.known is not None:
        files["known"] = case.known.encode()
    if case.witnesses:
        files["witness"] = lines(case.witnesses)
    given: dict[str, object] = {kind: base64.b64encode(data).decode() for kind, data in files.items()}
    given |= {"fingerprint": case.fingerprint} if case.fingerprint is not None else {}
    given |= {"needed": case.needed} if case.needed else {}
    answer = browser.run(ASK % json.dumps(given))
    if answer["verdict"] == "refused":
        return Verdict(answer["rule"], answer["index"])
    assert answer["verdict"] == "holds", (case.name, answer)
    pairs = [(name, text) for name, text in answer["says"] if name != "witnesses"]
    if "query" in answer:
        pairs.append(("query", answer["query"]))
    return Verdict(None, None, tuple(sorted(pairs)))
