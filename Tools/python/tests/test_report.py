"""The auditor's report: what a page says of the rows in it, and that all verifiers judge the file alike."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
import pytest
from browser import Browser, headless
from conftest import ROOT
from pictures import JPEG
from test_bundles import exports, until, wait
from verifiers import BINARY, PAGE, Case, by_page, python_verifier, vaultverify

from imagevault import Vault

SECTIONS = ("access", "attempts", "rotations", "drills", "changes", "erasures", "incidents", "refusals")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as browser:
        browser.call("DOM.enable")
        browser.call("Page.enable")
        yield browser


def opened(browser: Browser, folder: Path, page: bytes, verdict: str = "holds") -> None:
    """A report, with the key given to it."""
    (folder / "report.html").write_bytes(page)
    (folder / "audit.pub").write_text(made.KEY + "\n")
    browser.open(folder / "report.html")
    browser.choose("#key-file", folder / "audit.pub")
    wait(browser, verdict)


def said(browser: Browser) -> dict[str, Any]:
    """Each section's rows, or its words where it has no table."""
    script = """Object.fromEntries([...document.querySelectorAll("[data-section]")].map((one) => {
      const lines = (cell) => [...cell.children].map((line) => line.textContent).join("|");
      const cells = (row) => [...row.cells].map((cell) => lines(cell) || cell.textContent);
      const rows = [...one.querySelectorAll("tbody tr")].map(cells);
      return [one.dataset.section, rows.length ? rows : one.querySelector("p:last-child").textContent];
    }))"""
    answer: dict[str, Any] = browser.run(script)
    return answer


def event(at: str, action: str, outcome: str = "done", **more: Any) -> dict[str, Any]:
    return {"at": f"2026-07-{at}.000000Z", "action": action, "outcome": outcome} | more


def span(start: Any, end: Any) -> dict[str, Any]:
    return {"from": start, "to": end}


USER: dict[str, Any] = {"door": "images", "uid": 33, "gid": 34, "pid": 4242}
PROGRAM = USER | {"executable": "/usr/bin/php", "unit": "php.service"}
ADMIN: dict[str, Any] = {"door": "admin", "uid": 0, "gid": 0, "pid": 17}
AUDITOR: dict[str, Any] = {"door": "audit", "uid": 1007, "gid": 1007, "pid": 18}


