"""One vault, and what is known of it while it lives."""

from __future__ import annotations

import hashlib

from canary_vault import CanaryVault
from canary_written import FOLDERS, files


class Life:
    """One vault from its first image to its last restart."""

    def __init__(self, vault: CanaryVault) -> None:
        self.vault, self.nest = vault, vault.nest
        self.image = self.other = self.owner = self.job = self.actor = self.passphrase = ""
        self.asserted = self.mine = ""
        #: Digests of the files that were heard.
        self.lay: set[bytes] = set()

    def fields(self) -> str:
        """What a backend asserts, and what a browser adds that nobody asked for."""
        nest = self.nest
        return (
            f'Vault-Client: ip={nest.address("client", "Vault-Client")}; ua="{nest.text("agent", "Vault-Client")}"\r\n'
            f"Vault-Actor: {nest.text('actor', 'Vault-Actor')}\r\n"
            f"User-Agent: {nest.text('unknown field', 'User-Agent')}\r\n"
            f"Cookie: id={nest.text('unknown field', 'Cookie')}\r\n"
            f"X-Request-Id: {nest.text('unknown field', 'X-Request-Id')}\r\n"
            f"X-{nest.text('unknown field', 'the name of a field')}: {nest.text('unknown field', 'X-…')}\r\n"
            f"Referer: http://a/{nest.text('unknown field', 'Referer')}\r\n"
            f"X-Forwarded-For: {nest.address('unknown field', 'X-Forwarded-For')}\r\n"
            f"traceparent: 00-{nest.known('trace', nest.chance.randbytes(16).hex().encode(), 'traceparent').decode()}"
            f"-{nest.chance.randbytes(8).hex()}-01\r\n"
        )

    def hear_files(self, when: str) -> None:
        """What lies there now, and may be gone when the vault is up again. What is as it was is heard once."""
        for name in ("state", "tmp", "cwd"):
            for where, content in files(self.vault.folder / name):
                digest = hashlib.sha256(content).digest()
                if digest not in self.lay:
                    self.lay.add(digest)
                    self.vault.heard.add(FOLDERS[name], f"{where} {when}", content)
