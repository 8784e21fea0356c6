"""The rules of Tools/test-summary.py, each broken once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from deployed import ROOT, main

PASSED = "✔ Test run with 12 tests in 3 suites passed after 1.2 seconds.\n"
SKIPPED = "➜ Test onATape() skipped: \"no tape\"\n"
#: As many lines of each module as are covered of 1000.
FINE = {"VaultFormat": 950, "VaultCrypto": 900, "ImageInspection": 999, "Vault": 912, "VaultStorage": 500}


class Summary(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="summary"))
        self.addCleanup(shutil.rmtree, self.folder)

    def told(self, log: str, covered: dict[str, int] | None, require_all: int = 0, whole: int = 1) -> tuple[int, str]:
        (self.folder / "log").write_text(log)
        path = self.folder / "coverage.json"
        path.unlink(missing_ok=True)
        if covered is not None:
            # Two files a module, and one of a dependency that must not count.
            files = [{"filename": f"/x/Sources/{module}/{name}.swift",
                      "summary": {"lines": {"count": 500, "covered": lines // 2 + (lines % 2 if name == "B" else 0)}}}
                     for module, lines in covered.items() for name in "AB"]
            files.append({"filename": "/x/.build/checkouts/p/Sources/Vault/C.swift",
                          "summary": {"lines": {"count": 100_000, "covered": 0}}})
            path.write_text(json.dumps({"data": [{"files": files}]}))
        done = subprocess.run([sys.executable, ROOT / "Tools/test-summary.py", self.folder / "log", path,
                               str(require_all), str(whole)], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def test_all_that_passed_and_is_covered_is_fine(self) -> None:
        status, said = self.told(PASSED, FINE)
        self.assertEqual(status, 0, said)
        self.assertIn("12 passed, 0 failed, 0 skipped", said)
        self.assertIn("VaultCrypto 90.0 %, ImageInspection 99.9 %, Vault 91.2 %, VaultStorage 50.0 %", said)

    def test_each_module_of_the_rules_is_held_to_its_least(self) -> None:
        for module in ("VaultFormat", "VaultCrypto", "ImageInspection", "Vault"):
            status, said = self.told(PASSED, FINE | {module: 899})
            self.assertEqual(status, 1, module)
            self.assertIn(f"less than 90 % of the lines are covered in {module}\n", said)
            without = {name: lines for name, lines in FINE.items() if name != module}
            self.assertEqual(self.told(PASSED, without)[0], 1, module)

    def test_coverage_that_nobody_measured_is_too_little(self) -> None:
        self.assertEqual(self.told(PASSED, None)[0], 1)

    def test_some_tests_alone_are_held_to_nothing(self) -> None:
        self.assertEqual(self.told(PASSED, FINE | {"Vault": 10}, whole=0)[0], 0)
        self.assertEqual(self.told(PASSED, None, whole=0)[0], 0)

    def test_a_failure_or_no_test_at_all_fails(self) -> None:
        broken = "✘ Test rule() failed after 0.1 seconds with 1 issue.\n"
        self.assertEqual(self.told(broken + PASSED, FINE)[0], 1)
        self.assertEqual(self.told("", FINE)[0], 1)

    def test_a_skipped_test_counts_as_none_and_fails_where_all_are_required(self) -> None:
        status, said = self.told(SKIPPED + PASSED, FINE)
        self.assertEqual((status, "11 passed, 0 failed, 1 skipped" in said), (0, True), said)
        self.assertEqual(self.told(SKIPPED + PASSED, FINE, require_all=1)[0], 1)


if __name__ == "__main__":
    main("summary")