def test_a_report_says_who_did_what(browser: Browser, tmp_path: Path) -> None:
    one, other = {"image": "1" * 64}, {"image": "2" * 64}
    events = [
        event("01T10:00:00", "image.put", **PROGRAM, **one),
        event("01T10:00:01", "read.begun", **PROGRAM, **one),
        event("01T10:00:02", "read.ended", **PROGRAM, **one),
        # The same reading: a part more, and whether it changed.
        event("01T10:09:00", "read.begun", **PROGRAM, **one, offset=100),
        event("01T10:18:00", "read.unchanged", **PROGRAM, **one),
        # Of another image, by another program, for another actor, and eleven minutes later.
        event("01T10:18:01", "read.begun", **PROGRAM, **other),
        event("01T10:18:02", "read.begun", **USER, **one, actor="a" * 32),
        event("01T10:18:03", "metadata.read", **USER, **one, actor="b" * 32),
        event("01T10:29:04", "read.begun", **PROGRAM, **one),
        event("02T00:00:00", "image.delete", **USER, **one),
        event("02T00:00:01", "image.delete", "refused", **USER, **one, code="unknown-image"),
        event("02T00:00:02", "image.delete", "refused", **USER, **one, code="unknown-image"),
        event("02T00:00:03", "image.put", "failed", **USER, code="storage-full"),
        event("03T00:00:00", "log.read", **AUDITOR),
        event("03T00:00:01", "log.exported", **AUDITOR),
        event("04T00:00:00", "operation.ended", operation="c" * 32, work="expire", items=3, found=2, failures=1),
    ]
    opened(browser, tmp_path, made.report(made.bundle(events)))
    people = {row[0]: row[1:] for row in said(browser)["access"]}
    counts, span = ["1", "3", "·", "·", "·", "·", "·", "·"], ["2026-07-01 10:00:00", "2026-07-01 10:29:04"]
    assert people["uid 33, gid 34 at images|/usr/bin/php|php.service"] == counts + span
    assert people["uid 33, gid 34 at images"][:8] == ["·", "2", "1", "·", "·", "·", "·", "3"]
    assert people["uid 1007, gid 1007 at audit"][:8] == ["·", "·", "·", "·", "·", "·", "2", "·"]
    assert people["the vault itself"][:8] == ["·", "·", "·", "·", "·", "1", "·", "·"]
    assert len(people) == 4
    refused = [row[:5] for row in said(browser)["refusals"]]
    assert refused == [
        ["refused", "image.delete", "unknown-image", "", "2"],
        ["failed", "image.put", "storage-full", "", "1"],
    ]
    period = browser.run('element("report-period").textContent')
    assert period.startswith("2026-07-01 10:00:00 to 2026-07-04 00:00:00 UTC. Nothing")
    assert browser.run("document.title") == "Vault 5a5a5a5a, 2026-07-01 to 2026-07-04"
    drawn = browser.run('[...document.querySelectorAll(".chart svg")].map((one) => one.ariaLabel)')
    assert drawn[0] == "Readings: 5 in all, at most 5 per day, from 2026-07-01."
    assert drawn[5] == "Refused or failed: 3 in all, at most 3 per day, from 2026-07-02."
    assert browser.run('document.querySelectorAll(".chart rect").length') == 1 + 2 + 1 + 1 + 1


def test_a_report_lists_what_matters(browser: Browser, tmp_path: Path) -> None:
    slot = {"slot": "d" * 32}
    events = [
        event("01T00:00:00", "service.started"),
        event("02T00:00:00", "slot.proved", **ADMIN, **slot),
        event("02T00:00:01", "slot.proved", "refused", **ADMIN, **slot, code="secret-refused"),
        event("03T00:00:00", "slot.added", **ADMIN, **slot, generation=4),
        event("03T00:00:01", "hold.placed", **ADMIN, hold="e" * 32, reason="case 7"),
        event("04T00:00:00", "epoch.added", **ADMIN, epoch=2),
        event("04T00:00:01", "operation.ended", operation="f" * 32, work="rotate", items=7, found=0, failures=0),
        event("05T00:00:00", "operation.started", **ADMIN, operation="f" * 32, work="erase"),
        event("05T00:00:01", "receipt.read", **ADMIN, receipt="0" * 32, level=1),
        event("05T00:00:02", "receipt.read", **ADMIN, receipt="0" * 32, level=1),
        event("06T00:00:00", "storage.failed", "failed", code="storage-full"),
        event("07T00:00:00", "service.started"),
        event("08T00:00:00", "log.erased", **ADMIN, **span(21, 100), reason="request 17"),
        *[event("08T00:00:00", "log.erased", **ADMIN, **span(17, 18), reason="request 18")] * 2,
        event("08T00:00:00", "log.erased", **ADMIN, pseudonym="a" * 32, reason="request 19"),
        event("08T00:00:00", "log.erased", **ADMIN, **span(19, 17), reason="an inverted one"),
        *[event("09T00:00:00", "image.list", **USER)] * 5,
        event("10T00:00:00", "image.put", **USER, namespace="shop", inspector=4, policy="0123456789abcdef"),
    ]
    opened(browser, tmp_path, made.report(made.bundle(events, erased=[17, 18, 19, 21])))
    sections = said(browser)
    admin = "uid 0 at admin"
    assert sections["drills"] == [
        ["2026-07-02 00:00:00", "1", "slot opened the keyring", admin, "slot dddddddddddd…"],
        ["2026-07-02 00:00:01", "2", "slot opened the keyring|refused, secret-refused", admin, "slot dddddddddddd…"],
    ]
    assert [row[2] for row in sections["changes"]][:2] == ["slot added", "hold placed"]
    assert sections["changes"][1][4] == "hold eeeeeeeeeeee…, reason case 7"
    assert sections["changes"][2][:4] == ["shop", "0123456789abcdef", "4", "1"]
    assert [row[2] for row in sections["rotations"]] == ["new epoch", "rotate ended"]
    assert sections["rotations"][1][3:] == ["", "operation ffffffffffff…, work rotate, items 7, found 0, failures 0"]
    assert [row[2:4] for row in sections["erasures"]] == [["erase started", admin], ["level 1", "2"]]
    assert [row[2] for row in sections["incidents"]] == [
        "vaultd started",
        "log could not be written|failed, storage-full",
        "vaultd started|the run before ended without a word",
        *["bodies of events erased"] * 3,
        "name of a pseudonym erased",
        "bodies of events erased",
    ]
    assert sections["bodies"].startswith("4 rows without a body: 17 to 19, 21. ")
    assert "An erasure that is shown here explains 2 of them." in sections["bodies"]


