"""Bundles, good and damaged: vaultverify, verify_bundle.py and verify.html say the same of each."""

from __future__ import annotations

import array
import base64
import fcntl
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import made
import pytest
from browser import Browser, headless
from verifiers import BINARY, PAGE, PROGRAM, Case, Verdict, Verifier, by_page, knows_bundles, lines
from verifiers import python_verifier, vaultverify, vectors

from imagevault import Vault

VERIFIERS = ["python", "page", "vaultverify"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as browser:
        browser.call("DOM.enable")
        browser.call("Page.enable")
        yield browser


@pytest.fixture
def verifier(request: pytest.FixtureRequest, tmp_path: Path) -> Verifier:
    kind = request.param
    if kind == "page":
        return by_page(request.getfixturevalue("browser"))
    if kind == "python":
        return python_verifier(tmp_path)
    if not knows_bundles():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no vaultverify that knows bundles: set IMAGEVAULT_BIN")
        pytest.skip("no vaultverify that knows bundles: set IMAGEVAULT_BIN")
    return vaultverify(tmp_path)


def good(name: str) -> Case:
    return next(case for case, _ in vectors() if case.name == name)


@pytest.mark.parametrize("verifier", VERIFIERS, indirect=True)
def test_the_verdict_on_every_vector(verifier: Verifier, request: pytest.FixtureRequest) -> None:
    cases = vectors()
    assert len(cases) > 200
    told = verifier([case for case, _ in cases])
    differ = []
    for (case, expected), one in zip(cases, told, strict=True):
        alike = (one.rule, one.index) == (expected.rule, expected.index)
        # What is said agrees; vaultverify says some of it in words for people.
        names = {name for name, _ in one.says}
        alike = alike and set(one.says) == {pair for pair in expected.says if pair[0] in names}
        if not alike or (not one.rule and not {"root", "signer", "size"} <= names):
            differ.append((case.name, one, expected))
    assert differ == []


# ---- Damage by chance ----


def damaged(bundle: bytes, other: bytes, dice: random.Random) -> tuple[str, bytes]:
    """The bundle after one accident or attack."""
    at, split = dice.randrange(len(bundle)), bundle.split(b"\n")
    line, second = (dice.randrange(len(split) - 1) for _ in range(2))
    kind = dice.choice(["bit", "byte", "cut", "insert", "truncate", "delete", "twice", "swap", "splice", "digit"])
    match kind:
        case "bit":
            return kind, bundle[:at] + bytes([bundle[at] ^ 1 << dice.randrange(8)]) + bundle[at + 1 :]
        case "byte":
            return kind, bundle[:at] + dice.randbytes(1) + bundle[at + 1 :]
        case "cut":
            return kind, bundle[:at] + bundle[at + dice.randrange(1, 200) :]
        case "insert":
            return kind, bundle[:at] + dice.choice([b" ", b"\n", b"0", b"A", b"\xe2\x80\x94 ", b"="]) + bundle[at:]
        case "truncate":
            return kind, bundle[:at]
        case "delete":
            del split[line]
        case "twice":
            split.insert(line, split[line])
        case "swap":
            split[line], split[second] = split[second], split[line]
        case "splice":
            theirs = other.split(b"\n")
            split[line:] = theirs[dice.randrange(len(theirs)) :]
        case _:
            digits = [match.start() for match in re.finditer(rb"[0-9]", bundle)]
            at = dice.choice(digits)
            return kind, bundle[:at] + b"%d" % dice.randrange(10) + bundle[at + 1 :]
    return kind, b"\n".join(split)


def test_damage_anywhere_is_told_alike(browser: Browser, tmp_path: Path) -> None:
    seed = int(os.environ.get("BUNDLE_SEED") or time.time_ns() % 2**32)
    print(f"BUNDLE_SEED={seed}")
    dice = random.Random(seed)
    bases = [good("the whole log"), good("a range, with one erased body in it"), good("rows that a query found")]
    cases, says = [], []
    for number in range(100):
        one, other = dice.sample(bases, 2)
        kind, bundle = damaged(one.bundle, other.bundle, dice)
        if bundle != one.bundle:
            cases.append(Case(f"{number} {kind}", bundle, one.keys))
            says.append(one)
    verifiers = {"python": python_verifier(tmp_path), "page": by_page(browser)}
    if knows_bundles():
        verifiers["vaultverify"] = vaultverify(tmp_path)
    told = {name: verifier(cases) for name, verifier in verifiers.items()}
    for number, case in enumerate(cases):
        rules = {name: (verdicts[number].rule, verdicts[number].index) for name, verdicts in told.items()}
        assert len(set(rules.values())) == 1, (seed, case.name, rules)
    # What still holds was changed where nothing is signed: in what was asked for, or in a signature more.
    truth = {dict(verdict.says)["root"] for verdict in python_verifier(tmp_path)(bases)}
    assert {dict(one.says)["root"] for one in told["python"] if one.says} <= truth
    assert sum(one.rule is not None for one in told["python"]) > len(cases) * 0.9


# ---- A real vault ----


def exported(folder: Path, *options: str | Path) -> bytes:
    command = [str(BINARY.with_name("vaultctl")), "audit", *map(str, options)]
    environment = os.environ | {"IMAGEVAULT_DIR": str(folder)}
    return subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60).stdout


