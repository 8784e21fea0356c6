"""What leaves the vault sealed, and the words that admins have for what happened: backups, incidents, canaries."""

from __future__ import annotations

from canary_life import Life
from canary_places import Place
from canary_written import files


def incidents(life: Life) -> None:
    """A reason and a canary's note are kept in clear; what is written into a case is not."""
    vault, nest = life.vault, life.nest
    vault.ctl("canary", "plant", life.other, "--note", nest.text("note", "canaries"))
    vault.ctl("canary", "ls")
    vault.want(200, "images", f"GET /v1/images/{life.other}", fields=life.asserted)
    opened = vault.told("incidents", "open", "--reason", nest.text("note", "incidents"))
    incident = str(opened["id"])
    vault.ctl("incidents", "note", incident, nest.text("case note", "incidents note"))
    vault.ctl("incidents", "show", incident, place=Place.EXPORTS)
    vault.ctl("incidents", "ls")
    out = vault.folder / "out" / "case"
    vault.ctl("incidents", "export", incident, "--output", str(out))
    for where, content in files(out):
        vault.heard.add(Place.EXPORTS, f"incidents export, {where}", content)


def back_up(life: Life) -> None:
    """A directory, twice, an archive, a copy of the keyring, and a drill with all of that, which leaves nothing."""
    vault, nest = life.vault, life.nest
    backups, escrows = str(vault.folder / "backups"), str(vault.folder / "escrows")
    key = str(vault.folder / "audit.pub")
    for _ in range(2):
        vault.ctl("backup", "make", backups, "--note", nest.text("note", "vaultctl backup"))
        vault.ctl("put", picture(life), "--owner", life.owner)
    vault.ctl("backup", "make", "-", "--note", nest.text("note", "vaultctl backup -"), place=Place.BACKUPS)
    vault.ctl("escrows", "export", escrows)
    vault.ctl("backup", "ls", backups)
    vault.ctl("backup", "verify", backups, "--key", key)
    secret = str(vault.folder / "keys" / "root.key")
    vault.ctl("drill", backups, "--keys", escrows, "--key", key, "--secret-file", secret)


def picture(life: Life) -> str:
    """A picture in a file of its own, beside all that is searched."""
    path = life.vault.folder / "own.png"
    path.write_bytes(life.nest.picture("pixels", "vaultctl put"))
    return str(path)
