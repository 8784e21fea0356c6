"""The vectors of BundleFormat: bundles of a small log, and what a verifier has to say of each.

Part of vectors.py, which writes what `bundles` returns. What is expected here is written down by hand; the
tests of the verifiers are what compares it.
"""

import base64

import vectors_bundle_refusals as refusals
from vectors_bundle_log import Cases, FIRST_ITEM, FULL, KEYS, Log, STRANGER, WITNESSES, cosignature_line, fingerprint
from vectors_bundle_log import says, signature_line, spliced, vkey, witness_id, witness_key


def good(cases, log):
    """Bundles of every kind."""
    new = cases.bundles
    whole = says(log, FULL, 3)
    new["all"] = log.bundle(FULL, KEYS[3], 0, FULL)
    cases.opening("the whole log", "all", [3], whole)
    cases.opening("the whole log, over two successions of its key", "all", [1], whole)
    cases.opening("a key file with every key", "all", [1, 2, 3], whole)
    cases.opening("a fingerprint of the signing key", "all", [3], whole, fingerprint=fingerprint(KEYS[3]))
    cases.opening("a fingerprint of the first key", "all", [1, 2, 3], whole, fingerprint=fingerprint(KEYS[1]))
    cases.opening("a key that the checkpoint knows nothing of stands beside", "all", [vkey(STRANGER), 3], whole)
    new["range"] = log.bundle(FULL, KEYS[3], 10, 29)
    cases.opening("a range, with one erased body in it", "range", [3], whole)
    new["rows"] = log.bundle(FULL, KEYS[3], 2, 39, (3, 13, 17, 18, 38), "action=image.delete&image=%C3%A9")
    cases.opening("rows that a query found", "rows", [3], whole)
    new["one"] = log.bundle(FULL, KEYS[3], 17, 18, (17,), "")
    cases.opening("one event", "one", [3], whole)
    new["successions"] = log.bundle(FULL, KEYS[3], 0, FULL, (21, 35), "action=log-key.rotated")
    cases.opening("the events that make the next keys trusted", "successions", [1], whole)
    known = {size: log.note(size, KEYS[1 if size < 22 else 2]) for size in (0, 16, 24, 32, 33)}
    new["growth"] = log.bundle(FULL, KEYS[3], 24, 24, stops=[24])
    cases.opening("a log that grew from an earlier checkpoint", "growth", [2, 3], whole, known=known[24])
    cases.opening("an empty range without an earlier checkpoint", "growth", [3], whole)
    cases.opening("an earlier checkpoint of the empty log", "growth", [1, 3], whole, known=known[0])
    cases.opening("an earlier checkpoint of the same size", "growth", [3], whole, known=log.note(FULL, KEYS[3]))
    cases.opening("an earlier checkpoint within the rows", "all", [2, 3], whole, known=known[33])
    cases.opening("an earlier checkpoint of a key that the bundle makes trusted", "all", [1], whole, known=known[24])
    new["power"] = log.bundle(32, KEYS[2], 8, 16)
    cases.opening("a log of a power of two", "power", [2], says(log, 32, 2))
    new["folded"] = log.bundle(32, KEYS[2], 4, 4)
    cases.opening("one node over an empty range", "folded", [2], says(log, 32, 2))
    pair = [*log.nodes(0, 16), *log.nodes(16, 24), *log.nodes(24, 32)]
    parts = spliced(new["folded"], FIRST_ITEM, 1, *pair)
    cases.opening("nodes that could be one", "folded", [2], says(log, 32, 2), parts)
    new["empty"] = log.bundle(0, KEYS[1], 0, 0)
    cases.opening("the empty log", "empty", [1], says(log, 0, 1))
    new["first"] = log.bundle(1, KEYS[1], 0, 1)
    cases.opening("a log of one event", "first", [1], says(log, 1, 1))


