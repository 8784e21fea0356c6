// What Tools/monitoring asks a vault for, it has; what the runbooks tell somebody to type, there is.

import Foundation
import Testing

@Suite("Monitoring")
struct MonitoringTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL
    private static let runbooks = root.appendingPathComponent("Sources/Vault/Vault.docc/Runbooks")
    private static let pages = [
        "Runbooks", "Sealed", "DiskFull", "SlotLost", "Restore", "LeakedKey",
    ]

    private static func text(_ url: URL) throws -> String {
        try String(contentsOf: url, encoding: .utf8)
    }

    private static func tool(_ name: String) throws -> String {
        try text(root.appendingPathComponent("Tools/monitoring/\(name)"))
    }

    @Test("a vault has every measure that an alert or the dashboard asks for")
    func names() throws {
        let folder = try TestFolder()
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                audit:
                  anchor_file: "\(folder.path("vault.anchor"))"
                alerts:
                  command: [/bin/true]

                """, in: folder)
        _ = try vault.store(Sample.jpeg(1))
        // Rows are counted once a minute, and by a start.
        try vault.stop()
        try vault.start()
        _ = try vault.ask("GET", "/v1/health")
        let names = try vault.scrape().names
        let used = try ["alerts.yaml", "dashboard.json"].reduce(into: Set<String>()) { used, file in
            let asked = try Self.tool(file).matches(of: /imagevault_[a-z_]+/).map {
                String($0.output)
            }
            #expect(asked.count > 20, "\(file)")
            used.formUnion(asked)
        }
        #expect(used.subtracting(names).isEmpty, "\(used.subtracting(names).sorted())")
        // And a measure that nobody looks at is one too many.
        let families = try Set(vault.scrape().types.keys)
        let watched = families.filter { family in
            ["", "_bucket", "_sum", "_count"].contains { used.contains(family + $0) }
        }
        #expect(families.subtracting(watched).isEmpty, "\(families.subtracting(watched).sorted())")
    }

    @Test(
        "the dashboard is one that Grafana takes: each panel has its own place, number and question"
    )
    func dashboard() throws {
        let board = JSON.parse(try Self.tool("dashboard.json"))
        let panels = board["panels"].list
        #expect(panels.count > 20)
        #expect(Set(panels.compactMap { $0["id"].number }).count == panels.count)
        #expect(board["uid"].text == "imagevault" && board["schemaVersion"].number != nil)
        var taken: Set<[Int]> = []
        for panel in panels {
            #expect(panel["title"].text?.isEmpty == false)
            #expect(!panel["targets"].list.isEmpty)
            #expect(panel["targets"].list.allSatisfy { $0["expr"].text?.isEmpty == false })
            let place = ["x", "y", "w", "h"].compactMap { panel["gridPos"][$0].number }
            try #require(place.count == 4)
            for x in place[0]..<place[0] + place[2] {
                for y in place[1]..<place[1] + place[3] {
                    #expect(x < 24 && taken.insert([x, y]).inserted, "\(panel["title"])")
                }
            }
        }
    }

    @Test("each alert names a page that there is, and a part of it where it names one")
    func alerts() throws {
        let rules = try Self.tool("alerts.yaml").components(separatedBy: "- alert: ").dropFirst()
        #expect(rules.count >= 15)
        for rule in rules {
            let name = rule.prefix { $0 != "\n" }
            for word in ["expr:", "severity:", "summary:"] {
                #expect(rule.contains(word), "\(name) \(word)")
            }
            let match = try #require(
                rule.firstMatch(of: /runbook: ([A-Za-z]+)\.md(?:#([a-z]+))?\n/), "\(name)")
            #expect(Self.pages.contains(String(match.1)), "\(name)")
            let page = try Self.text(Self.runbooks.appendingPathComponent("\(match.1).md"))
            if let part = match.2 {
                #expect(page.lowercased().contains("\n## \(part)\n"), "\(name) \(part)")
            } else {
                #expect(page.contains("`\(name)`"), "\(match.1) does not say \(name)")
            }
        }
    }

    @Test(
        "each page says what it means, what to look at, what to do, and how to know that it is over"
    )
    func parts() throws {
        for page in Self.pages.dropFirst() {
            let text = try Self.text(Self.runbooks.appendingPathComponent("\(page).md"))
            let parts = text.matches(of: /\n## (.+)\n/).map { String($0.1) }
            #expect(
                parts == [
                    "What it means", "What to look at", "What to do",
                    "How to know that it is over",
                ], "\(page)")
        }
    }

    @Test(
        "each command that a page tells somebody to type is one, with each of its options",
        arguments: pages)
    func commands(page: String) throws {
        let text = try Self.text(Self.runbooks.appendingPathComponent("\(page).md"))
        let commands = Self.commands(in: text)
        #expect(commands.count >= 4)
        for command in commands {
            let words = command.split(separator: " ").map { String($0) }
            let help = try Help(of: words)
            #expect(!help.isUnknown, "\(command)")
            let options = Set(help.text.matches(of: /--[a-z-]+/).map { String($0.output) })
            for option in words where option.hasPrefix("--") {
                #expect(options.contains(option), "\(command): \(option)")
            }
        }
    }

    /// What stands in code and begins with one of our programs.
    private static func commands(in text: String) -> Set<String> {
        let blocks = text.components(separatedBy: "```").enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
            .flatMap { $0.element.split(separator: "\n").map { String($0) } }
        let inline = text.matches(of: /`([^`\n]+)`/).map { String($0.1) }
        return Set(
            (blocks + inline).filter { $0.hasPrefix("vaultctl ") || $0.hasPrefix("vaultd ") })
    }
}

/// What a program says of a command.
private struct Help {
    /// Of the command, and of what it does where a subcommand is left out.
    private(set) var text = ""
    /// Whether the program has no such command.
    private(set) var isUnknown = true

    init(of words: [String]) throws {
        var path: [String] = []
        for word in words.dropFirst() {
            let help = try Self.help(words[0], path)
            guard Self.subcommands(of: help).contains(word) else { break }
            path.append(word)
            isUnknown = false
        }
        text = try Self.help(words[0], path)
        if let standard = text.firstMatch(of: /\n  ([a-z-]+) \(default\)/) {
            text += try Self.help(words[0], path + [String(standard.1)])
        } else if !Self.subcommands(of: text).isEmpty {
            // It wants a subcommand, and the word that should be one is none.
            isUnknown = true
        }
    }

    private static func help(_ program: String, _ path: [String]) throws -> String {
        let told = try run(Machine.program(program), path + ["--help"])
        guard told.ending == .exited(0) else { throw TestFailure("\(program) \(path): no help") }
        return told.output
    }

    private static func subcommands(of help: String) -> Set<String> {
        guard let list = help.components(separatedBy: "SUBCOMMANDS:").dropFirst().first else {
            return []
        }
        return Set(
            list.matches(of: /\n  ([a-z][a-z-]*(?:, [a-z-]+)*)/).flatMap {
                $0.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            })
    }
}
