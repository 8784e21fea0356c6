// A start on a full disk: nothing is damaged, and nothing helps but room. Whoever reads the message is told how much.

import ArgumentParser
import Foundation
import Glibc
import Vault
import VaultFormat
import VaultStorage

struct NoRoom: CustomStringConvertible {
    /// The exit status of a start that will do as soon as there is room.
    static let status: Int32 = 6

    private let directory: String
    private let free: Int

    /// - Returns: nil where a start failed for another reason.
    init?(_ error: any Error, in directory: String) {
        var space = statvfs()
        let isKnown = unsafe statvfs(directory, &space) == 0
        free = isKnown ? Int(space.f_bavail) * Int(space.f_frsize) : 0
        self.directory = directory
        switch error {
        case StorageError.full, CatalogError.unusable(.full): return
        case let error as VaultError where error.code == .storageFull: return
        // What could not be written says less than the disk does.
        case let error as VaultError
        where [.auditUnavailable, .storageUnavailable].contains(error.code):
            guard isKnown, free < Limits.reserveMarginBytes else { return nil }
        case StorageError.unavailable, CatalogError.unusable(.unavailable):
            guard isKnown, free < Limits.reserveMarginBytes else { return nil }
        default: return nil
        }
    }

    var description: String {
        let needed = Limits.reserveBytes + Limits.reserveMarginBytes
        let more = max(needed - free, Limits.reserveMarginBytes)
        return "storage-full: no room on \(directory): \(free) bytes are free. Free \(more) bytes "
            + "there, or make the file system larger, and start again: nothing is lost by waiting"
    }

    /// Says so, and ends.
    func end() throws -> Never {
        FileHandle.standardError.write(Data("Error: \(self)\n".utf8))
        throw ExitCode(Self.status)
    }
}
