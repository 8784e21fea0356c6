"""Tools/monitoring as Prometheus itself reads it: each rule is in order, silent while all is well, and fires when not.

    python3 Tools/test_monitoring.py
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from deployed import ROOT, main, needs

RULES = ROOT / "Tools/monitoring/alerts.yaml"
#: Labels that a scrape adds.
FROM = 'instance="vault",job="imagevault"'
DAY = 86400
#: Minutes of a scenario, and when it is looked at: later than the longest `for`.
MINUTES, LOOK = 400, "390m"

#: Every measure that a rule asks for, of a vault that is well: its labels, and its value minute by minute. The clock
#: begins at 0, and so a time of 0 is a few hours old at most.
WELL = {
    ("imagevault_build_info", ""): "1",
    ("imagevault_sealed", ""): "0",
    ("imagevault_ready", ""): "1",
    ("imagevault_log_state", 'state="writable"'): "1",
    ("imagevault_log_state", 'state="stalled"'): "0",
    ("imagevault_disk_free_bytes", ""): "500",
    ("imagevault_disk_size_bytes", ""): "1000",
    ("imagevault_slot_proved_timestamp_seconds", 'slot="a"'): "0",
    ("imagevault_anchor_current", 'place="file"'): "1",
    ("imagevault_anchor_failures_total", 'place="file"'): "3",
    ("imagevault_backup_timestamp_seconds", ""): "0",
    ("imagevault_drill_timestamp_seconds", ""): "0",
    ("imagevault_scrub_oldest_unverified_seconds", ""): str(DAY),
    ("imagevault_request_duration_seconds_count", 'outcome="failed"'): "0+1",
    ("imagevault_request_duration_seconds_count", 'outcome="done"'): "0+1000",
    ("imagevault_log_oldest_waiting_seconds", ""): "0.1",
    ("imagevault_log_waiting_events", ""): "5",
    ("imagevault_commit_flush_duration_seconds_bucket", 'le="0.1"'): "0+100",
    ("imagevault_commit_flush_duration_seconds_bucket", 'le="1"'): "0+100",
    ("imagevault_commit_flush_duration_seconds_bucket", 'le="+Inf"'): "0+100",
    ("imagevault_inspections_waiting", ""): "0",
    ("imagevault_inspection_worker_restarts_total", ""): "2",
    ("imagevault_alarms_open", 'rule="reads"'): "0",
    ("imagevault_detection_missed_total", ""): "0",
    ("imagevault_alerts_total", 'outcome="failed",place="syslog"'): "1",
    ("imagevault_contained_principals", ""): "0",
}
#: What is otherwise where a rule has to fire; None is a measure that is not there.
ILL: dict[str, dict[tuple[str, str], str | None]] = {
    "VaultSilent": {("imagevault_build_info", ""): None},
    "VaultSealed": {("imagevault_sealed", ""): "1"},
    "VaultNotReady": {("imagevault_ready", ""): "0"},
    "VaultLogNotWritable": {
        ("imagevault_log_state", 'state="writable"'): "0", ("imagevault_log_state", 'state="stalled"'): "1",
    },
    "VaultDiskNearlyFull": {("imagevault_disk_free_bytes", ""): "80"},
    "VaultDiskFullSoon": {("imagevault_disk_free_bytes", ""): "900-1"},
    "VaultSlotNotProved": {("imagevault_slot_proved_timestamp_seconds", 'slot="a"'): str(-91 * DAY)},
    "VaultAnchorOld": {("imagevault_anchor_current", 'place="file"'): "0"},
    "VaultAnchorFails": {("imagevault_anchor_failures_total", 'place="file"'): "3+1"},
    "VaultBackupOld": {("imagevault_backup_timestamp_seconds", ""): str(-3 * DAY)},
    "VaultDrillOld": {("imagevault_drill_timestamp_seconds", ""): str(-93 * DAY)},
    "VaultScrubOld": {("imagevault_scrub_oldest_unverified_seconds", ""): str(16 * DAY)},
    "VaultRequestsFail": {("imagevault_request_duration_seconds_count", 'outcome="failed"'): "0+50"},
    "VaultLogLags": {("imagevault_log_oldest_waiting_seconds", ""): "3"},
    "VaultFlushesSlow": {("imagevault_commit_flush_duration_seconds_bucket", 'le="0.1"'): "0+90"},
    "VaultInspectionsWait": {("imagevault_inspections_waiting", ""): "4"},
    "VaultInspectorsDie": {("imagevault_inspection_worker_restarts_total", ""): "2+1"},
    "VaultAlarm": {("imagevault_alarms_open", 'rule="reads"'): "1"},
    "VaultDetectionMisses": {("imagevault_detection_missed_total", ""): "0+1"},
    "VaultAlertsFail": {("imagevault_alerts_total", 'outcome="failed",place="syslog"'): "1+1"},
    "VaultPrincipalContained": {("imagevault_contained_principals", ""): "2"},
}


class Alerts(unittest.TestCase):
    def setUp(self) -> None:
        self.promtool = needs(self, "promtool", "prometheus")
        self.names = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

    def fired(self, otherwise: dict[tuple[str, str], str | None]) -> set[str]:
        """The rules that fire in a vault that is well but for this. promtool tells which are not as expected."""
        series = [
            {"series": f"{name}{{{', '.join(filter(None, (FROM, labels)))}}}", "values": f"{value}x{MINUTES}"
             if re.search(r"\d[+-]", value) else f"{value}+0x{MINUTES}"}
            for (name, labels), value in (WELL | otherwise).items() if value is not None
        ]
        looks = [{"eval_time": LOOK, "alertname": name, "exp_alerts": []} for name in self.names]
        test = {"rule_files": [str(RULES)], "evaluation_interval": "10m",
                "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": looks}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(test, file)
            file.flush()
            done = subprocess.run([self.promtool, "test", "rules", file.name], capture_output=True, text=True)
        said = done.stdout + done.stderr
        found = set(re.findall(r"alertname: (\w+)", said))
        self.assertEqual(done.returncode == 0, not found, said)
        return found

    def test_every_rule_is_in_order(self) -> None:
        done = subprocess.run([self.promtool, "check", "rules", RULES], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(self.names)} rules found", done.stdout)

    def test_nothing_fires_while_all_is_well(self) -> None:
        self.assertEqual(self.fired({}), set())

    def test_every_rule_fires_for_its_own_reason_and_no_other_does(self) -> None:
        self.assertEqual(set(ILL), set(self.names))
        for name, otherwise in ILL.items():
            with self.subTest(name):
                self.assertEqual(self.fired(otherwise), {name})


if __name__ == "__main__":
    main("monitoring")