def witnessed(cases, log):
    """Cosignatures, and other lines that a checkpoint may carry."""
    text, whole = log.text(FULL), says(log, FULL, 3)
    one, two, three = WITNESSES
    other = signature_line(text, STRANGER, "another.example/log")
    lines = [other, cosignature_line(text, one), cosignature_line(text, two, at=2**63)]
    cases.bundles["witnessed"] = log.bundle(FULL, KEYS[3], 39, 40, more=lines)
    of, keys = cases.bundles["witnessed"], {name: witness_key(name, key) for name, key in WITNESSES.items()}
    at = of.index(lines[1])

    def known(needed, *names):
        return {"witnesses": [keys[name] for name in names], "needed": needed}

    cases.opening("two witnesses of three", "witnessed", [3], whole, **known(2, one, two, three))
    cases.opening("one witness, where others signed too", "witnessed", [3], whole, **known(1, two))
    cases.opening("cosignatures that nobody asks for", "witnessed", [3], whole)
    false = spliced(of, at, 0, cosignature_line(text, one, said=1_700_000_001))
    cases.opening("a false cosignature beside the true one", "witnessed", [3], whole, false, **known(2, one, two))
    false = spliced(of, at, 0, signature_line(text + "x", KEYS[3]))
    cases.opening("a false signature beside the true one", "witnessed", [3], whole, false)

    def refuse(rule, *line, needed=2, names=(one, two)):
        lines = spliced(of, at, 1, *line) if line else None
        cases.refusal("witnesses", FULL, rule, "witnessed", lines, **known(needed, *names))

    refuse("a witness that did not sign", needed=3, names=(one, two, three))
    refuse("one witness that is named twice", names=(one, one))
    refuse("one witness that signed twice", *[cosignature_line(text, one)] * 2, names=(one, three))
    refuse("a cosignature of another second", cosignature_line(text, one, said=1_700_000_001))
    refuse("a cosignature of another text", cosignature_line(log.text(39), one))
    refuse("a cosignature of another key", cosignature_line(text, one, key=STRANGER))
    number = witness_id(one, WITNESSES[one])
    refuse("a cosignature of another key under the witness's id", cosignature_line(text, one, STRANGER, number=number))
    refuse("a cosignature under another name", cosignature_line(text, three, WITNESSES[one]))
    other = cosignature_line(text, three, WITNESSES[one], number=number)
    refuse("a cosignature under another name and the witness's id", other)
    refuse("a cosignature under another id", cosignature_line(text, one, number=bytes(4)))
    refuse("a plain signature in place of a cosignature", signature_line(text, WITNESSES[one], one, number))
    refuse("a witness that nobody named", cosignature_line(text, three))


def paged(lines):
    """A page that carries a bundle."""
    text = base64.b64encode("\n".join(lines).encode()).decode()
    digits = [text[at : at + 76] for at in range(0, len(text), 76)]
    front = ["<!doctype html>", '<html lang="en">', "<title>A report</title>", '<p id="bundle-input">']
    return [*front, OPENING, *digits, CLOSING, "<script>", "1", CLOSING, "</html>", ""]


OPENING, CLOSING = '<script type="application/octet-stream" id="bundle">', "</script>"


