"""What a security page promises, row by row, and the tests that hold it here: `Tools/test --rows`.

    python3 Tools/rows.py            the table
    python3 Tools/rows.py --check    only that each test named here is where it is said to be

A row's evidence is a file and words in it: the name of a suite, a test, a function or a command. What is not built is
said as that.
"""

import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 110

CORE = "Tests/VaultTests/"
END = "Tests/EndToEndTests/"
STORE = "Tests/VaultStorageTests/"
CLIENT = "Tests/VaultClientTests/"
PYTHON = "Tools/python/tests/"


@dataclass(frozen=True)
class Row:
    """One system of the page."""

    number: int
    page: str
    here: str
    evidence: list[tuple[str, str]]
    missing: str = ""


ROWS = [
    Row(1, "file validation", "a strict walk, an isolated decode, a verdict that is kept, re-inspection, quarantine", [
        ("Tests/ImageInspectionTests/HiddenContentTests.swift", "@Test"),
        ("Tests/ImageInspectionTests/JPEGTrailerTests.swift", "@Test"),
        (END + "Images/CorpusTests.swift", "The corpus"),
        (END + "Images/InspectTests.swift", "An inspection"),
        (END + "Operations/ReinspectionTests.swift", "Re-inspection of an archive"),
        (END + "Operations/QuarantineTests.swift", "A quarantined image"),
        ("Tools/fuzz", "jpeg")]),
    Row(2, "safe file names", "a name is sealed with its claim, and told in RFC 6266's form", [
        (END + "Images/NameTests.swift", "The name of an upload"),
        (CLIENT + "ContentDispositionTests.swift", "The name in Content-Disposition"),
        ("Tests/ImageInspectionTests/UploadNameTests.swift", "@Test")]),
    Row(3, "paths and job ids", "no caller says a path; ids are parsed once, whole", [
        ("Tests/VaultFormatTests/NamesTests.swift", "Names"),
        (CLIENT + "RequestTests.swift", "A request's query and headers"),
        (STORE + "LocalBlobStoreTests.swift", "LocalBlobStore")]),
    Row(4, "rate limits", "GCRA by principal, actor and class, weighted by bytes; turns", [
        (CORE + "RateLimiterTests.swift", "A rate limiter"),
        (CORE + "AttemptTests.swift", "Too many requests"),
        (CORE + "TurnTests.swift", "Turns"),
        (END + "Life/RateTests.swift", "A caller who asks too much")]),
    Row(5, "cross-site requests", "nothing that a browser sends for another's page is taken", [
        (END + "Images/MannersTests.swift", "cross-site"),
        (PYTHON + "test_nginx.py", "test_other_methods_do_not_reach_the_vault")],
        "the console, whose forms will need tokens of their own"),
    Row(6, "encryption at rest", "a key for each image, epochs, frames bound to their image, durable before the answer", [
        ("Tests/VaultCryptoTests/BlobTests.swift", "Blobs"),
        (STORE + "DamagedRowTests.swift", "Damaged rows"),
        (CORE + "RotationTests.swift", "Rotation"),
        (END + "Store/ForensicsTests.swift", "A stolen disk"),
        ("Tools/powercut", "kill")]),
    Row(7, "secure deletion", "four levels, each with what it waits for, in a signed receipt", [
        (CORE + "ErasureTests.swift", "Receipts of erasures"),
        (STORE + "ErasureModelTests.swift", "Receipts against an attacker"),
        (END + "Erasure/RawDeviceTests.swift", "@Suite"),
        (END + "Erasure/ReceiptTests.swift", "Receipts of erasures")]),
    Row(8, "secrets in logs", "secrets are types without words; every byte that is written is searched", [
        ("Tools/canary", "canary"),
        ("Tools/test_canary.py", "def test_"),
        (PYTHON + "test_logging.py", "def test_")]),
    Row(9, "transport and headers", "sockets of this machine; nginx before them, which adds nothing of its own", [
        (PYTHON + "test_nginx.py", "test_hides_no_header_of_the_image"),
        (END + "Images/MannersTests.swift", "The door's manners")],
        "the console, with its headers"),
    Row(10, "who may be an admin", "a socket of its own, users whom the kernel names, a policy, a second person", [
        (END + "Life/AccessTests.swift", "func table"),
        ("Tests/VaultFormatTests/Access/PolicyFileTests.swift", "A policy's file"),
        (CORE + "SecondPersonTests.swift", "A second person"),
        (END + "Life/SecondPersonTests.swift", "What takes two")],
        "the console's list of networks"),
    Row(11, "security events, brute force", "durable before the answer; failures by actor and source, reset by success", [
        (CORE + "FailureTrackerTests.swift", "Failures to prove who one is"),
        (CORE + "AttemptTests.swift", "An attempt that a backend reports"),
        (CLIENT + "SecurityRequestTests.swift", "What a web tier says and asks"),
        (CORE + "BearerTests.swift", "A bearer")]),
    Row(12, "intrusion detection", "a strict grammar at the door; thirteen rules on behaviour, canaries", [
        ("Tools/hostile", "hostile"),
        (END + "Hostile/BadInputTests.swift", "Against bad input"),
        (CORE + "Detection/RuleTests.swift", "Rules of detection"),
        (CORE + "Detection/DetectorTests.swift", "Cases of detection"),
        (CORE + "Detection/CanaryTests.swift", "Canaries"),
        (END + "Life/DetectionTests.swift", "Detection"),
        ("Tools/traffic", "traffic"),
        ("Tools/attack", "attack")]),
    Row(13, "incident response", "evidence first, sealed; containment with an end and an undo; alerts", [
        (CORE + "IncidentTests.swift", "An incident"),
        (CORE + "ContainmentTests.swift", "A contained principal"),
        (CORE + "AlertTests.swift", "Alerts"),
        ("Tests/VaultCryptoTests/CaseTests.swift", "A case's file"),
        (END + "Incidents/IncidentTests.swift", "Incidents")]),
    Row(14, "a checklist", "executable checks with evidence and a fix; somebody's word on what no program sees", [
        (CORE + "Doctor/DoctorTests.swift", "A doctor's checks"),
        (CORE + "Doctor/DoctorFactsTests.swift", "What a vault tells a doctor"),
        (END + "Doctor/DoctorTests.swift", "vaultctl doctor"),
        (STORE + "Inspectors/WallProbeTests.swift", "A look at workers' walls"),
        (STORE + "HostLookTests.swift", "A look at the machine"),
        (STORE + "HostPathTests.swift", "A path on this machine")]),
    Row(15, "backups, rotation, audit, dependencies, penetration tests",
        "rotation as an operation with a statement; tokens with an overlap; a log that auditors take away; fuzzers and"
        " hostile clients", [
            (CORE + "RotationTests.swift", "Rotation"),
            (END + "Life/BearerTests.swift", "rotat"),
            ("Tests/VaultCryptoTests/BundleTests.swift", "Bundles of the log"),
            (PYTHON + "test_bundles.py", "def test_"),
            ("Tools/fuzz", "protocol"),
            ("Tools/hostile", "hostile")],
        "online backup and restore, a bill of materials"),
]


@dataclass
class Faults:
    """Evidence that is not there."""

    words: list[str] = field(default_factory=list)

    def look(self, row: Row) -> None:
        for path, name in row.evidence:
            file = ROOT / path
            if not file.is_file():
                self.words.append(f"row {row.number}: there is no {path}")
            elif name not in file.read_text(encoding="utf-8"):
                self.words.append(f"row {row.number}: {path} has no {name!r}")
        if not row.evidence and not row.missing:
            self.words.append(f"row {row.number}: neither a test nor a word of what is missing")


def show(row: Row) -> None:
    print(f"{row.number:>2}  {row.page}")
    if row.here:
        print(textwrap.fill(row.here, WIDTH, initial_indent="    ", subsequent_indent="    "))
    for path, name in row.evidence:
        print(f"      {path}" + ("" if name in ("@Suite", "@Test", "def test_") else f": {name}"))
    if row.missing:
        print(f"    not yet: {row.missing}")


def main() -> int:
    faults = Faults()
    for row in ROWS:
        faults.look(row)
        if "--check" not in sys.argv[1:]:
            show(row)
    for word in faults.words:
        print(f"rows: {word}", file=sys.stderr)
    return 1 if faults.words else 0


if __name__ == "__main__":
    sys.exit(main())
