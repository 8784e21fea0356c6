// Bundles of the log, written to a directory from time to time, each from where the one before ended.

import Foundation
import Glibc
import Logging
import Vault
import VaultFormat

struct ExportSchedule: Sendable {
    struct Settings: Sendable {
        let directory: String
        let everyHours: Int
    }

    let settings: Settings
    let vault: Vault
    let logger: Logger

    private static let suffix = ".bundle"

    /// Looks each minute until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await exportIfDue()
            } catch let error as VaultError where error.code == .sealed {
                // It comes when the vault is unsealed.
            } catch {
                logger.warning(
                    "a scheduled export failed",
                    metadata: ["directory": "\(settings.directory)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    private func exportIfDue() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: settings.directory)
        let last = names.compactMap(Self.end).max { $0.end < $1.end }
        if let last {
            var status = stat()
            guard unsafe stat("\(settings.directory)/\(last.name)", &status) == 0 else { return }
            let age = time(nil) - status.st_mtim.tv_sec
            // One from the future says nothing of when the next is due.
            guard !(0..<settings.everyHours * 3600).contains(age) else { return }
        }
        var from = last?.end ?? 0
        if from > vault.committer.frontier.size {
            logger.warning(
                "the last export is of a longer log: it begins anew",
                metadata: ["directory": "\(settings.directory)"])
            from = 0
        }
        // Before its event: where nothing can be written, none says that something was.
        let file = try KeptFile(in: settings.directory)
        guard let due = try await vault.scheduledBundle(from: from) else { return }
        var bundle = due.bundle
        let name = "log-\(Self.padded(from))-\(Self.padded(due.to))\(Self.suffix)"
        while let piece = try bundle.next(of: vault) { try file.write(piece) }
        try file.keep(as: name)
        logger.info("the log was exported", metadata: ["file": "\(name)"])
    }

    private static func padded(_ index: UInt64) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }

    /// Where the bundle of a file's name ends.
    private static func end(of name: String) -> (name: String, end: UInt64)? {
        let words = name.dropLast(suffix.count).split(separator: "-")
        guard name.hasSuffix(suffix), words.count == 3, words[0] == "log",
            let end = UInt64(words[2])
        else { return nil }
        return (name, end)
    }
}

/// A file that has its name only when it is whole and durable.
private struct KeptFile: ~Copyable {
    private let directory: String
    private let temporary: String
    private let descriptor: CInt

    init(in directory: String) throws {
        self.directory = directory
        // One name for all: what a kill left of one is overwritten by the next.
        temporary = "\(directory)/.log.part"
        descriptor = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(descriptor)
        unsafe unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            guard count > 0 || errno == EINTR else {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    consuming func keep(as name: String) throws {
        guard fsync(descriptor) == 0, unsafe rename(temporary, "\(directory)/\(name)") == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        let directory = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }
}
