"""Reads what `swift test` printed, says how many tests passed, failed and were skipped, and the
coverage of the modules that hold the rules; after a run of all tests it fails where one of these is covered too little.

    python3 Tools/test-summary.py LOG COVERAGE_JSON REQUIRE_ALL WHOLE

REQUIRE_ALL and WHOLE are 1 or 0; WHOLE says that every test was to run. Swift Testing counts a skipped test as passed
in its closing line; this does not.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

MODULES = ("VaultFormat", "VaultCrypto", "ImageInspection", "Vault", "VaultStorage", "VaultAPI")
#: The pure centre and the rules, and the percentage of their lines that tests run at least.
HELD, LEAST_PERCENT = MODULES[:4], 90


def coverage(path: Path) -> dict[str, float]:
    """Percentages of lines covered by the unit tests; what other processes ran is not counted."""
    if not path.is_file():
        return {}
    lines = defaultdict(lambda: [0, 0])
    for item in json.loads(path.read_text())["data"][0]["files"]:
        found = re.search(r"/Sources/(\w+)/", item["filename"])
        if found and ".build" not in item["filename"]:
            summary = item["summary"]["lines"]
            lines[found[1]][0] += summary["covered"]
            lines[found[1]][1] += summary["count"]
    return {module: 100 * lines[module][0] / lines[module][1] for module in MODULES if lines[module][1]}


def too_little(covered: dict[str, float]) -> list[str]:
    """The modules that are held to a least coverage and do not have it; one of which nothing is known does not."""
    return [module for module in HELD if covered.get(module, 0) < LEAST_PERCENT]


def main() -> int:
    log = Path(sys.argv[1]).read_text(errors="replace")
    require_all, whole = (word == "1" for word in sys.argv[3:5])
    covered = coverage(Path(sys.argv[2]))
    if covered:
        print("coverage of lines: " + ", ".join(f"{module} {share:.1f} %" for module, share in covered.items()))
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
    if whole and (modules := too_little(covered)):
        print(f"less than {LEAST_PERCENT} % of the lines are covered in {', '.join(modules)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
