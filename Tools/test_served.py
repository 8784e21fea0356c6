"""The installed programs as the units run them: daemon, drill and backup, but for users and walls.

    IMAGEVAULT_BIN=.build/debug python3 Tools/test_served.py
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import string
import subprocess
import tempfile
from pathlib import Path

from deployed import BARE, main, png, run
from test_install import DOORS, Staged, tree, units

#: A user who owns nothing.
NOBODY = 60123


class Served(Staged):
    """The installed daemon as a service manager runs it, but for users and walls."""

    def setUp(self) -> None:
        """A vault whose keys are where the service manager puts them, and what stands for that."""
        self.place = Path(tempfile.mkdtemp(prefix="served", dir=self.scratch))
        keys = self.place / "keys"
        keys.mkdir()
        own = [f"state_directory={self.place}/vault", f"run_directory={self.place}",
               f"keys.public_key_file={self.place}/audit.pub"]
        own += [f"doors.{door}.{key}={os.getgid()}" for door in DOORS for key in ("group", "groups")]
        words = [word for setting in own for word in ("--set", setting)]
        self.config = ["--config", str(self.folder / "etc/imagevault/vaultd.yaml"), *words]
        self.variables = {"CREDENTIALS_DIRECTORY": str(keys)}
        run(self.libexec / "vaultd", "init", *self.config, **self.variables)
        self.assertEqual(tree(keys), {"root.key": "-rw-------", "log.key": "-rw-------"})
        self.listeners = {door: self.listen(f"{self.place}/{door}.sock") for door in DOORS}
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(f"{self.place}/notify")
        self.manager.settimeout(120)
        self.addCleanup(self.manager.close)
        self.variables["NOTIFY_SOCKET"] = f"{self.place}/notify"

    def serve(self) -> subprocess.Popen[bytes]:
        return self.start([str(self.libexec / "vaultd"), "serve", *self.config], self.variables, self.listeners)

    def ctl(self, *words: str | Path, door: str = "admin") -> str:
        return run(self.libexec / "vaultctl", *words, "--socket", f"{self.place}/{door}.sock")

    def test_makes_a_vault_and_serves_it_on_the_sockets_of_the_units(self) -> None:
        for _ in range(2):
            daemon = self.serve()
            self.assertEqual(self.manager.recv(4096), b"READY=1")
            self.assertFalse(json.loads(self.ctl("status", "--json"))["sealed"])
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(120), 0)
            while self.manager.recv(4096) != b"STOPPING=1":
                pass
        # What is no vault is nothing to try again.
        shutil.rmtree(self.place / "vault")
        ended = self.serve().wait(120)
        said = units(self.folder)["imagevault.service"]["RestartPreventExitStatus"][0].split()
        self.assertIn(str(ended), said)

    def test_holds_a_drill_as_the_unit_says(self) -> None:
        self.serve()
        self.assertEqual(self.manager.recv(4096), b"READY=1")
        image = self.place / "one.png"
        image.write_bytes(png(16, 16))
        self.ctl("put", image, door="images")
        cache = self.place / "cache"
        cache.mkdir()
        key = self.place / "keys/drill.key"
        run(self.libexec / "vaultd", "new-key-file", key)
        self.ctl("slots", "add", "--label", "drill", "--secret-file", key)
        (self.place / "safe").mkdir()
        self.ctl("escrows", "export", self.place / "safe")
        self.ctl("backup", self.place / "backup")
        known = {
            "BACKUPS": f"{self.place}/backup", "KEYS": f"{self.place}/safe", "PUBLIC_KEY": f"{self.place}/audit.pub",
            "CREDENTIALS_DIRECTORY": f"{self.place}/keys", "CACHE_DIRECTORY": str(cache),
        }
        unit_ = units(self.folder)["imagevault-drill.service"]
        self.assertEqual(unit_["LoadCredential"], ["drill.key:/etc/imagevault/keys/drill.key"])
        command = unit_["ExecStart"][0].replace("/usr/local/lib/imagevault", str(self.libexec))
        command = command.replace("/run/imagevault/admin.sock", f"{self.place}/admin.sock")
        words = shlex.split(string.Template(command).substitute(known))
        if os.geteuid() == 0:
            # Another user than who made backups and keyring, who may read them by what the unit gives alone.
            (capability,) = unit_["AmbientCapabilities"]
            given = "+" + capability.removeprefix("CAP_").lower()
            for path in (cache, key):
                os.chown(path, NOBODY, os.getgid())
            os.chmod(f"{self.place}/admin.sock", 0o660)
            user = ["setpriv", f"--reuid={NOBODY}", f"--regid={os.getgid()}", "--clear-groups", "--no-new-privs"]
            words = [*user, f"--inh-caps={given}", f"--ambient-caps={given}", *words]
        said = run(*words)
        self.assertRegex(said, r"opened +1, ")
        self.assertEqual(list(cache.iterdir()), [])
        self.assertIsNotNone(json.loads(self.ctl("status", "--json"))["care"]["drill"])
        # A backup that does not even come to images: who may only read it says so all the same.
        catalog = next((self.place / "backup/snapshots").glob("*/catalog.sqlite"))
        whole = catalog.read_bytes()
        catalog.write_bytes(whole[:-4096])
        self.assertIn("the backup could not be restored", run(*words, ok=False))
        self.assertIsNone(json.loads(self.ctl("status", "--json"))["care"]["drill"])
        self.assertEqual(list(cache.iterdir()), [])
        catalog.write_bytes(whole)
        # By hand, where nobody hands over a key.
        store = [self.place / "backup", *self.config, "--keys", self.place / "safe"]
        plan = run(self.libexec / "vaultd", "restore", *store, "--key", self.place / "audit.pub", "--plan")
        self.assertIn("comes back    1 image", plan)

    def test_makes_a_backup_and_forgets_old_ones_as_the_unit_says(self) -> None:
        self.serve()
        self.assertEqual(self.manager.recv(4096), b"READY=1")
        image = self.place / "one.png"
        image.write_bytes(png(16, 16))
        self.ctl("put", image, door="images")
        place = self.place / "backup"
        place.mkdir()
        unit_ = units(self.folder)["imagevault-backup.service"]
        known = dict(value.split("=", 1) for value in unit_["Environment"])
        self.assertEqual(known["KEEP_DAILY"], "30")
        user: list[str] = []
        if os.geteuid() == 0:
            # Another user than the daemon's, without a capability.
            for folder in (self.scratch, self.place):
                os.chmod(folder, 0o711)
            os.chown(place, NOBODY, os.getgid())
            os.chmod(f"{self.place}/admin.sock", 0o660)
            user = ["setpriv", f"--reuid={NOBODY}", f"--regid={os.getgid()}", "--clear-groups", "--no-new-privs"]

        def start(ok: bool = True, **variables: str) -> str:
            said = ""
            for command in unit_["ExecStartPre"] + unit_["ExecStart"]:
                command = command.replace("/usr/local/lib/imagevault", str(self.libexec))
                command = command.replace("/run/imagevault/admin.sock", f"{self.place}/admin.sock")
                # The service manager puts in what is in braces, and leaves what is not to the shell.
                words = [string.Template(word).safe_substitute(known | variables) if "${" in word else word
                         for word in shlex.split(command)]
                said += run(*user, *words, ok=ok, **(known | variables))
            return said

        def kept() -> int:
            return len(list((place / "snapshots").iterdir()))

        start(BACKUPS=str(place))
        self.assertEqual(kept(), 1)
        self.assertIsNotNone(json.loads(self.ctl("status", "--json"))["care"]["backup"])
        # Of one day the last stays.
        by_hand = [self.libexec / "vaultctl", "backup", place, "--socket", f"{self.place}/admin.sock"]
        if user:
            self.assertIn("run this as that user", run(*by_hand, ok=False))
        run(*user, *by_hand)
        self.assertEqual(kept(), 2)
        start(BACKUPS=str(place), KEEP_DAILY="1")
        self.assertEqual(kept(), 1)
        with self.assertRaisesRegex(AssertionError, "BACKUPS= is not set"):
            start()

    def listen(self, path: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        self.addCleanup(listener.close)
        return listener

    def start(
        self, words: list[str], variables: dict[str, str], listeners: dict[str, socket.socket]
    ) -> subprocess.Popen[bytes]:
        """A child that has the sockets from 3 on, as sd_listen_fds(3) has it."""
        names = ":".join(f"{door}.sock" for door in listeners)

        def adopt() -> None:
            copies = [os.dup(listener.fileno()) for listener in listeners.values()]
            high = [os.dup2(copy, 100 + place, inheritable=False) for place, copy in enumerate(copies)]
            for place, copy in enumerate(high):
                os.dup2(copy, 3 + place, inheritable=True)

        # The shell's own number is the daemon's: exec keeps it.
        shell = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *words]
        given = BARE | variables | {"LISTEN_FDS": str(len(listeners)), "LISTEN_FDNAMES": names}
        daemon = subprocess.Popen(shell, env=given, preexec_fn=adopt, close_fds=False, stderr=subprocess.DEVNULL)

        def end() -> None:
            daemon.kill()
            daemon.wait()

        self.addCleanup(end)
        return daemon


if __name__ == "__main__":
    main("served")
