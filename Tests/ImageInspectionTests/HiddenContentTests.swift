// What is hidden in an image, where it counts, and what is normal.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

enum HiddenContent {
    private static let jpeg = TestJPEG.baseline.parts
    private static let png = TestPNG.color.parts

    /// Texts that count wherever they stand.
    static let long: [(String, FindingCode)] = [
        ("<script", .hiddenScript), ("</ScRiPt>", .hiddenScript), ("javascript:", .hiddenScript),
        ("VBScript:", .hiddenScript), ("onerror=", .hiddenScript), ("onload=", .hiddenScript),
        ("onclick=", .hiddenScript), ("onfocus=", .hiddenScript), ("onmouseover=", .hiddenScript),
        ("<?php ", .hiddenServerCode), ("<?PHP\n", .hiddenServerCode),
        ("<!--#exec", .hiddenServerCode), ("<!--#include", .hiddenServerCode),
        ("__halt_compiler", .hiddenServerCode), ("<jsp:include", .hiddenServerCode),
        ("<iframe", .hiddenMarkup), ("<object ", .hiddenMarkup), ("<embed/", .hiddenMarkup),
        ("<html>", .hiddenMarkup), ("<BODY\t", .hiddenMarkup), ("<!DOCTYPE HTML", .hiddenMarkup),
    ]

    /// Texts that count only inside readable text beside the picture.
    static let short: [(String, FindingCode)] = [
        ("<%", .hiddenServerCode), ("<?=", .hiddenServerCode), ("<? ", .hiddenServerCode),
        ("<?php", .hiddenServerCode), ("<svg>", .hiddenMarkup), ("<!ENTITY", .hiddenMarkup),
        ("${jndi:", .hiddenLookup),
    ]

    static let foreign: [([UInt8], FindingCode)] = [
        (TestArchive.zip, .hiddenArchive), (TestArchive.rar, .hiddenArchive),
        (TestArchive.sevenZip, .hiddenArchive), (TestArchive.bzip2, .hiddenArchive),
        (TestArchive.elf, .hiddenProgram), (TestArchive.portableExecutable, .hiddenProgram),
        (Array("#!/bin/sh\n".utf8), .hiddenProgram), (Array("#!/usr/bin/env".utf8), .hiddenProgram),
        (TestArchive.compoundDocument, .hiddenDocument), (TestArchive.pdf, .hiddenDocument),
    ]

    static let all: [Broken] =
        long.map { Broken($0.1, "\($0.0) in the data", inData(Array($0.0.utf8))) }
        + long.map { Broken($0.1, "\($0.0) in UTF-16", jpeg.commented(wide($0.0)).bytes) }
        + short.map {
            Broken($0.1, "\($0.0) in a comment", jpeg.commented("Hello \($0.0) you").bytes)
        }
        + short.map { Broken($0.1, "\($0.0) in a text chunk", inText("Hello \($0.0) you")) }
        + short.map {
            Broken($0.1, "\($0.0) in UTF-16", jpeg.commented(wide("Hello \($0.0) you")).bytes)
        }
        + foreign.map { Broken($0.1, "\($0.0.prefix(4)) in a comment", inComment($0.0)) }
        + foreign.map { Broken($0.1, "\($0.0.prefix(4)) in a chunk", inChunk($0.0)) }
        + foreign.map {
            Broken(
                $0.1, "\($0.0.prefix(4)) in a Samsung directory",
                JPEGTrailerTests.samsung(data: $0.0))
        }
        + foreign.map {
            Broken(
                $0.1, "\($0.0.prefix(4)) in a film",
                JPEGTrailerTests.motionPhoto(announced: true, data: $0.0))
        }
        + foreign.map {
            Broken(
                $0.1, "\($0.0.prefix(4)) in a tail to be cut", jpeg.bytes + [9] + $0.0,
                policy: truncating)
        }
        + [
            Broken(.hiddenServerCode, "<?= in a quantization table", inTable()),
            Broken(.hiddenServerCode, "<% in a palette", inPalette()),
            Broken(
                .hiddenServerCode, "<% in a tail to be cut",
                jpeg.bytes + Array("x <% eval request %>".utf8), policy: truncating),
            Broken(
                .hiddenMarkup, "<svg in a second image's comment",
                jpeg.bytes + jpeg.commented("look, an <svg> here").bytes),
        ]

    static func wide(_ text: String) -> [UInt8] { text.utf8.flatMap { [$0, 0] as [UInt8] } }

    /// A JPEG with the bytes in its entropy-coded data.
    static func inData(_ bytes: [UInt8]) -> [UInt8] {
        jpeg.changingData { $0.insert(contentsOf: bytes, at: 9) }.bytes
    }

    static func inText(_ text: String) -> [UInt8] {
        png.inserting(.init("tEXt", text: "Comment\u{0}\(text)"), before: "IDAT").bytes
    }

    /// Beyond the first kilobyte, where a PDF head counts only as metadata.
    static func inComment(_ bytes: [UInt8]) -> [UInt8] {
        jpeg.commented([UInt8](repeating: 9, count: 2_000) + bytes).bytes
    }

    static func inChunk(_ bytes: [UInt8]) -> [UInt8] {
        png.inserting(.init("prVt", [UInt8](repeating: 9, count: 2_000) + bytes), before: "IDAT")
            .bytes
    }