def test_a_report_tells_of_another_policy(browser: Browser, tmp_path: Path) -> None:
    one, other = {"statement": "1" * 64}, {"statement": "2" * 64}
    events = [
        event("01T00:00:00", "service.started", **one),
        event("01T00:00:01", "service.stopped"),
        event("01T00:00:02", "service.started", **one),
        event("02T00:00:00", "policy.changed", **ADMIN, **other),
        event("02T00:00:01", "policy.changed", "refused", **ADMIN, code="policy-invalid"),
        event("02T00:00:02", "service.stopped"),
        event("02T00:00:03", "service.started", **other),
        event("02T00:00:04", "service.stopped"),
        event("02T00:00:05", "service.started"),
    ]
    opened(browser, tmp_path, made.report(made.bundle(events)))
    sections = said(browser)
    assert [row[1:3] for row in sections["changes"]] == [
        ["3", "policy in force"],
        ["4", "policy in force|refused, policy-invalid"],
        ["8", "policy in force|another one than before this start"],
    ]
    assert sections["changes"][0][4] == "statement 222222222222…"
    assert len(sections["incidents"]) == 7


def test_a_report_tells_of_logins_locks_and_what_was_too_much(browser: Browser, tmp_path: Path) -> None:
    login = USER | {"principal": "shop", "endpoint": "/login"}
    failed = login | {"decision": "block", "reason": "wrong-password", "actor": "a" * 32, "client": "b" * 32}
    case = USER | {"code": "rate-limited", "principal": "shop", "limit": "read"}
    events = [
        *[event("01T00:00:00", "auth.attempted", **login, decision="allow")] * 50,
        event("01T00:00:01", "auth.attempted", "refused", **failed | {"decision": "delay"}),
        event("01T00:00:02", "auth.locked", "refused", **failed, locked="actor,source"),
        event("01T00:00:03", "requests.limited", "refused", **case, count=90000),
        event("01T00:00:04", "requests.limited", "refused", **case, count=0),
        # Of this one the vault would not hear.
        event("01T00:00:05", "auth.attempted", "refused", **USER, code="sealed"),
    ]
    opened(browser, tmp_path, made.report(made.bundle(events)))
    sections = said(browser)
    assert [row[1:9] for row in sections["access"]] == [["·", "·", "·", "·", "52", "·", "·", "90,002"]]
    assert [row[:6] for row in sections["attempts"]] == [
        ["done", "allow", "", "/login", "shop", "50"],
        ["refused", "delay", "wrong-password", "/login", "shop", "1"],
        ["refused", "block", "wrong-password", "/login", "shop", "1"],
    ]
    by, limited = "uid 33 at images", "too many requests|refused, rate-limited"
    told = "locked actor,source, principal shop, endpoint /login, decision block, reason wrong-password"
    assert [row[2:] for row in sections["incidents"]] == [
        ["locked out after failures", f"{by}|actor aaaaaaaaaaaa…, client bbbbbbbbbbbb…", told],
        [limited, by, "principal shop, limit read, count 90000"],
        [limited, by, "principal shop, limit read, count 0"],
    ]
    assert [row[:5] for row in sections["refusals"]] == [
        ["refused", "requests.limited", "rate-limited", "", "90,001"],
        ["refused", "auth.attempted", "sealed", "", "1"],
    ]
    figures = browser.run('[...document.querySelectorAll(".figure")].map((one) => one.innerText.replace("\\n", " "))')
    assert figures[4:] == ["52 attempts", "0 changes", "90,002 refused or failed"]
    drawn = browser.run('[...document.querySelectorAll(".chart svg")].map((one) => one.ariaLabel)')
    assert drawn[3] == "Attempts to log in: 52 in all, at most 52 per day, from 2026-07-01."
    assert drawn[4] == "Keys, settings, service: none."


