"""The files of Tools/container, read and held against programs, settings and unit. Nothing is built: no engine is
needed, and none is asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

import yaml

from deployed import BARE, PROGRAMS, ROOT, main, run, unit

FOLDER = ROOT / "Tools/container"
DOORS = ("images", "admin", "audit")
#: Keys of a service that compose.yaml may use, by the Compose Specification. A mistyped one would be ignored.
KNOWN = {
    "image", "build", "user", "group_add", "network_mode", "read_only", "cap_drop", "security_opt", "tmpfs",
    "pids_limit", "mem_limit", "memswap_limit", "ulimits", "init", "volumes", "stop_grace_period", "restart",
    "healthcheck", "profiles", "command", "environment", "ports", "depends_on",
}


def programs() -> Path:
    return Path(os.environ["IMAGEVAULT_BIN"]).resolve()


def instructions(name: str) -> list[tuple[str, str]]:
    """Each instruction of a Containerfile with its words, on one line."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (FOLDER / name).read_text()).replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            found.append((word, " ".join(rest.split())))
    return found


def stages(name: str) -> list[list[tuple[str, str]]]:
    parts: list[list[tuple[str, str]]] = []
    for word, rest in instructions(name):
        if word == "FROM":
            parts.append([])
        parts[-1].append((word, rest))
    return parts


def said(stage: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in stage if name == word]


def settings() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "vaultd.yaml").read_text())
    return loaded


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return loaded


