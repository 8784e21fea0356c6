// MicroBlobs: a blob on the disk, and read again from the system's memory.

import Foundation
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

enum MicroBlobs {
    static func measure(into rows: inout MicroRows, directory: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let store = try LocalBlobStore(directory: directory)
        for (name, count) in [("200k", 200_000), ("1m", 1_000_000), ("10m", 10_000_000)] {
            var random = TestRandom(seed: 3)
            let bytes = random.bytes(count)
            let kept = try write(bytes, to: store)
            let begun = BenchClock.now()
            var calls = 0
            let cpu = BenchClock.threadCPU()
            while BenchClock.now() < begun + rows.seconds {
                // What is removed again does not fill the disk.
                try store.remove(write(bytes, to: store))
                calls += 1
            }
            let each = 1 / Double(calls)
            let spent = (BenchClock.threadCPU() - cpu) * each * 1e9
            rows.add(
                MicroRow(
                    name: "blob written \(name)", bytes: count, nanoseconds: spent, least: spent,
                    rate: Double(calls) / (BenchClock.now() - begun)))
            try rows.measure("blob read \(name)", bytes: count) {
                let reader = try store.open(kept)
                for start in stride(from: 0, to: count, by: Limits.frameBytes) {
                    _ = try reader.read(at: start, count: min(Limits.frameBytes, count - start))
                }
            }
            try store.remove(kept)
        }
    }

    private static func write(_ bytes: [UInt8], to store: LocalBlobStore) throws -> BlobID {
        let blob: BlobID = try Random.id()
        let writer = try store.create(blob, bytes: bytes.count)
        // Bytes of an array that outlives the call.
        try unsafe bytes.withUnsafeBytes { try unsafe writer.append($0) }
        try writer.commit()
        return blob
    }
}
