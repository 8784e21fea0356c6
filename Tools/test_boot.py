"""The Debian package on a machine that boots: real systemd, real users, and what the units promise of them.

    IMAGEVAULT_BIN=.build/debug python3 Tools/test_boot.py
    BOOT_ROOT=/srv/bookworm IMAGEVAULT_BIN=.build/release python3 Tools/test_boot.py

The machine is a container with a service manager of its own, over the files of this one, of which nothing is changed;
or over those of another Debian, which $BOOT_ROOT names. It needs root, and systemd-nspawn.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable

from deployed import BARE, main, needs, png, run, tool

SERVICE = "imagevault.service"
SOCKETS = ("images", "admin", "audit", "metrics")
#: Seconds until something has to have happened on a machine that is busy.
PATIENCE = 120
#: What nspawn keeps from a container unless asked, and vaultd, its workers and its doctor call on any machine.
CALLS = "@memlock landlock_create_ruleset landlock_add_rule landlock_restrict_self adjtimex clock_adjtime"
#: A login's.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """A container that has booted; words are run in it as root, or as one of its users."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.undo = scratch, []
        self.files = scratch / "root"
        self.log = (scratch / "boot.log").open("w+")

    def start(self, root: Path, shows: Path) -> None:
        """Over the files of `root`; those of `shows` can be read in /mnt."""
        layers = self.scratch / "layers"
        for path in (self.files, layers):
            path.mkdir()
        self.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", layers)
        for name in ("upper", "work"):
            (layers / name).mkdir(mode=0o755)
        self.mount("-t", "overlay", "-o", f"lowerdir={root},upperdir={layers}/upper,workdir={layers}/work", "overlay",
                   self.files)
        # Only what this test is about starts, and nothing that the machine has besides.
        units = self.files / "etc/systemd/system"
        (units / "boot-test.target").write_text(
            "[Unit]\nRequires=basic.target\nWants=dbus.service\nAfter=basic.target\nAllowIsolate=yes\n")
        for path in [*units.glob("*.wants"), *units.glob("*.requires")]:
            shutil.rmtree(path)
        if not os.path.ismount("/run"):
            # nspawn clears a directory there, and refuses to on what is no memory.
            Path("/run/systemd/nspawn").mkdir(parents=True, exist_ok=True)
            self.mount("-t", "tmpfs", "tmpfs", "/run/systemd/nspawn")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", self.files, "--boot", "--register=no", "--keep-unit",
             "--private-network", "--console=pipe", "--link-journal=no", f"--system-call-filter={CALLS}",
             f"--bind-ro={shows}:/mnt", "systemd.unit=boot-test.target"],
            env=BARE, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.undo.append(self.halt)

    def mount(self, *words: object) -> None:
        run("mount", *words)
        self.undo.append(lambda: run("umount", "--lazy", words[-1]))

    def children(self) -> list[str]:
        """Of nspawn: the container's first process, when it is there."""
        listed = Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children")
        return listed.read_text().split() if self.container.poll() is None else []

    def booted(self) -> bool:
        """Whether it came up."""
        ended = time.monotonic() + PATIENCE
        while time.monotonic() < ended and self.container.poll() is None:
            for self.first in self.children():
                if self.run("systemctl", "is-active", "boot-test.target", ok=False).strip() == "active":
                    return True
            time.sleep(0.2)
        return False

    def within(self, *words: object, user: str | None = None, **variables: str) -> list[str]:
        user_ = ["runuser", "-u", user, "--"] if user else []
        given = ["env", f"PATH={PATH}", *(f"{key}={value}" for key, value in variables.items())]
        enter = ["nsenter", "-t", self.first, "-m", "-u", "-i", "-n", "-p", "--"]
        return [*enter, *given, *user_, *(str(word) for word in words)]

    def run(self, *words: object, ok: bool = True, user: str | None = None, **variables: str) -> str:
        return run(*self.within(*words, user=user, **variables), ok=ok)

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """What the service manager says of a unit."""
        said = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in said.splitlines())

    def main(self) -> int:
        return int(self.show(SERVICE, "MainPID")["MainPID"])

    def halt(self) -> None:
        # With its first process the whole container ends. nspawn alone would leave it behind.
        for process in self.children():
            os.kill(int(process), signal.SIGKILL)
        self.container.kill()
        self.container.wait()

    def close(self) -> None:
        while self.undo:
            self.undo.pop()()
        self.log.close()