def test_every_action_has_its_place(browser: Browser) -> None:
    text = (ROOT / "Sources/VaultFormat/VaultFormat.docc/LogFormat.md").read_text()
    listed = re.search(r"^Actions are (.+?)\n\n", text, re.DOTALL | re.MULTILINE)
    assert listed
    actions = set(re.findall(r"`([a-z-]+\.[a-z-]+)`", listed[1]))
    assert len(actions) > 70
    browser.open(PAGE)
    assert set(browser.run("[...COLUMN.keys(), ...PLACES.keys()]")) == actions


def test_what_did_not_happen_is_said(browser: Browser, tmp_path: Path) -> None:
    events = [event("01T00:00:00", "image.list", **USER)]
    opened(browser, tmp_path, made.report(made.bundle(events)))
    sections = said(browser)
    assert {sections[name] for name in SECTIONS[1:]} == {"None in this period."}
    assert sections["bodies"] == "Every row that is shown has its body."
    # Of rows that were chosen, absence says less.
    opened(browser, tmp_path, made.report(made.bundle(events, query="action=image.list")))
    sections = said(browser)
    assert {sections[name] for name in SECTIONS[1:]} == {"None among the rows that are shown."}
    assert "Nothing" not in browser.run('element("report-period").textContent')
    opened(browser, tmp_path, made.report(made.bundle([])))
    assert said(browser)["access"] == "None in this period."
    assert browser.run('element("report-period").textContent') == "No event with a time is shown."


#: What makes a body no event: LogFormat has flat texts and numbers.
WRONG: list[dict[str, Any]] = [
    {"at": ["2026-07-01T00:00:00.000000Z"]},
    {"uid": {"toString": 1}},
    {"action": ["slot.proved"]},
    {"action": {"toString": 1}, "at": 17},
    {"outcome": {"done": 1}},
    *({name: 17} for name in ("at", "action", "outcome")),
    {"code": [[]], "outcome": "refused"},
    {"executable": {"toJSON": {}}, "door": None},
    {"length": 7, "image": True},
]
NO_EVENTS = [
    "this is no JSON",
    '"at":"","action":"","outcome":"","image":' + "[" * 30000 + "]" * 30000,
    *(json.dumps(event("01T00:00:00", "read.begun", **PROGRAM) | fields)[1:-1] for fields in WRONG),
]


