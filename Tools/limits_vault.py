"""A vault for floods and a quiet client, and what has to hold of it when they are gone."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench_support import Door, noise
from chaos_check import blob_files, blobs_named, litter
from hostile_quiet import QUIET
from hostile_watch import HostileVault
from limits_flood import USERS

#: The edge of the picture that is read slowly: 2.2 MB, nine frames.
LARGE = 1500
#: Seconds until nothing is left of what died.
SETTLE = 30
LOOK = 0.25


class LimitsVault(HostileVault):
    """Its policy knows the floods as one principal, and the quiet client as another, where there are such users."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        policy = f'version: 1\nprincipals:\n  own: {{users: ["{os.getuid()}"], roles: [backend, admin, auditor]}}\n'
        if self.has_two_users:
            users = ", ".join(f'"{user}"' for user in USERS)
            policy += f"  flood: {{users: [{users}], roles: [backend]}}\n"
            policy += f'  quiet: {{users: ["{QUIET}"], roles: [backend]}}\n'
        (folder / "policy.yaml").write_text(policy)

    @property
    def images(self) -> Path:
        return self.folder / "images.sock"

    def large(self) -> tuple[str, bytes]:
        """Stores the picture that is read slowly."""
        content = noise(LARGE, LARGE, 1)
        return Door(self.images).put(content, "large.png"), content

    def left(self) -> list[str]:
        """Blobs that no row names, or a row without its blob, when there was time to clear up."""
        give_up = time.monotonic() + SETTLE
        while True:
            files, rows = litter(blob_files(self.folder / "state"), blobs_named(self.folder / "state"))
            if not files and not rows or time.monotonic() > give_up:
                break
            time.sleep(LOOK)
        return [f"no row names blob {name}" for name in files] + [f"blob {name} of a row is not there" for name in rows]