def exports() -> bool:
    command = [str(BINARY.with_name("vaultctl")), "audit", "export", "--help"]
    return knows_bundles() and subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def test_what_a_vault_exports_holds_for_all(real_vault: Path, browser: Browser, tmp_path: Path) -> None:
    if not exports():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no vaultctl that exports: set IMAGEVAULT_BIN")
        pytest.skip("no vaultctl that exports: set IMAGEVAULT_BIN")
    keys = (real_vault / "audit.pub").read_text().split()
    known = exported(real_vault, "checkpoint")
    (tmp_path / "known.txt").write_bytes(known)
    with Vault(real_vault / "images.sock") as vault:
        for _ in range(20):
            vault.page()
    size = int(known.split(b"\n")[1])
    asked: dict[str, list[str | Path]] = {
        "all": [],
        "a range": ["--from", "1", "--to", "4"],
        "some": ["--action", "image.list"],
        "grown": ["--from", str(size), "--to", str(size), "--known", tmp_path / "known.txt"],
    }
    cases = [Case(name, exported(real_vault, "export", *options), keys) for name, options in asked.items()]
    cases[-1].known = known.decode()
    for verifier in (python_verifier(tmp_path), by_page(browser), vaultverify(tmp_path)):
        for case, verdict in zip(cases, verifier(cases), strict=True):
            assert (case.name, verdict.rule, verdict.index) == (case.name, None, None)
    events = [int(dict(verdict.says)["events"]) for verdict in python_verifier(tmp_path)(cases)]
    # Others list the images of this vault, too.
    assert events[0] > events[2] >= 20 and (events[1], events[3]) == (3, 0)


# ---- The program ----


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", ["", "bundle", "bundle --key", "bundle --key k --witnesses 1"])
def test_wrong_usage_ends_with_64(arguments: str) -> None:
    assert run(*arguments.split()).returncode == 64


def test_files_that_cannot_be_read_are_no_pass(tmp_path: Path) -> None:
    case = good("the whole log")
    bundle, key = tmp_path / "bundle", tmp_path / "audit.pub"
    bundle.write_bytes(case.bundle)
    key.write_bytes(lines(case.keys))
    assert run(bundle, "--key", key).returncode == 0
    assert run(tmp_path / "absent", "--key", key).returncode == 1
    assert run(bundle, "--key", bundle).returncode == 1
    assert run(bundle, "--key", key, "--known", tmp_path / "absent").returncode == 1
    key.write_bytes(b"")
    assert "signature at index 40" in run(bundle, "--key", key).stderr


@pytest.mark.parametrize("kind", ["bundle", "page"])
def test_a_pipe_may_give_the_first_line_in_parts(tmp_path: Path, kind: str) -> None:
    case = good("the whole log")
    content = case.bundle if kind == "bundle" else made.report(case.bundle)
    (tmp_path / "audit.pub").write_bytes(lines(case.keys))
    command = [sys.executable, str(PROGRAM), "-", "--key", str(tmp_path / "audit.pub")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdin
        waiting = array.array("i", [1])
        for piece in (content[:5], content[5:9], content[9:]):
            os.write(process.stdin.fileno(), piece[:4096])
            # Until it has read that.
            while process.poll() is None and not fcntl.ioctl(process.stdin, termios.FIONREAD, waiting) and waiting[0]:
                time.sleep(0.01)
        said, _ = process.communicate(content[9 + 4096 :])
    assert process.returncode == 0, said


def test_keys_of_no_form_are_no_pass(tmp_path: Path) -> None:
    case = good("two witnesses of three")
    bundle, key = tmp_path / "bundle", tmp_path / "audit.pub"
    bundle.write_bytes(case.bundle)
    name, number, text = case.keys[0].split("+", 2)
    flipped = "0" if number[0] != "0" else "1"
    data = base64.b64decode(text) + b"x"
    identity = hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8]
    longer = f"{identity}+{base64.b64encode(data).decode()}"
    spellings = [f"{name}+{flipped}{number[1:]}+{text}", f"{name}+{longer}", f"{name}+{number}"]
    for spelling in [*spellings, case.witnesses[0]]:
        key.write_bytes(lines([spelling]))
        ending = run(bundle, "--key", key)
        assert (ending.returncode, ending.stdout) == (1, "")
        assert "at index" not in ending.stderr


# ---- The page ----


def until(browser: Browser, condition: str) -> None:
    for _ in range(1200):
        if browser.run(condition):
            return
        time.sleep(0.05)
    pytest.fail(f"not {condition}: " + browser.run("document.body.innerText"))


def wait(browser: Browser, verdict: str) -> Any:
    until(browser, f'document.body.dataset.verdict === "{verdict}"')
    return browser.run("({...document.body.dataset})")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    case = good("the whole log")
    bundle, key = tmp_path / "all.bundle", tmp_path / "audit.pub"
    bundle.write_bytes(case.bundle)
    key.write_bytes(lines(case.keys))
    return bundle, key