    private static func inTable() -> [UInt8] {
        jpeg.changing(0xDB) { $0[1...16] = Array("<?=`$_GET[0]`?>a".utf8)[...] }.bytes
    }

    private static func inPalette() -> [UInt8] {
        TestPNG.palette.parts.changing("PLTE") {
            $0.content.replaceSubrange(0..<15, with: Array("<%eval x(y,z)%>".utf8))
        }.bytes
    }
}

struct HiddenContentTests {
    @Test(arguments: HiddenContent.all)
    func `hidden content refuses the image by its code`(_ hidden: Broken) {
        #expect(refusal(of: hidden.bytes, policy: hidden.policy)?.finding.code == hidden.code)
    }

    @Test(arguments: HiddenContent.long)
    func `a long form is found at every place of the file`(_ text: String, _ code: FindingCode) {
        for place in 0..<70 {
            let bytes = [UInt8](repeating: 9, count: place) + Array(text.utf8)
            let image = TestJPEG.gray.parts.commented(bytes)
            #expect(refusal(of: image.bytes)?.finding.code == code, "at \(place)")
            let last = TestJPEG.gray.bytes + bytes + [9]
            #expect(refusal(of: last, policy: truncating)?.finding.code == code, "at \(place)")
        }
    }

    /// In the picture's data, where nothing else looks.
    @Test func `a long form is found among nothing but what begins like one`() {
        let like = Array(repeatElement("<a<scr".utf8, count: 40).joined())
        for place in 0..<70 {
            let bytes = like + [UInt8](repeating: 9, count: place) + Array("<script".utf8) + like
            let finding = refusal(of: HiddenContent.inData(bytes))?.finding
            #expect(finding?.code == .hiddenScript, "at \(place)")
        }
    }

    @Test func `a long form is found behind more of what begins like one than is remembered`() {
        let like = Array(repeatElement("<scr".utf8, count: (1 << 12) + 100).joined())
        let finding = refusal(of: HiddenContent.inData(like + Array("<script".utf8)))?.finding
        #expect(finding?.code == .hiddenScript)
    }

    @Test func `big-endian UTF-16 is read as well`() {
        let text = "<script".utf8.flatMap { [0, $0] as [UInt8] }
        let image = TestJPEG.gray.parts.commented(text)
        #expect(refusal(of: image.bytes)?.finding.code == .hiddenScript)
    }

    @Test func `letters with other bytes than zeros between them are not UTF-16`() {
        let text = "<script".utf8.flatMap { [$0, $0 == 0x3C ? 0 : 1] as [UInt8] }
        #expect(refusal(of: TestJPEG.gray.parts.commented(text).bytes) == nil)
    }

    @Test func `a PDF head counts in the first kilobyte even of picture data`() {
        let parts = TestPNG.color.parts.changing("IDAT") {
            $0.content.replaceSubrange(20..<25, with: Array("%PDF-".utf8))
        }
        #expect(refusal(of: parts.bytes)?.finding.code == .hiddenDocument)
    }

    @Test(arguments: [
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>", "<?xml version='1.0'?> and more",
        "<!DOCTYPE plist PUBLIC>", "I <3 this, 100 % sure", "an object, an embed, a body, a script",
        "on error = resume", "PK\u{3}\u{4} is only a local header", "MZ is only two letters",
    ])
    func `normal text in a comment is accepted`(_ text: String) {
        #expect(refusal(of: TestJPEG.gray.parts.commented(text).bytes) == nil)
        #expect(refusal(of: HiddenContent.inText(text)) == nil)
    }

    @Test(arguments: HiddenContent.short)
    func `a short form does not count in picture data`(_ text: String, _ code: FindingCode) {
        let image = HiddenContent.inData(Array("Hello \(text)you".utf8))
        #expect(refusal(of: image) == nil)
    }

    @Test(arguments: HiddenContent.short)
    func `a short form does not count in a film`(_ text: String, _ code: FindingCode) {
        let data = Array("Hello \(text)you".utf8)
        #expect(refusal(of: JPEGTrailerTests.motionPhoto(announced: true, data: data)) == nil)
    }

    @Test(arguments: HiddenContent.short)
    func `a short form needs twelve readable bytes around it`(_ text: String, _ code: FindingCode) {
        for readable in text.utf8.count...14 {
            let pad = String(repeating: "x", count: readable - text.utf8.count)
            let comment = [1] + Array((text + pad).utf8) + [1]
            let refused = refusal(of: TestJPEG.gray.parts.commented(comment).bytes)
            #expect(refused?.finding.code == (readable >= 12 ? code : nil), "\(readable)")
        }
    }

    @Test func `a ZIP directory that is not where its end says is chance`() {
        var broken = TestArchive.zip
        broken[broken.count - 10] = 200
        #expect(refusal(of: HiddenContent.inComment(broken)) == nil)
    }

    /// The high byte of the comment's length, both counts of entries, and the disk, by their places
    /// from the end.
    @Test(arguments: [1, 12, 14, 18])
    func `a ZIP directory counts whatever the rest of its end says`(_ fromEnd: Int) {
        var archive = TestArchive.zip
        archive[archive.count - fromEnd] = 0x7F
        let refused = refusal(of: HiddenContent.inComment(archive))
        #expect(refused?.finding.code == .hiddenArchive)
    }
}
