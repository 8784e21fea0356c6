"""Tools/licences: it names everything that is carried, prints what has to be printed, and fails where it cannot."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from deployed import ROOT, main, run
from licences import WORDS, comments
from test_sbom import TEXTS, Scratch, bill

MIT = """Copyright (c) 2013-2015 Somebody Else

Permission is hereby granted, free of charge, to any person obtaining a copy of it
without restriction.
"""
#: What DEP 5 knows in a stanza of files, in a stanza of a licence, and in the first one.
KEYS = {"Format", "Upstream-Name", "Files", "Copyright", "License", "Comment"}


def stanzas(text: str) -> list[dict[str, str]]:
    """Each stanza with its fields, lines that go on included."""
    found = []
    for block in text.rstrip("\n").split("\n\n"):
        said: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            key, colon, value = line.partition(":")
            if line.startswith(" "):
                said[last] += "\n" + line[1:]
            else:
                assert colon and key in KEYS and key not in said, line
                last, said[key] = key, value.strip()
        found.append(said)
    return found


class Told(Scratch):
    def setUp(self) -> None:
        super().setUp()
        self.resolve(yams=MIT)
        self.checkouts = self.folder / ".build/checkouts"
        for checkout in self.checkouts.iterdir():
            (checkout / "NOTICE.txt").write_text("Copyright 2019, 2021 The Project\n\nIt has a part of another.\n")
        self.toolchain = self.folder / "usr"
        (self.toolchain / "share/swift").mkdir(parents=True)
        (self.toolchain / "share/swift/LICENSE.txt").write_text(TEXTS["Apache-2.0 WITH Swift-exception"])

    def library(self, name: str) -> Path:
        file = self.toolchain / "lib/swift/linux" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return file

    def told(self, *words: object) -> list[dict[str, str]]:
        return stanzas(run(ROOT / "Tools/licences", "--package", self.folder, *words))

    def refused(self, *words: object) -> str:
        said = run(ROOT / "Tools/licences", "--package", self.folder, *words, ok=False)
        self.assertTrue(said.startswith("licences: "), said)
        return said

    def source(self, package: str, place: str, text: str) -> None:
        file = self.checkouts / package / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_every_package_is_there_with_holders_licence_and_notice(self) -> None:
        by_files = {one["Files"]: one for one in self.told() if "Files" in one}
        for checkout in self.checkouts.iterdir():
            one = by_files[f".build/checkouts/{checkout.name}/*"]
            self.assertIn("2019-2021 The Project", one["Copyright"])
            self.assertIn("It has a part of another.", one["Comment"])
        yams = by_files[".build/checkouts/Yams/*"]
        self.assertIn("2013-2015 Somebody Else", yams["Copyright"])
        self.assertTrue(yams["License"].startswith("Expat\nCopyright (c) 2013"), yams["License"])

    def test_a_text_that_is_named_only_stands_at_the_end_once(self) -> None:
        said = self.told(self.library("libswiftCore.so"))
        named = {one["License"] for one in said if "Files" in one and "\n" not in one["License"]}
        self.assertEqual(named, {"Apache-2.0", "Apache-2.0 with Swift exception"})
        ends = [one["License"] for one in said if set(one) == {"License"}]
        self.assertEqual({text.split("\n")[0] for text in ends}, named)
        for text in ends:
            self.assertIn("/usr/share/common-licenses/Apache-2.0 ", text)
        self.assertIn("Runtime Library Exception to the Apache 2.0", ends[-1])

    def test_a_package_without_a_licence_or_with_one_that_nobody_knows_is_refused(self) -> None:
        file = self.checkouts / "swift-nio/LICENSE.txt"
        file.write_text("All rights reserved.")
        self.assertIn("swift-nio: LICENSE.txt is no licence that is known", self.refused())
        file.unlink()
        self.assertIn("swift-nio has no licence", self.refused())

    def test_what_was_not_resolved_or_checked_out_is_refused(self) -> None:
        (self.checkouts / "swift-nio").rename(self.folder / "away")
        self.assertIn("swift-nio has no checkout", self.refused())
        (self.folder / "Package.resolved").unlink()
        self.assertIn("no Package.resolved", self.refused())

    def test_a_package_whose_holders_nobody_names_is_refused(self) -> None:
        (self.checkouts / "swift-nio/NOTICE.txt").unlink()
        self.assertIn("nobody is named", self.refused())
        self.source("swift-nio", "Sources/NIO/A.swift", "// Copyright (c) 2017 Apple Inc. and the project authors\n")
        self.told()

    def test_a_source_with_a_licence_of_its_own_has_a_stanza(self) -> None:
        lines = "".join(f"// {line}".rstrip() + "\n" for line in MIT.splitlines())
        self.source("swift-nio", "Sources/NIO/A.swift", f"import X\n\n{lines}\nlet a = 1\n")
        self.source("swift-nio", "Tests/NIOTests/B.swift", lines.replace("Else", "Testing"))
        said = self.told()
        one = next(one for one in said if one.get("Files") == ".build/checkouts/swift-nio/Sources/NIO/A.swift")
        self.assertEqual(one["Copyright"], "2013-2015 Somebody Else")
        self.assertTrue(one["License"].startswith("Expat\nCopyright (c) 2013"), one["License"])
        self.assertNotIn("let a", one["License"])
        self.assertNotIn("Testing", str(said))
        self.source("swift-nio", "Sources/NIO/A.swift", "/*\n * Redistribution\n * and use on Sundays.\n */\n")
        self.assertIn("Sources/NIO/A.swift has a licence that is not known", self.refused())

    def test_a_source_that_names_a_licence_without_a_text_is_refused_by_its_name(self) -> None:
        for heading in ("This is free software under the GNU General Public License, version 2.",
                        "under the terms of the GNU Lesser\n * General Public License as published",
                        "GNU GENERAL PUBLIC LICENSE Version 3", "SPDX-License-Identifier: GPL-2.0-or-later",
                        "This Source Code Form is subject to the terms of the Mozilla Public\n * License, v. 2.0.",
                        "SPDX-License-Identifier: MPL-2.0", "SPDX-License-Identifier: MIT",
                        "SPDX-License-Identifier: Apache-2.0 OR MIT", "Licensed under the EUPL.",
                        "Licensed under the Apache License v2.0 with LLVM Exceptions."):
            texts = {"A.swift": f"/*\n * {heading}\n */\nlet a = 1\n", "a.c": f"int a;\n/* {heading} */\n"}
            for name, text in texts.items():
                with self.subTest(heading, name=name):
                    self.source("swift-nio", f"Sources/NIO/{name}", text)
                    self.assertIn(f"swift-nio: Sources/NIO/{name} is under a licence that", self.refused())
                    (self.checkouts / "swift-nio/Sources/NIO" / name).unlink()
        self.source("swift-nio", "Sources/NIO/a.S", "@ Licensed under the EUPL.\nmov r0, r1\n")
        self.assertIn("Sources/NIO/a.S is under a licence that", self.refused())

    def test_a_source_that_names_the_licence_of_its_package_or_part_needs_no_stanza(self) -> None:
        before = self.told()
        self.source("swift-nio", "Sources/NIO/A.swift", "// Licensed under Apache License v2.0\n//\n"
                    "// SPDX-License-Identifier: Apache-2.0\n//\nlet a = 1\n")
        self.source("swift-nio", "Tests/NIOTests/B.swift", "// SPDX-License-Identifier: GPL-2.0-only\n")
        self.source("Yams", "Sources/Yams/A.swift", "// SPDX-License-Identifier: MIT\n")
        self.assertEqual(self.told(), before)

    def test_a_source_under_a_licence_that_stands_at_the_end_has_a_stanza(self) -> None:
        self.source("Yams", "Sources/Yams/A B.swift",
                    "// Licensed under the Apache License, Version\n// 2.0 (the \"License\")\n")
        one = next(one for one in self.told() if one.get("Files") == ".build/checkouts/Yams/Sources/Yams/A?B.swift")
        self.assertEqual(one["License"], "Apache-2.0")
        self.source("swift-nio", "Sources/NIO/A.swift",
                    "// Licensed under Apache License v2.0 with Runtime Library Exception\n")
        said = self.told(self.library("libswiftCore.so"))
        one = next(one for one in said if one.get("Files") == ".build/checkouts/swift-nio/Sources/NIO/A.swift")
        self.assertEqual(one["License"], "Apache-2.0 with Swift exception")

    def test_only_a_folder_at_the_top_of_a_package_is_left_out(self) -> None:
        self.source("swift-nio", "Sources/NIO/Tools/A.swift", "// SPDX-License-Identifier: GPL-2.0-only\n")
        self.assertIn("Sources/NIO/Tools/A.swift is under", self.refused())

    def test_a_text_inside_a_package_that_is_another_than_its_own_is_told_or_refused(self) -> None:
        for name, text in (("LICENSE", "GNU GENERAL PUBLIC LICENSE\nVersion 2"), ("license.md", "All rights reserved."),
                           ("COPYING", "Mozilla Public License\nVersion 2.0"),
                           ("LICENSE-APACHE", TEXTS["Apache-2.0 WITH Swift-exception"])):
            with self.subTest(name):
                self.source("swift-nio", f"Sources/NIO/{name}", text)
                self.assertRegex(self.refused(), f"swift-nio: Sources/NIO/{name} (is under|has) a licence that is not")
                (self.checkouts / "swift-nio/Sources/NIO" / name).unlink()
        self.source("swift-nio", "Sources/NIO/LICENSE", TEXTS["Apache-2.0"])
        self.source("swift-nio", "Sources/Other/LICENSE", MIT)
        one = next(one for one in self.told() if one.get("Files") == ".build/checkouts/swift-nio/Sources/Other/*")
        self.assertTrue(one["License"].startswith("Expat\n"))

    def test_a_second_licence_at_the_top_of_a_package_is_refused(self) -> None:
        for name in ("LICENSE-MIT", "COPYING", "license.md", "UNLICENSE"):
            with self.subTest(name):
                self.source("swift-nio", name, MIT)
                said = self.refused()
                self.assertIn("swift-nio: ", said)
                self.assertIn(name, said)
                self.assertIn("is a second licence beside", said)
                (self.checkouts / "swift-nio" / name).unlink()

    def test_a_part_whose_sources_have_no_text_gets_one_or_is_refused(self) -> None:
        self.source("Yams", "Sources/CYaml/src/api.c", "int a;\n")
        one = next(one for one in self.told() if one.get("Files") == ".build/checkouts/Yams/Sources/CYaml/*")
        self.assertIn("Kirill Simonov", one["Copyright"])
        self.assertIn("Permission is hereby granted", one["License"])
        self.source("swift-nio", "Sources/CNIOLLHTTP/api.c", "int a;\n")
        self.assertIn("llhttp in swift-nio: there is no text of MIT", self.refused())
        self.source("swift-nio", "Sources/CNIOLLHTTP/LICENSE", MIT)
        place = ".build/checkouts/swift-nio/Sources/CNIOLLHTTP/*"
        one = next(one for one in self.told() if one.get("Files") == place)
        self.assertIn("Somebody Else", one["Copyright"])

    def test_libraries_of_the_toolchain_are_named_and_others_refused(self) -> None:
        names = ("libswiftCore.so", "libdispatch.so", "lib_FoundationICU.so")
        said = self.told(*(self.library(name) for name in names))
        by_licence = {one["License"].split("\n")[0]: one for one in said if "imagevault/" in one.get("Files", "")}
        self.assertEqual(set(by_licence), {"Unicode-3.0", "Apache-2.0 with Swift exception"})
        icu = by_licence["Unicode-3.0"]
        self.assertEqual(icu["Files"], "*/lib/imagevault/lib_FoundationICU.so")
        self.assertIn("UNICODE LICENSE V3", icu["License"])
        self.assertIn("cjdict.txt", icu["License"])
        self.assertIn("libfoo.so", self.refused(self.library("libfoo.so")))
        (self.toolchain / "share/swift/LICENSE.txt").unlink()
        self.assertIn("LICENSE.txt", self.refused(self.library("libswiftCore.so")))

    def test_ours_is_the_file_that_is_there_and_else_no_licence(self) -> None:
        own = self.told()[1]
        self.assertEqual((own["Files"], own["License"].split("\n")[0]), ("*", "none-granted"))
        (self.folder / "LICENSE").write_text(MIT)
        own = self.told()[1]
        self.assertEqual((own["Copyright"], own["License"].split("\n")[0]), ("2013-2015 Somebody Else", "Expat"))


class Here(unittest.TestCase):
    """The packages of this checkout."""

    @classmethod
    def setUpClass(cls) -> None:
        if not (ROOT / "Package.resolved").exists():
            raise unittest.SkipTest("swift package resolve was not run")
        cls.said = run(ROOT / "Tools/licences")

    def test_names_all_that_the_bill_of_materials_names(self) -> None:
        by_files = {one["Files"].lower(): one for one in stanzas(self.said) if "Files" in one}
        self.assertEqual(len(by_files), self.said.count("\nFiles: "))
        named = 0
        for row in bill()["components"]:
            if not row["bom-ref"].startswith(("pkg:swift/", "carried:")):
                continue
            notes = {one["name"]: one["value"] for one in row["properties"]}
            place = notes.get("imagevault:inside", row["name"]).lower()
            one = by_files[f".build/checkouts/{place}/*"]
            licence = row["licenses"][0].get("expression") or row["licenses"][0]["license"]["id"]
            words = [WORDS.get(licence, licence), WORDS.get(licence.split()[0], licence.split()[0])]
            self.assertIn(one["License"].split("\n")[0], words, place)
            named += 1
        self.assertGreater(named, 20)

    def test_what_is_said_of_a_file_comes_after_what_is_said_of_its_folder(self) -> None:
        files = [one["Files"] for one in stanzas(self.said) if "Files" in one]
        for place, folder in enumerate(files):
            if folder.endswith("/*"):
                self.assertFalse([one for one in files[:place] if one.startswith(folder[:-1])], folder)

    def test_common_texts_are_where_the_file_says(self) -> None:
        named = re.findall(r"/usr/share/common-licenses/(\S+)", self.said)
        self.assertIn("Apache-2.0", named)
        for name in named:
            self.assertTrue((Path("/usr/share/common-licenses") / name).exists(), name)


class Comments(unittest.TestCase):
    def test_are_told_from_code(self) -> None:
        text = "// one\n// two\nlet a = 1\n/*\n * three\n *\n * four\n */\ncode()\n"
        self.assertEqual(list(comments(text)), ["one\ntwo", "three\n\nfour"])


if __name__ == "__main__":
    main("licences")
