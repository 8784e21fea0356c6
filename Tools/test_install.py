"""Tools/install, Tools/package and the units: what they put where, and with which modes. It runs in test_served.py.

    IMAGEVAULT_BIN=.build/debug python3 Tools/test_install.py
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import unittest
from pathlib import Path

import yaml

from deployed import PROGRAMS, ROOT, main, needs, run, tool, unit

DOORS = ("images", "admin", "audit")
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
        others = [said[f"imagevault-{name}.service"]["User"][0] for name in ("doctor", "backup", "drill")]
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

    def test_whoever_removes_it_switches_off_all_that_can_be_switched_on(self) -> None:
        said = units(self.folder)
        switched = {name for name, unit_ in said.items() if unit_["WantedBy"]}
        self.assertIn("imagevault-backup.timer", switched)
        for path in ("packaging/deb/prerm", "install"):
            text = (ROOT / "Tools" / path).read_text().replace("\\\n", " ")
            (line,) = [line for line in text.splitlines() if "disable --now" in line]
            words = line.split("--now", 1)[1].split("||")[0]
            self.assertEqual(set(run("bash", "-c", f"echo {words}").split()), switched, path)

    def test_every_timer_has_a_service_and_nobody_starts_that_by_itself(self) -> None:
        said = units(self.folder)
        timers = [name for name in said if name.endswith(".timer")]
        self.assertEqual(len(timers), 3)
        for name in timers:
            service = said[name.replace(".timer", ".service")]
            self.assertEqual((service["Type"], service["WantedBy"]), (["oneshot"], []), name)
            self.assertEqual(said[name]["Persistent"], ["yes"], name)
        self.assertIn("imagevault-backup.service", said["imagevault-drill.service"]["After"])

    def test_backup_and_drill_have_the_walls_of_the_doctor(self) -> None:
        said = units(self.folder)
        doctor = said["imagevault-doctor.service"]
        walls = list(doctor)[list(doctor).index("MemorySwapMax"):]
        self.assertGreater(len(walls), 30)
        for name in ("backup", "drill"):
            unit_ = said[f"imagevault-{name}.service"]
            for key in walls:
                # The drill reads what others made.
                if not (name == "drill" and key.endswith(("BoundingSet", "AmbientCapabilities"))):
                    self.assertEqual(unit_[key], doctor[key], f"{name} {key}")
            self.assertEqual(unit_["InaccessiblePaths"], ["-/var/lib/imagevault -/etc/imagevault/keys"])

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
        names = [path.name for path in self.units.glob("*.service")]
        self.assertEqual(len(names), 4)
        for name in names:
            report = run(self.analyze, "security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}",
                         "--no-pager", self.units / name)
            level = float(report.rpartition("exposure level for")[2].split(":")[1].split()[0])
            self.assertLessEqual(level, EXPOSURE, name)


if __name__ == "__main__":
    main("installed and packaged")
