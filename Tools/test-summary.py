"""Reads what `swift test` printed, says how many tests passed, failed and were skipped, and the
coverage of the modules that hold the rules.

    python3 Tools/test-summary.py LOG COVERAGE_JSON REQUIRE_ALL

Swift Testing counts a skipped test as passed in its closing line; this does not.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

MODULES = ("VaultFormat", "VaultCrypto", "ImageInspection", "Vault", "VaultStorage", "VaultAPI")


def coverage(path: Path) -> None:
    """Lines covered by the unit tests; what other processes ran is not counted."""
    if not path.is_file():
        return
    lines = defaultdict(lambda: [0, 0])
    for item in json.loads(path.read_text())["data"][0]["files"]:
        found = re.search(r"/Sources/(\w+)/", item["filename"])
        if found and ".build" not in item["filename"]:
            summary = item["summary"]["lines"]
            lines[found[1]][0] += summary["covered"]
            lines[found[1]][1] += summary["count"]
    print("coverage of lines: " + ", ".join(
        f"{module} {100 * lines[module][0] / lines[module][1]:.1f} %" for module in MODULES if lines[module][1]))


def main() -> int:
    log = Path(sys.argv[1]).read_text(errors="replace")
    require_all = sys.argv[3] == "1"
    coverage(Path(sys.argv[2]))
    closing = re.findall(r"Test run with (\d+) tests?.*", log)
    total = sum(int(count) for count in closing)
    skipped = len(re.findall(r"^\S+ (?:Test|Suite) .* skipped", log, re.MULTILINE))
    if total == 0:
        print("no test ran")
        return 1
    failed = len(re.findall(r"^\S+ Test (?!run with ).* failed after ", log, re.MULTILINE))
    print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")
    if failed or re.search(r"^\S+ Test run with .* failed after ", log, re.MULTILINE):
        return 1
    if skipped and require_all:
        print("a skipped test is a failure here (REQUIRE_ALL=1)")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
