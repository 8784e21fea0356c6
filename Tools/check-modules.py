"""Checks that every source file imports only what Architecture.md allows its target.

    python3 Tools/check-modules.py

The build checks that imports are declared in Package.swift; this checks that Package.swift stays
within the drawing, and that C libraries and Foundation stay where they belong.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Our own modules that each target may import.
ALLOWED = {
    "VaultFormat": set(),
    "VaultCrypto": {"VaultFormat", "CSodium"},
    "ImageInspection": {"VaultFormat"},
    "Vault": {"VaultFormat", "VaultCrypto", "ImageInspection"},
    "VaultStorage": {"VaultFormat", "Vault", "CVaultSystem"},
    "VaultPolicy": {"VaultFormat"},
    "VaultAPI": {"VaultFormat", "CVaultResources"},
    "VaultServer": {"VaultFormat", "VaultCrypto", "VaultAPI", "Vault"},
    "VaultClient": {"VaultFormat", "VaultAPI"},
    "vaultd": {"VaultFormat", "VaultCrypto", "ImageInspection", "Vault", "VaultStorage", "VaultAPI", "VaultServer",
               "VaultPolicy", "CVaultSystem", "CVaultTokens", "CQRCode"},
    "vaultctl": {"VaultFormat", "VaultAPI", "VaultClient", "VaultPolicy", "CVaultResources", "CVaultSystem"},
    "vaultverify": {"VaultFormat", "VaultCrypto"},
    "vaultinspect": {"VaultFormat", "ImageInspection", "CVaultSystem", "CSeccomp", "CMagic", "CJPEG", "CZlib",
                     "CDeflate"},
}
# Modules from outside that some targets must never see.
FORBIDDEN = {
    "VaultFormat": {"Foundation", "FoundationEssentials", "Glibc"},
    "ImageInspection": {"Foundation", "FoundationEssentials", "Glibc"},
    "vaultinspect": {"Foundation", "FoundationEssentials"},
}
OURS = set(ALLOWED) | {"CSodium", "CVaultResources", "CVaultSystem", "CVaultTokens", "CSeccomp", "CMagic", "CJPEG", "CZlib", "CDeflate", "CQRCode"}
IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |private )?import (?:\w+ )?(\w+)", re.M)


def main() -> int:
    faults = []
    for target, allowed in ALLOWED.items():
        for file in sorted((ROOT / "Sources" / target).rglob("*.swift")):
            for module in IMPORT.findall(file.read_text()):
                if module in OURS and module not in allowed and module != target:
                    faults.append(f"{file.relative_to(ROOT)}: {target} may not import {module}")
                if module in FORBIDDEN.get(target, ()):
                    faults.append(f"{file.relative_to(ROOT)}: {target} must do without {module}")
    print("\n".join(faults) or "every import is one that Architecture.md allows")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
