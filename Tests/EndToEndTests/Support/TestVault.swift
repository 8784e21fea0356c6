// A vault of the test's own: made by vaultd init, served by vaultd serve, ended with its owner.

import Foundation
import Glibc
import Testing

final class TestVault: @unchecked Sendable {
    // @unchecked: one test starts and stops it; requests only read the paths.
    let folder: TestFolder
    private(set) var daemon: ChildProcess?
    /// What starts the daemon in its place, by exec.
    var wrapper: [String] = []
    /// The door that a start waits for.
    var firstDoor = "audit"
    private let startOptions: (arguments: [String], environment: [String: String])
    private let settings: String

    /// Makes a vault and serves it; `settings` are lines of YAML beside the paths.
    init(
        settings: String = "validation:\n  level: structure\n", arguments: [String] = [],
        environment: [String: String] = [:], starting: Bool = true,
        initArguments: [String] = [], stateDirectory: String? = nil, in folder: TestFolder? = nil
    ) throws {
        self.folder = try folder ?? TestFolder()
        state = stateDirectory ?? self.folder.path("state")
        startOptions = (arguments, environment)
        self.settings = settings
        try Disk.write(paths + settings, to: configuration)
        let made = try run(
            Machine.program("vaultd"), ["init", "--config", configuration] + initArguments)
        guard made.ending == .exited(0) else { throw TestFailure("init: \(made.errors)") }
        initWords = made.output
        if starting { try start() }
    }

    /// A copy of a vault that is stopped, in a folder of its own.
    init(copying other: TestVault) throws {
        folder = try TestFolder()
        state = folder.path("state")
        (startOptions, settings) = (other.startOptions, other.settings)
        try Disk.write(paths + settings, to: configuration)
        for name in ["state", "keys", "audit.pub"] {
            let copied = try run("cp", ["-a", other.folder.path(name), folder.path(name)])
            guard copied.ending == .exited(0) else { throw TestFailure("cp: \(copied.errors)") }
        }
    }

    /// What Tools/release-state kept.
    init(unpacking archive: String) throws {
        folder = try TestFolder()
        state = folder.path("state")
        (startOptions, settings) = (([], [:]), "validation:\n  level: structure\n")
        let unpacked = try run("tar", ["-xzf", archive, "-C", folder.root])
        guard unpacked.ending == .exited(0) else { throw TestFailure("tar: \(unpacked.errors)") }
        try Disk.write(paths + settings, to: configuration)
    }

    /// Before the folder goes: a daemon that still runs would write into it.
    deinit { try? daemon?.crash() }

    /// What init printed.
    private(set) var initWords = ""

    private var paths: String {
        """
        state_directory: "\(state)"
        run_directory: "\(folder.root)"
        keys:
          root_key_file: "\(rootKey)"
          log_key_file: "\(logKey)"
          public_key_file: "\(publicKey)"

        """
    }

    var configuration: String { folder.path("vaultd.yaml") }
    let state: String
    var rootKey: String { folder.path("keys/root.key") }
    var logKey: String { folder.path("keys/log.key") }
    var publicKey: String { folder.path("audit.pub") }
    var catalog: String { "\(state)/catalog.sqlite" }
    func socket(_ door: String) -> String { folder.path("\(door).sock") }

    var blobs: [String] { Disk.files(below: "\(state)/blobs") }

    /// Puts another file in the catalog's place, without what SQLite keeps beside it.
    func replaceCatalog(with bytes: [UInt8]) throws {
        for suffix in ["-wal", "-shm"] where Disk.exists(catalog + suffix) {
            try Disk.remove(catalog + suffix)
        }
        try Disk.write(bytes, to: catalog)
    }

    // MARK: Life

    /// Starts the daemon and waits until every door answers.
    func start(arguments: [String] = [], environment: [String: String] = [:]) throws {
        let child = try launch(arguments: arguments, environment: environment)
        try eventually("vaultd at \(folder.root)") {
            guard child.poll() == nil else { throw TestFailure("vaultd ended: \(child.errors)") }
            guard let door = try? connect(firstDoor),
                let answer = try? door.ask("GET", "/v1/health")
            else { return false }
            return answer.status == 200 && child.errors.contains("\"serving\"")
        }
    }

    /// Starts the daemon and waits for nothing.
    @discardableResult
    func launch(
        arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let words =
            wrapper + [Machine.program("vaultd"), "serve", "--config", configuration]
            + startOptions.arguments + arguments
        let child = try ChildProcess(
            words[0], Array(words.dropFirst()),
            environment: startOptions.environment.merging(environment) { $1 })
        daemon = child
        return child
    }

    /// What a daemon that does not start says at its end.
    func refusalToStart(
        arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> String {
        let child = try launch(arguments: arguments, environment: environment)
        let ending = try eventually("vaultd's end") {
            if child.errors.contains("\"serving\"") { throw TestFailure("vaultd serves") }
            return child.poll()
        }
        guard case .exited(let status) = ending, status != 0 else {
            throw TestFailure("vaultd ended with \(ending)")
        }
        return child.errors
    }

    @discardableResult
    func stop() throws -> Ending {
        let child = try #require(daemon)
        child.signal(SIGTERM)
        return try child.wait()
    }

    func crash() throws { try #require(daemon).crash() }

    /// What the daemon wrote to standard error.
    var journal: String { daemon?.errors ?? "" }

    // MARK: Requests

    func connect(_ door: String = "images") throws -> UnixConnection {
        try UnixConnection(to: socket(door))
    }

    /// One request on a connection of its own.
    func ask(
        _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil,
        door: String = "images"
    ) throws -> Answer {
        try connect(door).ask(method, target, fields, body: body)
    }

    func put(
        _ image: [UInt8], name: String = "photo.jpg", _ fields: [String] = []
    ) throws -> Answer {
        try ask("POST", "/v1/images", [Request.name(name)] + fields, body: image)
    }

    /// Stores an image.
    ///
    /// - Returns: its id.
    func store(
        _ image: [UInt8], name: String = "photo.jpg", _ fields: [String] = []
    ) throws -> String {
        let answer = try put(image, name: name, fields)
        guard answer.status == 201, let id = answer.json["id"].text else {
            throw TestFailure("an image was not stored: \(answer.summary)")
        }
        return id
    }

    /// Gives the daemon a slot's secret.
    func unseal(_ secret: [UInt8]) throws -> Answer {
        try ask("POST", "/v1/unseal", body: secret, door: "admin")
    }

    func unseal(_ secret: String) throws -> Answer { try unseal(Array(secret.utf8)) }

    func get(_ id: String, _ fields: [String] = []) throws -> Answer {
        try ask("GET", "/v1/images/\(id)", fields)
    }

    func delete(_ id: String, _ fields: [String] = []) throws -> Answer {
        try ask("DELETE", "/v1/images/\(id)", fields)
    }

    /// The newest event of that action on that image.
    func event(_ action: String, of image: String) throws -> JSON? {
        try events().last { $0["action"].text == action && $0["image"].text == image }
    }

    /// The whole log, page by page, up to what it was when asked.
    func events() throws -> [JSON] {
        var events: [JSON] = []
        var after = ""
        let door = try connect("audit")
        while true {
            let page = try door.ask("GET", "/v1/events?limit=1000\(after)")
            guard page.status == 200 else { throw TestFailure("no events: \(page.summary)") }
            events += page.json["events"].list
            // The last page is one that does not fill its limit: reading adds to the log.
            guard page.json["events"].list.count == 1000, let next = page.json["next"].number else {
                return events
            }
            after = "&after=\(next)"
        }
    }
}
