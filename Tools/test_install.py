"""Tools/install, Tools/package and the units: what they put where, with which modes, and that it runs from there.

    IMAGEVAULT_BIN=.build/debug python3 Tools/test_install.py
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import stat
import string
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import yaml

from deployed import BARE, PROGRAMS, ROOT, main, needs, png, run, tool, unit

DOORS = ("images", "admin", "audit")
#: A user who owns nothing.
NOBODY = 60123
#: Every unit that listens: the doors, and measures, whose port is off until somebody wants it.
SOCKETS = (*DOORS, "metrics", "metrics-port")
#: systemd-analyze's measure of what a unit leaves open: 0 is nothing, 10 everything.
EXPOSURE = 1.5


def tree(folder: Path) -> dict[str, str]:
    """Each name below a folder with its mode, and a link with its target."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else stat.filemode(path.lstat().st_mode)
        for path in folder.rglob("*")
    }


def units(folder: Path) -> dict[str, dict[str, list[str]]]:
    return {path.name: unit(path) for path in (folder / "usr/local/lib/systemd/system").iterdir()}


class Staged(unittest.TestCase):
    """With the tree that Tools/install makes."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = Path(tempfile.mkdtemp(prefix="install"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.folder = cls.scratch / "stage"
        tool("install", "--destdir", cls.folder)
        cls.libexec = cls.folder / "usr/local/lib/imagevault"


class Installed(Staged):
    def test_has_the_programs_and_all_that_the_units_name(self) -> None:
        found = tree(self.folder)
        for name in PROGRAMS:
            self.assertEqual(found[f"usr/local/lib/imagevault/{name}"], "-rwxr-xr-x")
        for name in ("vaultctl", "vaultd", "vaultverify"):
            self.assertEqual(found[f"usr/local/bin/{name}"], f"../lib/imagevault/{name}")
        named = 0
        for said in units(self.folder).values():
            for value in said["ExecStart"] + [word.removeprefix("file:") for word in said["Documentation"]]:
                path = value.split()[0]
                self.assertTrue((self.folder / path.lstrip("/")).exists(), path)
                named += 1
        self.assertGreaterEqual(named, 4)
        settings = units(self.folder)["imagevault.service"]["ExecStart"][0].split("--config ")[1]
        self.assertEqual(found[settings.lstrip("/")], "-rw-r--r--")

    def test_leaves_no_placeholder_in_a_unit(self) -> None:
        for path in (self.folder / "usr/local/lib/systemd/system").iterdir():
            self.assertNotRegex(path.read_text(), r"@[a-z]+@", path.name)

    def test_lets_nobody_but_its_owner_write_and_runs_programs_alone(self) -> None:
        for name, mode in tree(self.folder).items():
            if mode[0] not in "-d":
                continue
            self.assertNotIn("w", mode[4:], f"{name} {mode}")
            may_run = mode[0] == "d" or Path(name).name in PROGRAMS
            self.assertEqual("x" in mode, may_run, f"{name} {mode}")

    def test_lists_what_it_put_there(self) -> None:
        listed = (self.libexec / "installed.txt").read_text().splitlines()
        files = {f"/{name}" for name, mode in tree(self.folder).items() if mode[0] != "d"}
        others = {"/usr/local/lib/imagevault/installed.txt", "/etc/imagevault/vaultd.yaml"}
        self.assertEqual(set(listed), files - others)

    def test_programs_run_with_the_libraries_beside_them(self) -> None:
        moved = self.scratch / "elsewhere"
        shutil.copytree(self.libexec, moved, symlinks=True)
        for name in PROGRAMS:
            loaded = run("ldd", moved / name)
            self.assertNotIn("not found", loaded)
            swift = [line for line in loaded.splitlines() if "libswift" in line or "libFoundation" in line]
            self.assertTrue(swift, name)
            for line in swift:
                self.assertIn(str(moved), line)
        self.assertRegex(run(moved / "vaultctl", "--version"), r"^\d+\.\d+\.\d+\n$")
        self.assertIn("serve", run(moved / "vaultd", "--help"))
        self.assertIn("bundle", run(moved / "vaultverify", "--help"))

    def test_says_the_same_of_users_groups_and_keys_everywhere(self) -> None:
        accounts = (ROOT / "Tools/packaging/accounts.sh").read_text()
        settings = yaml.safe_load((self.folder / "etc/imagevault/vaultd.yaml").read_text())
        said = units(self.folder)
        service = said["imagevault.service"]
        others = [said[f"imagevault-{name}.service"]["User"][0] for name in ("doctor", "drill")]
        for name in service["User"] + service["Group"] + others:
            self.assertRegex(accounts, rf"for user in [a-z -]*\b{name}\b(?!-)")
        for door in DOORS:
            unit_ = said[f"imagevault-{door}.socket"]
            self.assertEqual(unit_["FileDescriptorName"], [f"{door}.sock"])
            self.assertEqual(unit_["ListenStream"], [f"{settings['run_directory']}/{door}.sock"])
            self.assertEqual(unit_["SocketGroup"], [settings["doors"][door]["group"]])
            self.assertIn(unit_["SocketGroup"][0], accounts)
        handed = dict(value.split(":", 1) for value in service["LoadCredential"])
        for key in ("root_key_credential", "log_key_credential"):
            name = settings["keys"][key]
            self.assertEqual(handed[name], f"/etc/imagevault/keys/{name}")
            self.assertIn(f"{name}:missing", service["SetCredential"])
        self.assertTrue(settings["state_directory"].startswith(f"/var/lib/{service['StateDirectory'][0]}/"))

    def test_every_socket_outlives_a_restart_and_no_stop(self) -> None:
        said = units(self.folder)
        service = said["imagevault.service"]
        self.assertEqual({name for name in said if name.endswith(".socket")},
                         {f"imagevault-{name}.socket" for name in SOCKETS})
        stopped = " ".join(service["PropagatesStopTo"]).split()
        self.assertEqual(set(stopped), {f"imagevault-{name}.socket" for name in SOCKETS})
        for name in SOCKETS:
            unit_ = said[f"imagevault-{name}.socket"]
            self.assertEqual(unit_["PartOf"], [], name)
            self.assertEqual(unit_["Service"], ["imagevault.service"], name)
            is_on = name != "metrics-port"
            for key in ("Sockets", "Also"):
                self.assertEqual(f"imagevault-{name}.socket" in service[key][0].split(), is_on, f"{name} {key}")
        metrics = said["imagevault-metrics.socket"]
        self.assertEqual(metrics["FileDescriptorName"], ["metrics.sock"])
        settings = yaml.safe_load((self.folder / "etc/imagevault/vaultd.yaml").read_text())
        self.assertEqual(metrics["ListenStream"], [f"{settings['run_directory']}/metrics.sock"])
        accounts = (ROOT / "Tools/packaging/accounts.sh").read_text()
        self.assertIn(metrics["SocketGroup"][0], accounts)
        (address,) = said["imagevault-metrics-port.socket"]["ListenStream"]
        self.assertRegex(address, r"^127\.0\.0\.1:\d+$")

    def test_asks_for_what_the_page_of_the_units_promises(self) -> None:
        service = units(self.folder)["imagevault.service"]
        for key, value in {
            "Type": "notify", "WatchdogSec": "180", "Restart": "on-failure", "RestartPreventExitStatus": "64 78",
            "MemorySwapMax": "0", "LimitCORE": "0", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
        }.items():
            self.assertEqual(service[key], [value], key)


class InstalledAgain(Staged):
    def test_keeps_settings_and_takes_away_nothing_but_its_own(self) -> None:
        settings = self.folder / "etc/imagevault/vaultd.yaml"
        settings.write_text("state_directory: /mine\n")
        key = self.folder / "etc/imagevault/keys/root.key"
        key.parent.mkdir()
        key.write_text("a key")
        mine = self.libexec / "mine"
        mine.write_text("mine")
        # A file of the version before, which this one has no more.
        went = self.libexec / "libwent.so"
        went.write_text("old")
        with (self.libexec / "installed.txt").open("a") as listed:
            listed.write("/usr/local/lib/imagevault/libwent.so\n")
        before = tree(self.folder)
        said = tool("install", "--destdir", self.folder)
        self.assertIn("kept", said)
        self.assertEqual(settings.read_text(), "state_directory: /mine\n")
        self.assertEqual(set(before) - set(tree(self.folder)), {"usr/local/lib/imagevault/libwent.so"})
        tool("install", "--uninstall", "--destdir", self.folder)
        kept = {name for name, mode in tree(self.folder).items() if mode[0] != "d"}
        self.assertEqual(
            kept, {"etc/imagevault/vaultd.yaml", "etc/imagevault/keys/root.key", "usr/local/lib/imagevault/mine"}
        )
        again = run(ROOT / "Tools/install", "--uninstall", "--destdir", self.folder, ok=False)
        self.assertIn("nothing is installed", again)


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


class Packaged(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = Path(tempfile.mkdtemp(prefix="package"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        made = tool("package", "all", "--plain", "--out", cls.scratch).split()
        cls.deb, cls.tar = (Path(path) for path in made)

    def test_the_debian_package_has_everything_for_root_and_runs(self) -> None:
        listed = [line.split() for line in run("dpkg-deb", "-c", self.deb).splitlines()]
        self.assertEqual({words[1] for words in listed}, {"root/root"})
        modes = {words[5]: words[0] for words in listed}
        for name in PROGRAMS:
            self.assertEqual(modes[f"./usr/lib/imagevault/{name}"], "-rwxr-xr-x")
        for name in ("imagevault.service", *(f"imagevault-{name}.socket" for name in SOCKETS)):
            self.assertEqual(modes[f"./usr/lib/systemd/system/{name}"], "-rw-r--r--")
        self.assertEqual(modes["./etc/imagevault/vaultd.yaml"], "-rw-r--r--")
        self.assertFalse([name for name in modes if name.startswith("./var") or "/keys/" in name])
        folder = self.scratch / "deb"
        run("dpkg-deb", "-x", self.deb, folder)
        version = run(folder / "usr/bin/vaultctl", "--version").strip()
        self.assertIn("serve", run(folder / "usr/bin/vaultd", "--help"))
        self.assertIn("/usr/lib/imagevault/vaultd serve",
                      (folder / "usr/lib/systemd/system/imagevault.service").read_text())
        self.assertEqual(run("dpkg-deb", "-f", self.deb, "Version").strip(), version)
        depends = run("dpkg-deb", "-f", self.deb, "Depends")
        for library in ("libsodium23", "libsqlite3-0", "libmagic1", "libjpeg62-turbo", "zlib1g", "libdeflate0",
                        "libseccomp2", "libqrencode4", "passwd"):
            self.assertRegex(depends, rf"(^|, ){library}( |,|$)")

    def test_both_have_the_licences_of_all_that_is_in_them(self) -> None:
        folder = self.scratch / "licences"
        run("dpkg-deb", "-x", self.deb, folder)
        said = (folder / "usr/share/doc/imagevault/copyright").read_text()
        self.assertTrue(said.startswith("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"))
        for library in (folder / "usr/lib/imagevault").glob("*.so*"):
            self.assertIn(f"*/lib/imagevault/{library.name}\n", said)
        with tarfile.open(self.tar) as packed:
            top = packed.getnames()[0]
            here = {Path(name).name for name in packed.getnames() if f"{top}/LICENSES/" in name}
            texts = {name: packed.extractfile(f"{top}/LICENSES/{name}").read().decode() for name in here}
            self.assertNotIn(f"{top}/share/doc/imagevault/copyright", packed.getnames())
        self.assertEqual(texts["copyright"], said)
        named = {line.split("/usr/share/common-licenses/")[1].split()[0] for line in said.splitlines()
                 if "/usr/share/common-licenses/" in line}
        self.assertEqual(here, {"copyright", *named})
        self.assertIn("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION", texts["Apache-2.0"])

    def test_the_debian_package_never_deletes_a_vault_and_starts_nothing(self) -> None:
        folder = self.scratch / "control"
        run("dpkg-deb", "-e", self.deb, folder)
        self.assertEqual((folder / "conffiles").read_text(), "/etc/imagevault/vaultd.yaml\n")
        for script in ("postinst", "prerm", "postrm"):
            text = (folder / script).read_text()
            run("sh", "-n", folder / script)
            self.assertNotRegex(text, r"rm -|deluser|userdel|groupdel|systemctl (start|enable|restart)")
        self.assertIn("make_accounts", (folder / "postinst").read_text())

    def test_the_tarball_runs_wherever_it_is_unpacked(self) -> None:
        with tarfile.open(self.tar) as packed:
            members = packed.getmembers()
        (self.scratch / "anywhere").mkdir()
        run("tar", "-xf", self.tar, "-C", self.scratch / "anywhere")
        self.assertEqual({(member.uid, member.gid) for member in members}, {(0, 0)})
        self.assertEqual(len({member.mtime for member in members}), 1)
        tops = {member.name.split("/")[0] for member in members}
        self.assertEqual(len(tops), 1)
        folder = self.scratch / "anywhere" / tops.pop()
        self.assertRegex(run(folder / "bin/vaultctl", "--version"), r"^\d+\.\d+\.\d+\n$")
        self.assertIn("serve", run(folder / "bin/vaultd", "--help"))
        self.assertTrue((folder / "share/doc/imagevault/vaultd.yaml").exists())

    def test_the_same_programs_give_the_same_bytes(self) -> None:
        again = self.scratch / "again"
        tool("package", "tar", "--plain", "--out", again)
        run("cmp", self.tar, again / self.tar.name)


class Analysed(Staged):
    """What systemd itself says of the units."""

    def setUp(self) -> None:
        self.analyze = needs(self, "systemd-analyze", "systemd")
        self.units = self.scratch / "units"
        shutil.rmtree(self.units, ignore_errors=True)
        self.units.mkdir()
        for path in (self.folder / "usr/local/lib/systemd/system").iterdir():
            # Where the programs are in this test, so that they are found.
            text = path.read_text().replace("/usr/local/", f"{self.folder}/usr/local/")
            (self.units / path.name).write_text(text)

    def verify(self) -> str:
        paths = sorted(self.units.iterdir())
        return run(self.analyze, "verify", "--man=no", "--generators=no", *paths, ok=False,
                   SYSTEMD_UNIT_PATH=f"{self.units}:")

    def test_finds_nothing_wrong(self) -> None:
        ours = [line for line in self.verify().splitlines() if "imagevault" in line]
        self.assertEqual(ours, [])

    def test_would_find_something(self) -> None:
        path = self.units / "imagevault.service"
        path.write_text(path.read_text().replace("WatchdogSec=", "WatchdogSecs="))
        self.assertIn("WatchdogSecs", self.verify())

    def test_leaves_little_open(self) -> None:
        for name in ("imagevault.service", "imagevault-doctor.service", "imagevault-drill.service"):
            report = run(self.analyze, "security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}",
                         "--no-pager", self.units / name)
            level = float(report.rpartition("exposure level for")[2].split(":")[1].split()[0])
            self.assertLessEqual(level, EXPOSURE, name)


if __name__ == "__main__":
    main("installed and packaged")