def pages(cases, log):
    """Pages, whole and broken. Which index a broken line stops at is that of the items before it."""
    page = cases.bundles["page"] = paged(cases.bundles["all"])
    whole = says(log, FULL, 3)

    def opening(rule, lines=None, keys=(3,), **extra):
        cases.opening(rule, "page", keys, whole, lines, carried=cases.bundles["all"], **extra)

    opening("a page that carries the whole log", keys=[1])
    begin, end = page.index(OPENING) + 1, page.index(CLOSING)
    opening("a page with nothing around its bundle", page[:1] + page[begin - 1 : end + 1] + [""])
    others = OPENING.upper(), OPENING + " ", " " + OPENING, CLOSING
    opening("lines in a page that open nothing", spliced(page, 1, 0, *others))
    opening("a page, and a checkpoint from before", keys=[1, 3], known=log.note(16, KEYS[1]))
    cases.bundles["page of some"] = paged(cases.bundles["rows"])
    cases.opening("a page that carries what a query found", "page of some", [3], whole, carried=cases.bundles["rows"])

    def refuse(index, rule, lines, refused_by="form", keys=(3,)):
        cases.refusal(refused_by, index, rule, "page", lines, keys=list(keys))

    refuse(FULL, "a page under a key that is not trusted", None, "signature", [vkey(STRANGER)])
    refuse(0, "a page without a bundle", page[: begin - 1] + page[end + 1 :])
    refuse(0, "a page of one line", page[:1] + [""])
    refuse(0, "an empty bundle in a page", page[:begin] + page[end:])
    refuse(0, "a page in capitals", spliced(page, 0, 1, "<!DOCTYPE html>"))
    refuse(0, "a space behind the first line of a page", spliced(page, 0, 1, "<!doctype html> "))
    for at, index in ((1, 0), (end + 1, FULL)):
        longer = spliced(page, at, 0, "A")
        opening(f"the longest line of a page, at {at}", longer)
        cases.opens[-1]["edits"][0]["pad"] = 65536
        refuse(index, f"a longer line of a page, at {at}", longer)
        cases.refusals[-1]["edits"][0]["pad"] = 65537
    refuse(0, "a page whose lines end with two characters", [line + "\r" for line in page[:-1]] + [""])
    refuse(FULL, "two bundles in a page", spliced(page, end + 1, 0, *page[begin - 1 : end + 1]))
    refuse(FULL, "a second bundle that is empty", spliced(page, end + 1, 0, OPENING, CLOSING))
    refuse(FULL, "a second bundle that is only opened", spliced(page, end + 1, 0, OPENING))
    refuse(0, "an opening behind an opening", spliced(page, begin, 0, OPENING))
    refuse(FULL, "a page that ends within its bundle", page[:end] + [""])
    refuse(FULL, "a page that does not end with a newline", page[:-1])
    refuse(FULL, "a bundle that is closed in another spelling", spliced(page, end, 1, "</script >"))

    # The line in the middle of the event 17, which the bundle then does not have.
    place = len("\n".join(cases.bundles["all"][: FIRST_ITEM + 17]).encode()) + 1
    at = begin + (place + 114) // 57
    line = page[at]
    refuse(17, "a page that is cut within an event", page[:at] + [""])
    refuse(17, "a bundle that is cut within an event", spliced(page, at, end - at))
    refuse(17, "a line of a page without its last digit", spliced(page, at, 1, line[:-1]))
    refuse(17, "a short line within the bundle of a page", spliced(page, at, 1, line[:72], line[72:]))
    refuse(17, "a long line within the bundle of a page", spliced(page, at, 2, line + page[at + 1]))
    refuse(17, "a padded line within the bundle of a page", spliced(page, at, 1, line[:75] + "="))
    refuse(17, "an empty line within the bundle of a page", spliced(page, at, 0, ""))
    refuse(17, "a space in front of a line of a page", spliced(page, at, 1, " " + line))
    refuse(17, "a space within a line of a page", spliced(page, at, 1, line[:40] + " " + line[41:]))
    refuse(17, "a comment within the bundle of a page", spliced(page, at, 0, "<!-- -->"))
    refuse(17, "Base64 for the web in a page", spliced(page, at, 1, "-" + line[1:]))
    refuse(FULL, "an empty line behind the bundle of a page", spliced(page, end, 0, ""))

    # A bundle that ends with a whole line.
    for length in range(57):
        lines = log.bundle(FULL, KEYS[3], 17, 18, (17,), "x" * length)
        if len("\n".join(lines).encode()) % 57 == 0:
            break
    full = cases.bundles["full page"] = paged(lines)
    cases.opening("a page of whole lines", "full page", [3], whole, carried=lines)
    end = full.index(CLOSING)
    cases.refusal("form", FULL, "an empty line behind whole lines", "full page", spliced(full, end, 0, ""))
    joined = spliced(full, end - 2, 2, full[end - 2] + full[end - 1])
    cases.refusal("form", FULL, "a last line of twice the length", "full page", joined)

    # A bundle whose last line has padding.
    page = cases.bundles["padded page"] = paged(cases.bundles["one"])
    cases.opening("a page with padding", "padded page", [3], whole, carried=cases.bundles["one"])
    end = page.index(CLOSING) - 1
    digits = page[end].rstrip("=")
    assert digits != page[end]
    other = digits[:-1] + chr(ord(digits[-1]) + 1) + page[end][len(digits) :]
    for rule, line in (("in another spelling", other), ("without its padding", digits)):
        cases.refusal("form", FULL, f"Base64 {rule} in a page", "padded page", spliced(page, end, 1, line))


def bundles():
    """All of the file."""
    log, cases = Log(), Cases()
    good(cases, log)
    witnessed(cases, log)
    pages(cases, log)
    refusals.every_rule(cases, log)
    return {"bundles": cases.bundles, "opens": cases.opens, "refusals": cases.refusals}