def test_files_that_are_chosen_are_checked(browser: Browser, files: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, key = files
    browser.open(PAGE)
    browser.choose("#bundle-file", bundle)
    assert wait(browser, "waiting")
    browser.choose("#key-file", key)
    wait(browser, "holds")
    until(browser, 'document.querySelectorAll("#rows > tr").length === 40')
    edited = tmp_path / "edited.bundle"
    edited.write_bytes(bundle.read_bytes().replace(b"200000", b"200001", 1))
    browser.choose("#bundle-file", edited)
    refused = wait(browser, "refused")
    assert (refused["rule"], refused["index"]) == ("content", "2")


def test_fewer_than_one_witness_is_not_wanted(browser: Browser) -> None:
    case, other = good("two witnesses of three"), good("the whole log")
    unwitnessed = Case("no witness signed", other.bundle, other.keys, witnesses=case.witnesses)
    few: list[Any] = [-1, 0.5]
    for needed in few:
        (verdict,) = by_page(browser)([replace(unwitnessed, needed=needed)])
        assert verdict.rule == "witnesses"
    (verdict,) = by_page(browser)([replace(case, needed=2)])
    assert verdict.rule is None


def test_files_that_are_dropped_are_told_apart(browser: Browser) -> None:
    case = good("two witnesses of three")
    note = good("a log that grew from an earlier checkpoint").known
    dropped = {"b": case.bundle.decode(), "k": lines(case.keys).decode(), "n": note}
    dropped |= {"w": lines(case.witnesses).decode()}
    browser.open(PAGE)
    browser.run(
        """((files) => {
          const all = new DataTransfer();
          for (const [name, text] of Object.entries(files)) all.items.add(new File([text], name));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: all, bubbles: true, cancelable: true }));
        })(%s)"""
        % json.dumps(dropped)
    )
    # The key of the known checkpoint is not among them, and of three witnesses two signed.
    until(browser, "given.bundle && given.keys && given.witnesses && given.known && true")
    until(browser, 'document.body.dataset.rule === "known-signature"')


def test_text_of_an_event_is_never_markup(browser: Browser, files: tuple[Path, Path]) -> None:
    bundle, key = files
    hostile = b"<img src=x onerror=alert(1)>"
    bundle.write_bytes(bundle.read_bytes().replace(b'"image.delete"', b'"%b"' % hostile, 1))
    browser.open(PAGE)
    browser.choose("#key-file", key)
    browser.choose("#bundle-file", bundle)
    wait(browser, "refused")
    until(browser, f'document.getElementById("rows").textContent.includes("{hostile.decode()}")')
    assert browser.run('document.querySelectorAll("img").length') == 0


def test_words_choose_the_rows(browser: Browser, files: tuple[Path, Path]) -> None:
    bundle, key = files
    browser.open(PAGE)
    browser.choose("#key-file", key)
    browser.choose("#bundle-file", bundle)
    wait(browser, "holds")
    count = 'element("words").value = "%s"; element("outcome").value = "%s"; table.filter().then(() => table.count)'
    assert browser.run(count % ("IMAGE.PUT", "")) == 10
    assert browser.run(count % ("jpeg-truncated 14:02", "refused")) == 1
    assert browser.run(count % ("erased", "")) == 1
    assert browser.run(count % ("", "failed")) == 0
    assert browser.run(count % ("", "")) == 40


def test_a_browser_without_ed25519_checks_nothing(browser: Browser, files: tuple[Path, Path]) -> None:
    bundle, key = files
    script = 'SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("", "NotSupportedError"))'
    number = browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    try:
        browser.open(PAGE)
        browser.choose("#key-file", key)
        browser.choose("#bundle-file", bundle)
        wait(browser, "waiting")
        assert "cannot check Ed25519" in browser.run('document.getElementById("verdict").textContent')
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=number)


def test_the_page_can_reach_nothing(browser: Browser) -> None:
    browser.open(PAGE)
    for script in (
        'fetch("data:,x").then(() => "reached", () => "blocked")',
        'new Promise((done) => Object.assign(new Image(), { onload: () => done("reached"), '
        'onerror: () => done("blocked"), src: "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" }))',
    ):
        assert browser.run(script) == "blocked"


def check_of_page(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PAGE.parent / "check-page.py"), *options, str(page)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_policy_allows_the_pages_script_and_style_alone(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_bytes(made.report(made.bundle([])))
    for page in (PAGE, report):
        assert check_of_page(page).returncode == 0
    changed = tmp_path / "changed.html"
    for old in ("<script>\n", "<style>\n", "default-src 'none'"):
        assert PAGE.read_text().count(old) == 1
        changed.write_text(PAGE.read_text().replace(old, old + " "))
        told = check_of_page(changed)
        assert (told.returncode, "--mend" in told.stderr) == (1, True)
        assert check_of_page(changed, "--mend").returncode == 0
        assert check_of_page(changed).returncode == 0
