"""Tools/sbom: it names everything, reads what is there, and says what it does not know."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from deployed import PROGRAMS, ROOT, main, run
from licences import LIBRARIES
from sbom import CARRIED, OWN_TARGETS, SYSTEM, licence_of, upstream, wanted

#: The beginnings of texts, and what they are.
TEXTS = {
    "Apache-2.0": "Apache License\n   Version 2.0, January 2004",
    "Apache-2.0 WITH Swift-exception": "Apache License\nVersion 2.0\n\n## Runtime Library Exception to the Apache 2.0",
    "MIT": "Permission is hereby granted, free of charge, to any person, to deal in it\nwithout  restriction",
    "BSD-3-Clause": "Redistribution and use in source and binary forms, with or without. Neither the name of X",
    "BSD-2-Clause": "Redistribution and use in source\nand binary forms, with or without modification",
}
#: What CycloneDX 1.5 knows at a component.
KEYS = {"type", "bom-ref", "name", "version", "licenses", "purl", "externalReferences", "properties"}


def bill(*words: object, package: Path = ROOT, path: str = "/usr/bin:/bin") -> dict[str, Any]:
    said: dict[str, Any] = json.loads(
        run(ROOT / "Tools/sbom", "--package", package, *words, PATH=path, SOURCE_DATE_EPOCH="1700000000")
    )
    return said


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sbom"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(ROOT / "Package.swift", self.folder)

    def resolve(self, **licences: str) -> None:
        """Pins and checkouts as a resolved package has them."""
        pins = []
        for name, (url, version) in wanted(ROOT).items():
            pins.append({"identity": name, "kind": "remoteSourceControl", "location": url,
                         "state": {"revision": "0" * 40, "version": version}})
            checkout = self.folder / ".build/checkouts" / url.rpartition("/")[2]
            checkout.mkdir(parents=True)
            (checkout / "Package.swift").write_text(
                '.package(url: "https://github.com/apple/swift-log.git", from: "1.0.0")'
            )
            (checkout / "LICENSE.txt").write_text(licences.get(name.replace("-", "_"), TEXTS["Apache-2.0"]))
        (self.folder / "Package.resolved").write_text(json.dumps({"version": 3, "pins": pins}))


class Named(unittest.TestCase):
    def test_every_dependency_of_the_package_is_there(self) -> None:
        names = {row["name"] for row in bill()["components"]}
        urls = re.findall(r'url: "([^"]+)"', (ROOT / "Package.swift").read_text())
        self.assertGreater(len(urls), 10)
        for url in urls:
            self.assertIn(url.rpartition("/")[2].lower(), names)

    def test_every_target_in_c_is_accounted_for(self) -> None:
        targets = {path.name for path in (ROOT / "Sources").glob("C*") if path.is_dir()}
        named = {target for library in SYSTEM for target in library.used_by if target.startswith("C")}
        self.assertEqual(targets, named | OWN_TARGETS)

    def test_every_library_that_package_or_header_links_is_there(self) -> None:
        text = (ROOT / "Package.swift").read_text()
        modules = {library.module for library in SYSTEM}
        for module in re.findall(r'pkgConfig: "([^"]+)"', text):
            self.assertIn(module, modules)
        for linked in re.findall(r'linkedLibrary\("([^"]+)"', text):
            self.assertIn(f"lib{linked}", modules)

    def test_every_library_of_the_packages_to_install_is_there(self) -> None:
        text = (ROOT / "Tools/common.sh").read_text()
        packages = re.search(r'^PACKAGES="([^"]+)"', text, re.M)
        assert packages is not None
        stems = " ".join(library.package for library in SYSTEM)
        for package in packages[1].split():
            if package.startswith("lib") or package == "zlib1g-dev":
                self.assertIn(re.sub(r"-dev$", "", package), stems.replace("libsqlite3-0", "libsqlite3"))

    def test_versions_are_those_of_this_machine(self) -> None:
        listed = bill(path=os.environ["PATH"])["components"]
        rows = {row["name"]: row for row in listed}
        if shutil.which("swift") is not None:
            self.assertRegex(rows["swift"]["version"], r"^\d+\.\d+")
        for library in SYSTEM:
            if shutil.which("pkg-config") is None:
                self.skipTest("no pkg-config")
            packaged = run("dpkg-query", "-W", "-f", "${Version}", library.package)
            version = upstream(packaged)
            if library.module:
                version = run("pkg-config", "--modversion", library.module).strip()
            row = next(row for row in listed if row["bom-ref"].startswith(f"pkg:deb/debian/{library.package}@"))
            self.assertEqual(row["version"], version)
            notes = {one["name"]: one["value"] for one in row["properties"]}
            self.assertEqual(notes["imagevault:debian"], f"{library.package} {packaged}")
        self.assertEqual(upstream("1:5.44-3"), "5.44")
        self.assertEqual(upstream("2.36-9+deb12u14"), "2.36")
        self.assertEqual(upstream("1.0-2-3"), "1.0-2")

    def test_every_library_that_the_programs_load_is_there(self) -> None:
        if "IMAGEVAULT_BIN" not in os.environ:
            self.skipTest("IMAGEVAULT_BIN names no programs")
        packages = {library.package for library in SYSTEM}
        loaded = set()
        for program in PROGRAMS:
            said = run("ldd", Path(os.environ["IMAGEVAULT_BIN"]) / program)
            self.assertNotIn("not found", said)
            loaded |= set(re.findall(r"^\t(?:\S+ => )?(/\S+) ", said, re.M))
        self.assertGreater(len(loaded), 15)
        found = set()
        for path in loaded:
            # Where dpkg knows it, before /lib became a link to /usr/lib or afterwards.
            said = run("dpkg-query", "-S", path, f"/usr{path}", ok=False)
            owner = re.search(r"^([a-z0-9.+-]+)(?::\w+)?: /", said, re.M)
            if owner is None:
                self.assertTrue(any(kind.fullmatch(Path(path).name) for kind, _, _ in LIBRARIES), path)
            else:
                self.assertIn(owner[1], packages, path)
                found.add(owner[1])
        self.assertLessEqual({"libc6", "libstdc++6", "libgcc-s1", "libsodium23"}, found)

    def test_everything_has_a_licence(self) -> None:
        if not (ROOT / ".build/checkouts").is_dir():
            self.skipTest("swift package resolve was not run")
        for row in bill(path=os.environ["PATH"])["components"]:
            said = row["licenses"][0]
            self.assertTrue(said.get("expression") or set(said["license"]) <= {"id", "name"} and said["license"], row)

    def test_libraries_below_others_are_with_what_loads_them(self) -> None:
        said = bill()
        on = {row["ref"].partition("@")[0]: row["dependsOn"] for row in said["dependencies"]}
        below = " ".join(on["pkg:deb/debian/libmagic1"])
        for package in ("liblzma5", "libbz2-1.0"):
            self.assertIn(f"pkg:deb/debian/{package}@", below)
        own = " ".join(on["pkg:generic/imagevault"])
        self.assertIn("pkg:deb/debian/libc6@", own)
        self.assertNotIn("liblzma5", own)


class Form(Scratch):
    def test_is_cyclonedx_and_refers_to_what_is_there(self) -> None:
        self.resolve()
        said = bill(package=self.folder)
        self.assertEqual((said["bomFormat"], said["specVersion"], said["version"]), ("CycloneDX", "1.5", 1))
        self.assertRegex(said["serialNumber"], r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(said["metadata"]["timestamp"], "2023-11-14T22:13:20Z")
        own = said["metadata"]["component"]
        references = [row["bom-ref"] for row in said["components"]] + [own["bom-ref"]]
        self.assertEqual(len(references), len(set(references)))
        for row in said["components"]:
            self.assertLessEqual(set(row), KEYS)
            self.assertEqual(row["type"], "library")
        for row in said["dependencies"]:
            self.assertIn(row["ref"], references)
            self.assertLessEqual(set(row["dependsOn"]), set(references))
        on = {row["ref"]: row["dependsOn"] for row in said["dependencies"]}
        log = next(name for name in references if "swift-log@" in name)
        crypto = next(name for name in references if "swift-crypto@" in name)
        self.assertIn(log, on[crypto])
        self.assertIn(crypto, on[own["bom-ref"]])

    def test_the_same_sources_give_the_same_bytes(self) -> None:
        self.resolve()
        first = bill(package=self.folder)
        self.assertEqual(json.dumps(first), json.dumps(bill(package=self.folder)))
        (self.folder / ".build/checkouts/Yams/LICENSE.txt").write_text(TEXTS["BSD-2-Clause"])
        self.assertNotEqual(first["serialNumber"], bill(package=self.folder)["serialNumber"])


class Read(Scratch):
    def test_licences_are_told_apart(self) -> None:
        for name, text in TEXTS.items():
            self.assertEqual(licence_of(text), name)
        self.assertIsNone(licence_of("All rights reserved."))

    def test_licences_are_those_of_the_checkouts(self) -> None:
        self.resolve(yams=TEXTS["MIT"], hummingbird="All rights reserved.")
        rows = {row["name"]: row for row in bill(package=self.folder)["components"]}
        self.assertEqual(rows["yams"]["licenses"], [{"license": {"id": "MIT"}}])
        self.assertEqual(rows["swift-nio"]["licenses"], [{"license": {"id": "Apache-2.0"}}])
        self.assertNotIn("licenses", rows["hummingbird"])
        text = run(ROOT / "Tools/sbom", "--text", "--package", self.folder, PATH=os.environ["PATH"])
        self.assertRegex(text, r"(?m)^hummingbird +\S+ +UNKNOWN ")

    def test_code_that_a_package_carries_is_named_with_its_version(self) -> None:
        self.resolve()
        checkout = self.folder / ".build/checkouts/swift-nio"
        place = checkout / "Sources/CNIOLLHTTP/include"
        place.mkdir(parents=True)
        (place / "c_nio_llhttp.h").write_text(
            "#define LLHTTP_VERSION_MAJOR 9\n#define LLHTTP_VERSION_MINOR 3\n#define LLHTTP_VERSION_PATCH 1\n"
        )
        said = bill(package=self.folder)
        row = next(row for row in said["components"] if row["name"] == "llhttp")
        self.assertEqual(row["version"], "9.3.1")
        holder = next(row for row in said["dependencies"] if "swift-nio@" in row["ref"])
        self.assertIn(row["bom-ref"], holder["dependsOn"])

    def test_without_pins_it_says_so(self) -> None:
        said = bill(package=self.folder)
        row = next(row for row in said["components"] if row["name"] == "swift-nio")
        notes = {one["name"]: one["value"] for one in row["properties"]}
        self.assertIn("least version", notes["imagevault:resolved"])

    def test_without_the_tools_of_the_system_it_says_that_it_does_not_know(self) -> None:
        bare = self.folder / "bin"
        bare.mkdir()
        for name in ("bash", "sed", "dirname", "git"):
            found = shutil.which(name)
            assert found is not None
            (bare / name).symlink_to(found)
        (bare / "python3").symlink_to(sys.executable)
        self.resolve()
        rows = {row["name"]: row for row in bill(package=self.folder, path=str(bare))["components"]}
        self.assertNotIn("version", rows["zlib"])
        notes = {one["name"]: one["value"] for one in rows["zlib"]["properties"]}
        self.assertIn("unknown", notes["imagevault:version"])

    def test_what_is_carried_is_looked_for_where_it_is(self) -> None:
        checkouts = ROOT / ".build/checkouts"
        if not checkouts.is_dir():
            self.skipTest("swift package resolve was not run")
        names = {row["name"] for row in bill()["components"]}
        self.assertEqual({code.name for code in CARRIED} - names, set())


if __name__ == "__main__":
    main("bill of materials")