@pytest.mark.parametrize("tampered", [False, True])
def test_bodies_that_are_no_events_change_no_verdict(browser: Browser, tmp_path: Path, tampered: bool) -> None:
    content = made.bundle([*NO_EVENTS, event("01T00:00:00", "image.list", **USER)])
    if tampered:
        content = content.replace(b"image.list", b"image.lost")
    (one,) = python_verifier(tmp_path)([Case("bodies", content, [made.KEY])])
    assert one.rule == ("content" if tampered else None)
    opened(browser, tmp_path, made.report(content), "refused" if tampered else "holds")
    until(browser, f'document.querySelectorAll("#rows > tr").length === {len(NO_EVENTS) + 1}')
    assert browser.run("document.body.dataset.index ?? null") == one.index
    if not tampered:
        assert f"{len(NO_EVENTS)} rows whose body is no event." in said(browser)["bodies"]
    browser.run('document.querySelectorAll("#rows button").forEach((one) => one.click())')
    assert "toString" in browser.run('element("rows").textContent')


def test_a_large_report_is_read_in_its_pieces(browser: Browser, tmp_path: Path) -> None:
    content = made.bundle([event("01T00:00:00", "read.begun", **USER, reason="x" * 30000)] * 70)
    opened(browser, tmp_path, made.report(content))
    assert browser.run("[given.bundle.blob.parts.length > 2, given.bundle.blob.size]") == [True, len(content)]
    script = """(async () => {
      const pieces = new Pieces(), all = Uint8Array.from({ length: 60 }, (_, at) => at);
      for (const [from, to] of [[0, 0], [0, 7], [7, 8], [8, 8], [8, 31], [31, 60]]) pieces.add(all.subarray(from, to));
      const wrong = [];
      for (let from = 0; from < 62; from++) for (let to = 0; to < 62; to++) {
        const read = new Uint8Array(await pieces.slice(from, to).arrayBuffer());
        if (!same(read, all.slice(from, Math.max(from, to)))) wrong.push([from, to]);
      }
      return wrong;
    })()"""
    assert browser.run(script) == []


def test_how_far_the_reading_of_a_page_is_is_shown(browser: Browser) -> None:
    browser.open(PAGE)
    script = """(async () => {
      const page = new Blob([PAGE_LINES[0] + "\\n", ...new Array(80).fill("x".repeat(60000) + "\\n")]);
      const seen = [], values = [];
      const file = { name: "a page", size: page.size, slice(from, to) {
        values.push(element("progress").value);
        // As when a key is chosen meanwhile.
        check();
        seen.push([document.body.dataset.verdict, element("verdict-words").textContent, element("progress").hidden]);
        return page.slice(from, to);
      } };
      await take("bundle", file);
      return { seen, values, verdict: document.body.dataset.verdict };
    })()"""
    told = browser.run(script)
    assert len(told["seen"]) > 4 and all(one == ["running", "Reading …", False] for one in told["seen"])
    assert told["values"] == sorted(told["values"]) and 0.5 < told["values"][-1] <= 1
    assert told["verdict"] == "waiting"


HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_rows_of_a_report_are_never_markup(browser: Browser, tmp_path: Path) -> None:
    events: list[dict[str, Any] | str] = [
        event("01T00:00:00", HOSTILE, HOSTILE, **dict.fromkeys(("code", "door", "uid", "gid", "executable"), HOSTILE)),
        event("01T00:00:01", "hold.placed", **ADMIN, reason=HOSTILE + "\u202egpj.exe\n"),
        event("01T00:00:02", "log.erased", **span(HOSTILE, -1), reason=HOSTILE),
        event("01T00:00:03", "image.put", namespace=HOSTILE, policy=HOSTILE, inspector="__proto__"),
        event("01T00:00:04", "operation.ended", work="__proto__"),
        event("01T00:00:05", "constructor", "toString", count="__proto__"),
        {"at": "9999-99-99T99:99:99.999999Z", "action": "service.started", "outcome": "done"},
        '"at":"","outcome":"done","__proto__":"slot.proved","action":"slot.proved","action":"__proto__"',
        *NO_EVENTS,
    ]
    opened(browser, tmp_path, made.report(made.bundle(events)))
    assert browser.run('document.querySelectorAll("img").length') == 0
    assert browser.run('document.querySelectorAll("script").length') == 2
    text = browser.run('document.getElementById("report").textContent')
    assert text.count(HOSTILE) > 5 and "\u202e" not in text and "\\u{202e}gpj.exe\\u{a}" in text
    assert f"{len(NO_EVENTS)} rows whose body is no event." in text
    assert browser.run("({}).action === undefined && ({}).names === undefined")


