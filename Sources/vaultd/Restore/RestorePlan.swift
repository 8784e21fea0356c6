// What a restore would bring back, said before it changes anything.

import Foundation
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

struct RestorePlan: Encodable {
    let vault: String
    let backup: String
    let made: String
    let ageSeconds: Int64
    let target: String
    let signedBy: String
    let images: UInt64
    let bytes: UInt64
    let missing: Int
    let missingBlobs: [ListedMissing]
    let logSize: UInt64
    /// What the anchor knows that the backup does not.
    let eventsLost: UInt64?
    let erasures: Int?
    let erasuresThrough: UInt64?
    let keyringGeneration: UInt64
    /// Epochs under which the backup has wraps, and whose key the copied keyring does not have.
    let epochsWithoutKey: [UInt32]

    private enum CodingKeys: String, CodingKey {
        case vault, backup, made, target, images, bytes, missing, erasures
        case missingBlobs = "missing_blobs"
        case ageSeconds = "age_seconds"
        case signedBy = "signed_by"
        case logSize = "log_size"
        case eventsLost = "events_lost"
        case erasuresThrough = "erasures_through"
        case keyringGeneration = "keyring_generation"
        case epochsWithoutKey = "epochs_without_key"
    }

    /// - Parameters:
    ///   - missing: how many blobs are not in the directory.
    ///   - listed: which, where the plan is all that is asked for.
    init(
        _ source: StoredBackup, missing: Int, listed: [MissingBlob], keyring: KeyFile,
        erasures list: ErasureList?, anchor: Anchor?, target: String
    ) {
        let manifest = source.manifest
        vault = manifest.vault.hex
        backup = manifest.backup.hex
        made = manifest.at
        let age = SystemClock().nowMicroseconds() - (Timestamp.microseconds(manifest.at) ?? 0)
        ageSeconds = max(0, age / 1_000_000)
        self.target = target
        signedBy = source.fingerprint
        images = manifest.blobCount
        bytes = manifest.blobBytes + manifest.catalogBytes
        self.missing = missing
        missingBlobs = listed.map(ListedMissing.init)
        logSize = manifest.logSize
        eventsLost = anchor.flatMap {
            $0.vault == manifest.vault && $0.logSize > manifest.logSize
                ? $0.logSize - manifest.logSize : nil
        }
        erasures = list.map { $0.lines(for: manifest.logSize).count }
        erasuresThrough = list?.through
        keyringGeneration = keyring.generation
        let there = Set(
            keyring.entries.filter {
                $0.purpose == .epoch && $0.state != EpochState.destroyed.rawValue
            }
            .map(\.number))
        epochsWithoutKey = manifest.epochs.map(\.value).filter { !there.contains($0) }
    }

    /// - Throws: ``SettingsError`` where there is a vault already.
    func requirePossible() throws {
        let there = (try? FileManager.default.contentsOfDirectory(atPath: target)) ?? []
        guard there.isEmpty else {
            throw SettingsError(
                "\(target) is not empty; nothing was changed. Move what is there away first")
        }
    }

    func show(json: Bool) {
        guard !json else { return print(RestoreText.line(self)) }
        var lines = [
            "vault         \(vault)",
            "backup        \(backup), made \(made), \(RestoreText.age(ageSeconds)) ago",
            "signed by     key \(signedBy)",
            "would be in   \(target)",
            "comes back    \(images) images, \(bytes) bytes, and the log up to event \(logSize)",
        ]
        if missing > 0 {
            lines.append("MISSING       \(missing) blobs are not in the directory, or cut short")
        }
        lines += RestoreText.lines(missingBlobs)
        if let eventsLost {
            lines.append("lost          \(eventsLost) events that the anchor knows of")
        }
        if let erasures, let erasuresThrough {
            lines.append(
                "erased again  what of \(erasures) erased claims is in it, by the list that goes up to event "
                    + "\(erasuresThrough)")
        } else {
            lines.append(
                "NOT KNOWN     what was erased since: there is no list beside an anchor; what was "
                    + "erased comes back")
        }
        lines.append("ended         every access token and every fetch ticket")
        for epoch in epochsWithoutKey {
            lines.append(
                "UNREADABLE    what is under epoch \(epoch): the copied keyring, of generation "
                    + "\(keyringGeneration), does not have its key")
        }
        print(lines.joined(separator: "\n"))
    }
}

/// A blob that does not come back, and what was stored in it, in words.
struct ListedMissing: Encodable {
    let blob: String
    let images: [Image]

    struct Image: Encodable {
        let namespace: String
        let image: String
    }

    init(_ missing: MissingBlob) {
        blob = missing.blob.hex
        images = missing.images.map { Image(namespace: "\($0.namespace)", image: $0.image.hex) }
    }

    var line: String {
        let places = images.map { "\($0.namespace) \($0.image)" }.joined(separator: ", ")
        return "\(blob)  \(places.isEmpty ? "its image is not known" : places)"
    }
}

enum RestoreText {
    /// Blobs that are listed for a reader; JSON has all of them.
    private static let missingLines = 20

    static func lines(_ missing: [ListedMissing]) -> [String] {
        let rest = missing.count - missingLines
        return missing.prefix(missingLines).map { "              \($0.line)" }
            + (rest > 0 ? ["              and \(rest) more"] : [])
    }

    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    static func age(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds"
        case ..<7200: "\(seconds / 60) minutes"
        case ..<172_800: "\(seconds / 3600) hours"
        default: "\(seconds / 86_400) days"
        }
    }
}