class Booted(unittest.TestCase):
    """Each test leaves the machine as the next one needs it; the last, by its name, takes the vault's package away."""

    @classmethod
    def setUpClass(cls) -> None:
        if os.geteuid() != 0:
            raise unittest.SkipTest("booting a machine takes root")
        needs(cls("test_runs_with_nothing_it_does_not_need"), "systemd-nspawn", "systemd-container")
        cls.scratch = Path(tempfile.mkdtemp(prefix="boot", dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.shown = cls.scratch / "shown"
        cls.shown.mkdir()
        cls.scratch.chmod(0o755)
        tool("package", "deb", "--plain", "--out", cls.shown)
        for name, size in (("one", (16, 16)), ("other", (24, 8))):
            (cls.shown / f"{name}.png").write_bytes(png(*size))
        cls.images = [f"/mnt/{name}.png" for name in ("one", "other")]
        cls.machine = Machine(cls.scratch)
        cls.addClassCleanup(cls.machine.close)
        atexit.register(cls.machine.close)
        # No fault of what is tested: not every kernel lets a container have files and a service manager of its own.
        try:
            cls.machine.start(Path(os.environ.get("BOOT_ROOT", "/")), cls.shown)
        except AssertionError as error:
            raise unittest.SkipTest(f"no machine boots here: {str(error)[-300:]!r}") from error
        if not cls.machine.booted():
            cls.machine.log.seek(0)
            raise unittest.SkipTest(f"no machine boots here: {cls.machine.log.read()[-300:]!r}")
        cls.deploy()

    @classmethod
    def deploy(cls) -> None:
        """The words of README.md, Deploying it."""
        machine = cls.machine
        cls.installed = machine.run("dpkg", "--install", *(f"/mnt/{path.name}" for path in cls.shown.glob("*.deb")))
        machine.run("vaultd", "init", "--config", "/etc/imagevault/vaultd.yaml", user="imagevault",
                    CREDENTIALS_DIRECTORY="/etc/imagevault/keys")
        machine.run("chown", "-R", "root:root", "/etc/imagevault/keys")
        for name in ("alice", "web", "nobody-here"):
            machine.run("useradd", "--system", "--no-create-home", name)
        machine.run("usermod", "-aG", "vault-images", "web")
        machine.run("usermod", "-aG", "vault-admins", "alice")
        machine.run("systemctl", "enable", "--now", SERVICE, "imagevault-doctor.timer")

    # MARK: What is asked again and again

    def ctl(self, *words: object, user: str = "alice", ok: bool = True) -> str:
        return self.machine.run("vaultctl", *words, user=user, ok=ok)

    def put(self, image: str) -> str:
        return self.ctl("put", image, user="web").split()[0]

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        ended = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > ended:
                self.fail(f"not within {PATIENCE} s: {what}\n{self.journal()[-3000:]}")
            time.sleep(0.2)

    def is_ready(self) -> bool:
        return subprocess.run(self.machine.within("vaultctl", "ready", "--door", "admin", user="alice"), env=BARE,
                              capture_output=True).returncode == 0

    def journal(self) -> str:
        return self.machine.run("journalctl", "--unit", SERVICE, "--output=cat", "--no-pager")

    def drop_in(self, text: str) -> None:
        """Settings of the unit for this test alone."""
        folder = self.machine.files / f"etc/systemd/system/{SERVICE}.d"
        folder.mkdir()
        (folder / "test.conf").write_text(text)
        self.machine.run("systemctl", "daemon-reload")

        def undo() -> None:
            shutil.rmtree(folder)
            self.machine.run("systemctl", "daemon-reload")

        self.addCleanup(undo)

    def inodes(self) -> list[str]:
        return [self.machine.run("stat", "--format=%i %U:%G %a", f"/run/imagevault/{name}.sock").strip()
                for name in SOCKETS]

    # MARK: Tests

    def test_a_package_starts_nothing_and_says_what_comes_next(self) -> None:
        self.assertIn("nothing was started", self.installed)

    def test_answers_who_may_and_nobody_else(self) -> None:
        self.assertTrue(self.is_ready())
        image = self.put(self.images[0])
        with open(self.shown / Path(self.images[0]).name, "rb") as file:
            whole = file.read()
        got = subprocess.run(self.machine.within("vaultctl", "get", image, "--output", "-", user="web"), env=BARE,
                             capture_output=True)
        self.assertEqual((got.returncode, got.stdout), (0, whole), got.stderr)
        self.assertEqual([line.split(" ", 1)[1] for line in self.inodes()],
                         ["root:vault-images 660", "root:vault-admins 660", "root:vault-auditors 660",
                          "root:vault-admins 660"])
        for user in ("nobody-here", "alice"):
            self.assertIn("You may not open", self.ctl("put", self.images[1], user=user, ok=False))
        self.assertFalse(json.loads(self.ctl("status", "--json"))["sealed"])

    def test_runs_with_nothing_it_does_not_need(self) -> None:
        """What the kernel says of the daemon, and not what the unit asks for."""
        self.ctl("status")
        process = self.machine.main()
        status = dict(line.split(":\t", 1) for line in self.machine.run("cat", f"/proc/{process}/status").splitlines())
        for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[kind], 16), 0, kind)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        limits = self.machine.run("cat", f"/proc/{process}/limits")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        owner = self.machine.run("id", "-u", "imagevault").strip()
        self.assertEqual(status["Uid"].split(), [owner] * 4)
        self.assertEqual(status["Groups"].split(), [self.machine.run("id", "-g", "imagevault").strip()])
        enter = ["nsenter", "-t", str(process), "-m", "-n", "--"]
        devices = self.machine.run(*enter, "cat", "/proc/self/net/dev").splitlines()[2:]
        self.assertEqual([line.split(":")[0].strip() for line in devices], ["lo"])
        for place in ("/etc/imagevault/x", "/usr/x", "/opt/x"):
            self.assertIn("Read-only file system", self.machine.run(*enter, "touch", place, ok=False))
        said = self.machine.run(*enter, "runuser", "-u", "imagevault", "--", "touch", "/run/imagevault/x", ok=False)
        self.assertRegex(said, "Read-only file system|Permission denied")
        environment = self.machine.run("cat", f"/proc/{process}/environ") + self.machine.run(
            "cat", f"/proc/{process}/cmdline")
        for secret in self.secrets():
            self.assertNotIn(secret, environment)

    def secrets(self) -> list[str]:
        keys = self.machine.files / "etc/imagevault/keys"
        found = [line for name in ("root.key", "log.key") for line in (keys / name).read_text().split()
                 if len(line) >= 32]
        self.assertGreaterEqual(len(found), 2)
        return found

    def test_a_restart_keeps_the_sockets_and_who_waits_is_answered(self) -> None:
        before, process = self.inodes(), self.machine.main()
        restart = subprocess.Popen(self.machine.within("systemctl", "restart", SERVICE), env=BARE)
        answered = 0
        while restart.poll() is None or answered == 0:
            self.ctl("status", "--json")
            answered += 1
        self.assertEqual(restart.returncode, 0)
        self.assertNotEqual(self.machine.main(), process)
        # Newer ones may make them anew, as the unit says.
        if int(self.machine.run("systemctl", "--version").split()[1]) <= 252:
            self.assertEqual(self.inodes(), before)

    def test_a_daemon_that_is_killed_comes_again_with_all_that_it_had(self) -> None:
        image, process = self.put(self.images[1]), self.machine.main()
        self.machine.run("kill", "-KILL", process)
        self.until("another daemon", lambda: self.machine.main() not in (0, process) and self.is_ready())
        self.assertIn("png", self.ctl("stat", image, user="web"))

    def test_a_daemon_that_hangs_is_ended_and_leaves_no_core(self) -> None:
        self.drop_in("[Service]\nWatchdogSec=10\n")
        self.machine.run("systemctl", "restart", SERVICE)
        self.addCleanup(self.machine.run, "systemctl", "restart", SERVICE)
        process = self.machine.main()
        # As long as it lives, it says so.
        time.sleep(12)
        self.assertEqual(self.machine.main(), process)
        self.machine.run("kill", "-STOP", process)
        self.until("another daemon", lambda: self.machine.main() not in (0, process) and self.is_ready())
        self.assertIn("atchdog", self.machine.run("journalctl", "--unit", SERVICE, "--no-pager"))
        self.assertNotIn("dumped core", self.machine.run("journalctl", "--unit", SERVICE, "--no-pager"))

    def test_settings_that_are_wrong_end_it_once_and_the_journal_says_why(self) -> None:
        settings = self.machine.files / "etc/imagevault/vaultd.yaml"
        text = settings.read_text()
        self.addCleanup(self.machine.run, "systemctl", "start", SERVICE)
        self.addCleanup(settings.write_text, text)
        self.machine.run("systemctl", "stop", SERVICE)
        settings.write_text(text + "\nno_such_setting: 1\n")
        self.machine.run("systemctl", "start", SERVICE, ok=False)
        said = self.machine.show(SERVICE, "ActiveState", "Result", "ExecMainStatus", "NRestarts")
        self.assertEqual((said["ActiveState"], said["Result"], said["NRestarts"]), ("failed", "exit-code", "0"))
        self.assertIn(said["ExecMainStatus"], ("64", "78"))
        self.assertIn("no_such_setting", self.journal())

    def test_a_key_that_is_missing_leaves_it_sealed(self) -> None:
        key = self.machine.files / "etc/imagevault/keys/root.key"
        away = key.with_name("away")
        key.rename(away)

        def undo() -> None:
            away.rename(key)
            self.machine.run("systemctl", "restart", SERVICE)

        self.addCleanup(undo)
        self.machine.run("systemctl", "restart", SERVICE)
        self.assertTrue(json.loads(self.ctl("status", "--json"))["sealed"])
        self.assertIn("sealed", self.ctl("put", self.images[0], user="web", ok=False))
        self.assertIn("root.key", self.journal())

    def test_a_stop_takes_the_sockets_away_and_nobody_starts_it_by_calling(self) -> None:
        self.addCleanup(self.machine.run, "systemctl", "start", SERVICE)
        self.machine.run("systemctl", "stop", SERVICE)
        self.until("the sockets are gone", lambda: not self.machine.run("ls", "/run/imagevault"))
        self.ctl("status", ok=False)
        self.assertEqual(self.machine.show(SERVICE, "ActiveState")["ActiveState"], "inactive")

    def test_the_doctor_comes_by_its_timer(self) -> None:
        self.assertEqual(self.machine.show("imagevault-doctor.timer", "ActiveState")["ActiveState"], "active")
        self.machine.run("systemctl", "start", "imagevault-doctor.service", ok=False)
        said = self.machine.show("imagevault-doctor.service", "ExecMainStatus", "Result")
        # A container is no careful host: findings are what it is for.
        self.assertIn(said["ExecMainStatus"], ("0", "1"), said)
        self.assertIn("slots-proved", self.machine.run(
            "journalctl", "--unit", "imagevault-doctor.service", "--output=cat", "--no-pager"))

    def test_a_backup_is_made_by_a_timer_that_somebody_switched_on(self) -> None:
        """The words of Backups.md."""
        machine = self.machine
        enabled = machine.run("systemctl", "is-enabled", "imagevault-backup.timer", ok=False)
        self.assertEqual(enabled.strip(), "disabled")
        machine.run("systemctl", "start", "imagevault-backup.service", ok=False)
        self.assertIn("BACKUPS= is not set", self.told("imagevault-backup.service"))
        self.put(self.images[0])
        place = "/srv/each-day"
        machine.run("install", "-d", "-o", "imagevault-backup", "-g", "imagevault-backup", "-m", "700", place)
        settings = machine.files / "etc/systemd/system/imagevault-backup.service.d"
        settings.mkdir()
        (settings / "place.conf").write_text(f"[Service]\nEnvironment=BACKUPS={place}\nReadWritePaths={place}\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "enable", "--now", "imagevault-backup.timer")
        self.assertEqual(machine.show("imagevault-backup.timer", "ActiveState")["ActiveState"], "active")
        for _ in range(2):
            machine.run("systemctl", "start", "imagevault-backup.service")
        # Of one day the last stays.
        self.assertEqual(len(machine.run("ls", f"{place}/snapshots").split()), 1)
        self.assertEqual(machine.run("stat", "-c", "%U", f"{place}/snapshots").strip(), "imagevault-backup")
        self.assertIsNotNone(json.loads(self.ctl("status", "--json"))["care"]["backup"])
        self.assertNotIn("prohibited", self.told("imagevault-backup.service"))

    def told(self, unit: str) -> str:
        return self.machine.run("journalctl", "--unit", unit, "--output=cat", "--no-pager")

    def test_a_drill_restores_what_was_backed_up(self) -> None:
        """The words of Backups.md."""
        machine = self.machine
        self.put(self.images[0])
        for place in ("/srv/backup", "/srv/safe"):
            machine.run("install", "-d", "-o", "alice", "-g", "alice", "-m", "700", place)
        self.ctl("backup", "/srv/backup")
        machine.run("install", "-d", "-o", "alice", "-m", "700", "/srv/new")
        machine.run("vaultd", "new-key-file", "/srv/new/drill.key", user="alice")
        self.ctl("slots", "add", "--label", "drill", "--secret-file", "/srv/new/drill.key")
        self.ctl("escrows", "export", "/srv/safe")
        machine.run("mv", "/srv/new/drill.key", "/etc/imagevault/keys/")
        machine.run("chown", "root:root", "/etc/imagevault/keys/drill.key")
        machine.run("cp", "/var/lib/imagevault/vault/audit.pub", "/srv/safe/")
        (machine.files / "etc/imagevault/drill.conf").write_text(
            "BACKUPS=/srv/backup\nKEYS=/srv/safe\nPUBLIC_KEY=/srv/safe/audit.pub\n")
        machine.run("systemctl", "start", "imagevault-drill.service")
        self.assertRegex(self.told("imagevault-drill.service"), r"opened +\d+, ")
        self.assertIsNotNone(json.loads(self.ctl("status", "--json"))["care"]["drill"])

    def test_the_journal_has_no_secret(self) -> None:
        said = self.machine.run("journalctl", "--no-pager", "--output=export", "--all")
        self.assertIn("vaultd", said)
        # Nor what nobody asked for.
        plain = self.machine.run("journalctl", "--no-pager", "--unit=imagevault*").splitlines()
        self.assertEqual([line for line in plain if "thread priority" in line], [])
        for secret in self.secrets():
            self.assertNotIn(secret, said)

    def test_zz_removing_the_package_keeps_the_vault(self) -> None:
        """The last one: afterwards nothing is there to try."""
        self.machine.run("dpkg", "--purge", "imagevault")
        self.assertEqual(self.machine.run("systemctl", "is-active", SERVICE, ok=False).strip(), "inactive")
        for place in ("/var/lib/imagevault", "/etc/imagevault/keys/root.key"):
            self.machine.run("test", "-e", place)
        self.machine.run("test", "!", "-e", "/usr/bin/vaultd")


if __name__ == "__main__":
    # Whoever ends this early leaves no machine behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main("boot")