def mounts(service: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By volume: where it is, and how."""
    parts = [volume.split(":") for volume in service["volumes"]]
    return {part[0]: (part[1], part[2] if len(part) > 2 else "rw") for part in parts}


class Images(unittest.TestCase):
    def test_what_is_copied_is_there_and_goes_into_the_build(self) -> None:
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        kept = [line[1:] for line in ignored if line.startswith("!")]
        self.assertIn("*", ignored)
        copied = 0
        for file in ("Containerfile", "Containerfile.backend"):
            for words in [rest.split() for word, rest in instructions(file) if word == "COPY"]:
                if words[0].startswith("--from="):
                    continue
                for source in words[:-1]:
                    self.assertTrue((ROOT / source).exists(), f"{file} copies {source}")
                    self.assertIn(source.split("/")[0], kept)
                    copied += 1
        self.assertGreaterEqual(copied, 8)

    def test_every_folder_that_the_package_names_is_copied(self) -> None:
        build = stages("Containerfile")[0]
        copied = {word for rest in said(build, "COPY") for word in rest.split()[:-1]}
        for path in re.findall(r'path: "([^"]+)"', (ROOT / "Package.swift").read_text()):
            self.assertIn(path.split("/")[0], copied)
        self.assertLessEqual({"Sources", "Tests", "Tools", "Package.swift"}, copied)

    def test_what_is_run_has_no_compiler_and_is_nobodys_root(self) -> None:
        build, last = stages("Containerfile")
        self.assertIn("AS build", said(build, "FROM")[0])
        self.assertIn("swift", said(build, "FROM")[0])
        self.assertIn("debian:12-slim", said(last, "FROM")[0])
        for file in ("Containerfile", "Containerfile.backend"):
            user, group = said(stages(file)[-1], "USER")[0].split(":")
            self.assertGreater(int(user), 0)
            self.assertGreater(int(group), 0)
        froms = [rest for rest in said(last, "COPY") if rest.startswith("--from=")]
        self.assertEqual(froms, ["--from=build /stage/usr/ /usr/"])
        # What the install tool makes there, by its own words.
        self.assertIn("Tools/install --prefix /usr --destdir /stage", said(build, "RUN")[0])
        self.assertIn("--destdir", run(ROOT / "Tools/install", "--help", PATH=os.environ["PATH"]))

    def test_every_library_that_the_programs_load_is_installed(self) -> None:
        if shutil.which("dpkg") is None:
            self.skipTest("no dpkg")
        installed = said(stages("Containerfile")[1], "RUN")[0]
        loaded = run("ldd", *(programs() / name for name in PROGRAMS))
        names = {Path(path).name for path in re.findall(r"=> (/(?:usr/)?lib/\S+)", loaded)}
        owners = run("dpkg", "-S", *(f"*/{name}" for name in sorted(names))).splitlines()
        packages = {line.split(":")[0] for line in owners if Path(line).name in names}
        self.assertIn("libsodium23", packages)
        # What libmagic1 brings by itself, and what every image has.
        for package in packages - {"libc6", "libgcc-s1", "liblzma5", "libbz2-1.0", "libzstd1"}:
            self.assertRegex(installed, rf" {re.escape(package)}( |$)")

    def test_what_it_starts_exists(self) -> None:
        last = stages("Containerfile")[1]
        start = json.loads(said(last, "ENTRYPOINT")[0]) + json.loads(said(last, "CMD")[0])
        self.assertEqual(start[0], "/usr/bin/vaultd")
        self.expect_options("vaultd", start[1:])
        check = json.loads(said(last, "HEALTHCHECK")[0].partition(" CMD ")[2])
        self.assertEqual(check[0], "/usr/bin/vaultctl")
        self.expect_options("vaultctl", check[1:])
        self.assertIn(f"{settings()['run_directory']}/admin.sock", check)
        config = start[start.index("--config") + 1]
        self.assertIn(f"Tools/container/vaultd.yaml {config}", said(last, "COPY"))

    def expect_options(self, program: str, words: list[str]) -> None:
        told = run(programs() / program, words[0], "--help")
        for word in words[1:]:
            if word.startswith("--"):
                self.assertIn(word, told)

    def test_the_folders_are_those_of_the_settings_and_are_the_daemons(self) -> None:
        last = stages("Containerfile")[1]
        made = " ".join(said(last, "RUN"))
        user = said(last, "USER")[0]
        volumes = json.loads(said(last, "VOLUME")[0])
        own = settings()
        for path in (Path(own["state_directory"]).parent, Path(own["run_directory"]),
                     Path(own["keys"]["root_key_file"]).parent, Path(own["keys"]["log_key_file"]).parent):
            self.assertIn(str(path), volumes)
            self.assertIn(str(path), made)
        self.assertEqual(set(re.findall(r"-o (\d+) -g (\d+)", made)), {tuple(user.split(":"))})

    def test_the_example_backend_starts_what_it_copies(self) -> None:
        (backend,) = stages("Containerfile.backend")
        copied = " ".join(said(backend, "COPY"))
        start = json.loads(said(backend, "CMD")[0])
        self.assertEqual(start[0], "uvicorn")
        module, _, name = start[1].partition(":")
        self.assertIn(f"/{module}.py", copied)
        self.assertRegex((ROOT / f"Tools/python/examples/{module}.py").read_text(), rf"(?m)^{name} = ")
        self.assertRegex((ROOT / "Tools/python/pyproject.toml").read_text(), r"(?m)^fastapi = .*uvicorn")


class Settings(unittest.TestCase):
    def test_a_real_vault_takes_them(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="container"))
        self.addCleanup(shutil.rmtree, folder)
        text = (FOLDER / "vaultd.yaml").read_text()
        for theirs, ours in (("/var/lib/imagevault", "lib"), ("/run/imagevault", "run"), ("/keys", "keys")):
            (folder / ours).mkdir(mode=0o700)
            text = text.replace(f" {theirs}", f" {folder}/{ours}")
        if os.geteuid() != 0:
            text = re.sub(r"1001\d", str(os.getgid()), text)
        (folder / "vaultd.yaml").write_text(text)
        config = ["--config", str(folder / "vaultd.yaml")]
        run(programs() / "vaultd", "init", *config)
        self.assertTrue((folder / "keys/root.key").exists() and (folder / "lib/audit.pub").exists())
        with (folder / "journal").open("w") as journal:
            daemon = subprocess.Popen([programs() / "vaultd", "serve", *config], env=BARE, stderr=journal)
        try:
            while '"serving"' not in (folder / "journal").read_text():
                self.assertIsNone(daemon.poll(), (folder / "journal").read_text())
                signal.sigtimedwait([], 0.05)
            for door in DOORS:
                facts = (folder / f"run/{door}.sock").stat()
                self.assertEqual(facts.st_mode & 0o777, 0o660)
                if os.geteuid() == 0:
                    self.assertEqual(facts.st_gid, settings()["doors"][door]["group"])
        finally:
            daemon.terminate()
            self.assertEqual(daemon.wait(120), 0)


class Compose(unittest.TestCase):
    def setUp(self) -> None:
        self.whole = compose()
        self.services: dict[str, dict[str, Any]] = self.whole["services"]

    def test_has_words_that_the_specification_knows(self) -> None:
        self.assertLessEqual({key for key in self.whole if not key.startswith("x-")}, {"name", "services", "volumes"})
        for name, service in self.services.items():
            self.assertLessEqual(set(service), KNOWN, name)

    def test_no_service_can_do_more_than_it_must(self) -> None:
        for name, service in self.services.items():
            user, group = service["user"].split(":")
            self.assertGreater(min(int(user), int(group)), 0, name)
            self.assertIs(service["read_only"], True, name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)
            self.assertEqual(service["mem_limit"], service["memswap_limit"], name)
            self.assertEqual(service["ulimits"]["core"], 0, name)
            self.assertGreater(service["pids_limit"], 0, name)
            (scratch,) = service["tmpfs"]
            self.assertLessEqual({"noexec", "nosuid", "nodev"}, set(scratch.partition(":")[2].split(",")), name)
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), port)
            self.assertNotEqual(service.get("restart"), "always", name)

    def test_the_vault_has_no_network(self) -> None:
        for name in ("vault", "init"):
            self.assertEqual(self.services[name]["network_mode"], "none")
            self.assertNotIn("ports", self.services[name])

    def test_users_and_groups_are_those_of_image_and_settings(self) -> None:
        doors = {door: str(settings()["doors"][door]["group"]) for door in DOORS}
        for door in DOORS:
            self.assertEqual(settings()["doors"][door]["groups"], [int(doors[door])])
        vault, backend = self.services["vault"], self.services["backend"]
        self.assertEqual(vault["user"], said(stages("Containerfile")[1], "USER")[0])
        self.assertEqual(backend["user"], said(stages("Containerfile.backend")[0], "USER")[0])
        self.assertNotEqual(vault["user"], backend["user"])
        self.assertEqual(sorted(vault["group_add"]), sorted(doors.values()))
        self.assertEqual(backend["group_add"], [doors["images"]])

    def test_only_sockets_are_shared(self) -> None:
        vault, init, backend = (mounts(self.services[name]) for name in ("vault", "init", "backend"))
        own = settings()
        self.assertEqual(set(vault) & set(backend), {"sockets"})
        self.assertEqual(vault["sockets"], (own["run_directory"], "rw"))
        self.assertEqual(backend["sockets"], (self.services["backend"]["environment"]["IMAGEVAULT_DIR"], "ro"))
        self.assertEqual(backend["sockets"][0], own["run_directory"])
        keys = str(Path(own["keys"]["root_key_file"]).parent)
        self.assertEqual((vault["keys"], init["keys"]), ((keys, "ro"), (keys, "rw")))
        self.assertEqual(vault["state"], init["state"])
        self.assertEqual(vault["state"][0], str(Path(own["state_directory"]).parent))
        self.assertEqual(set(vault) | set(init) | set(backend), set(self.whole["volumes"]))

    def test_its_limits_are_those_of_the_unit(self) -> None:
        service = unit(ROOT / "Tools/systemd/imagevault.service")
        vault = self.services["vault"]
        self.assertEqual(str(vault["ulimits"]["nofile"]), service["LimitNOFILE"][0])
        self.assertEqual(f"{vault['ulimits']['memlock'] >> 20}M", service["LimitMEMLOCK"][0])
        self.assertEqual(str(vault["pids_limit"]), service["TasksMax"][0])
        self.assertEqual(vault["stop_grace_period"], f"{service['TimeoutStopSec'][0]}s")
        self.assertRegex(vault["restart"], r"^on-failure:\d+$")

    def test_it_builds_and_checks_what_the_containerfiles_say(self) -> None:
        for service in self.services.values():
            context = (FOLDER / service["build"]["context"]).resolve()
            self.assertEqual(context, ROOT)
            self.assertTrue((context / service["build"]["dockerfile"]).exists())
        check = json.loads(said(stages("Containerfile")[1], "HEALTHCHECK")[0].partition(" CMD ")[2])
        self.assertEqual(self.services["vault"]["healthcheck"]["test"], ["CMD", *check])
        self.assertEqual(self.services["backend"]["depends_on"], {"vault": {"condition": "service_healthy"}})
        self.assertEqual(self.services["init"]["command"][0], "init")


class Said(unittest.TestCase):
    def test_that_nothing_was_built_is_said(self) -> None:
        self.assertIn("No test builds or runs them", (FOLDER / "README.md").read_text())


if __name__ == "__main__":
    main("containers")