def test_a_report_keeps_no_more_than_its_bounds(browser: Browser) -> None:
    browser.open(PAGE)
    # Readings without a time are as many as there are, and make no later ones the same.
    script = """(() => {
      const report = new Report();
      const read = (at) => report.event(utf8(JSON.stringify({ at, action: "read.begun", outcome: "done" })));
      for (const at of ["01T10:00:00", "", "01T10:05:00"]) read(at && `2026-07-${at}.000000Z`);
      return report.totals.read;
    })()"""
    assert browser.run(script) == 2
    # No flood of one kind leaves out another.
    script = """(() => {
      const report = new Report(), told = (action) =>
        report.event(utf8(JSON.stringify({ at: "", action, outcome: "refused" })), 0n);
      for (let n = 0; n < 600; n++) told("requests.limited");
      told("auth.locked");
      const { rows, more } = report.lists.incidents;
      return [rows.length, more, rows.at(-1)[2][0]];
    })()"""
    assert browser.run(script) == [501, 100, "locked out after failures"]
    script = """(() => {
      const report = new Report(), text = "x".repeat(60000);
      for (let n = 0; n < 66000; n++) {
        const at = new Date(n * 86400000).toISOString().slice(0, 19) + ".000000Z";
        const action = n % 6 ? "read.begun" : "slot.proved", executable = n ? "" : text, name = String(n);
        const fields = { at, action, outcome: "done", code: name, policy: name, door: "images", uid: n, gid: 1 };
        report.event(utf8(JSON.stringify({ ...fields, image: name, executable })), BigInt(n));
        report.erased(BigInt(2 * n));
      }
      const { people, policies, readings, days, runs, runsMore } = report, { rows, more } = report.lists.drills;
      const longest = [...people.entries.keys()].reduce((most, key) => Math.max(most, key?.length ?? 0), 0);
      const all = [...people.entries.values()].reduce((sum, one) => sum + one.total, 0);
      return [people.entries.size, policies.entries.size, rows.length, more, readings.size, days.size, runs.length,
        runs.length + runsMore, longest < 1300, all];
    })()"""
    assert browser.run(script) == [10001, 10001, 500, 10500, 50000, 4000, 10000, 66000, True, 66000]


def test_a_report_that_is_refused_says_nothing(browser: Browser, tmp_path: Path) -> None:
    content = made.bundle([event("01T00:00:00", "image.list", **USER), event("02T00:00:00", "image.list", **USER)])
    opened(browser, tmp_path, made.report(content.replace(b"image.list", b"image.lost", 1)), "refused")
    assert browser.run("document.body.dataset.rule + document.body.dataset.index") == "content0"
    assert browser.run('[element("report").hidden, element("report-body").childElementCount]') == [True, 0]
    # After a report that held, another one leaves nothing of it.
    opened(browser, tmp_path, made.report(content))
    assert browser.run('element("report").hidden') is False
    (tmp_path / "other.pub").write_text(made.KEY.replace("+A", "+B") + "\n")
    browser.choose("#key-file", tmp_path / "other.pub")
    wait(browser, "waiting")
    assert browser.run('[element("report").hidden, element("report-body").childElementCount]') == [True, 0]


def test_a_report_judges_the_bundle_that_other_verifiers_judge(browser: Browser, tmp_path: Path) -> None:
    content = made.bundle([event("01T00:00:00", "image.list", **USER)])
    page = made.report(content).decode()
    stranger = "<SCRIPT ID=bundle TYPE=x>\neA==\n</SCRIPT>\n<p id=bundle></p>\n"
    pages = {
        "beside others": page.replace(made.OPENING, stranger + made.OPENING),
        "in another spelling": page.replace(made.OPENING, '<script id="bundle" type="application/octet-stream">\n'),
        "two": page.replace(made.CLOSING, made.CLOSING + made.OPENING + made.CLOSING, 1),
        "edited": page.replace(made.CLOSING, "AAAA\n" + made.CLOSING, 1),
    }
    told = python_verifier(tmp_path)([Case(name, text.encode(), [made.KEY]) for name, text in pages.items()])
    assert [(one.rule, one.index) for one in told] == [(None, None), ("form", "0"), ("form", "1"), ("form", "1")]
    for text, one in zip(pages.values(), told, strict=True):
        opened(browser, tmp_path, text.encode(), "refused" if one.rule else "holds")
        mine = browser.run("[document.body.dataset.rule ?? null, document.body.dataset.index ?? null]")
        assert mine == [one.rule, one.index]


# ---- A real vault ----


def test_what_a_vault_reports_is_judged_alike_by_all(real_vault: Path, browser: Browser, tmp_path: Path) -> None:
    if not exports():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no vaultctl that exports: set IMAGEVAULT_BIN")
        pytest.skip("no vaultctl that exports: set IMAGEVAULT_BIN")
    with Vault(real_vault / "images.sock") as vault:
        image = vault.put(JPEG, "photo.jpg", job="report")
        vault.get(image.id)
    command = [str(BINARY.with_name("vaultctl")), "audit", "report", "--period", "2020-01-01..2099-12-31"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"IMAGEVAULT_DIR": str(real_vault)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / done.stdout.strip()
    assert path.name == "imagevault-report-2020-01-01..2099-12-31.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = path.read_text()
    # But for its bundle it is the verifier, to the letter.
    front, _, rest = page.partition(made.OPENING)
    digits, _, back = rest.partition(made.CLOSING)
    assert front + made.ROOM + back == PAGE.read_text()

    keys = (real_vault / "audit.pub").read_text().split()
    middle = len(front) + len(made.OPENING) + len(digits) // 2
    other = "B" if page[middle] != "B" else "C"
    cases = {
        "whole": page,
        "changed": page[:middle] + other + page[middle + 1 :],
        "cut": page[:middle],
        "twice": page + made.OPENING + digits + made.CLOSING,
        "none": front + back,
    }
    verifiers = (python_verifier(tmp_path), by_page(browser), vaultverify(tmp_path))
    told = [verify([Case(name, text.encode(), keys) for name, text in cases.items()]) for verify in verifiers]
    for verdicts in zip(*told, strict=True):
        assert len({(one.rule, one.index) for one in verdicts}) == 1, verdicts
    assert [one.rule is None for one in told[0]] == [True, False, False, False, False]

    # What the file shows by itself, and what one's own verifier shows of it.
    shown = []
    for opened_page, inputs in ((path, "#key-file"), (PAGE, "#key-file #bundle-file")):
        browser.open(opened_page)
        for selector, file in zip(inputs.split(), (real_vault / "audit.pub", path), strict=False):
            browser.choose(selector, file)
        wait(browser, "holds")
        shown.append(said(browser))
    assert shown[0] == shown[1]
    who = f"uid {os.getuid()}, gid {os.getgid()} at images"
    mine = next(row for row in shown[0]["access"] if row[0].startswith(who))
    assert int(mine[1]) >= 1 and int(mine[2]) >= 1
    assert json.dumps(shown[0]["incidents"]).count("vaultd started") == 1
    for name in ("changed", "twice", "none"):
        (tmp_path / "bad.html").write_text(cases[name])
        browser.open(tmp_path / "bad.html")
        browser.choose("#key-file", real_vault / "audit.pub")
        wait(browser, "refused" if name != "none" else "waiting")
