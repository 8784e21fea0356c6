// MicroCrypto: hashing as bytes arrive, frames sealed and opened, keys wrapped, addresses and row MACs.

import Foundation
import VaultCrypto
import VaultFormat
import VaultTestKit

enum MicroCrypto {
    private static let sizes = [("200k", 200_000), ("1m", 1_000_000), ("10m", 10_000_000)]

    static func measure(into rows: inout MicroRows) throws {
        let keyring = try TestKeys.keyring()
        for (name, count) in sizes {
            var random = TestRandom(seed: 1)
            let image = random.bytes(count)
            rows.measure("hash \(name)", bytes: count) { hash(image) }
            try rows.measure("seal \(name)", bytes: count) { _ = try seal(image) { _ in } }
            var frames: [Data] = []
            let sealed = try seal(image) { pieces in
                // As they lie in a blob's file, with room for the nonce before each.
                frames.append(pieces.reduce(into: Data(count: Suite.bestHere.nonceBytes), +=))
            }
            try rows.measureParts("open \(name)", bytes: count) { try open(frames, sealed) }
        }
        try measureKeys(keyring, into: &rows)
    }

    private static func measureKeys(_ keyring: Keyring, into rows: inout MicroRows) throws {
        let image = try address()
        let context = WrapContext(
            subject: .blob(try Random.id()), epoch: keyring.primaryEpoch, namespace: .standard,
            image: image)
        let key = try Secret<DataKey>.random()
        let wrapped = try keyring.wrap(key, context: context)
        try rows.measure("wrap") { _ = try keyring.wrap(key, context: context) }
        try rows.measure("unwrap") { _ = try keyring.unwrap(wrapped, context: context) }
        let digest = LogHash.digest(image.bytes)
        try rows.measure("address") { _ = try keyring.imageID(of: digest, in: .standard) }
        let row = [UInt8](repeating: 3, count: 300)
        rows.measure("row MAC", bytes: row.count) { _ = keyring.rowMAC(row) }
        rows.measure("log leaf") { _ = LogHash.leaf(digest) }
    }

    /// In pieces as large as a socket's reads.
    private static func hash(_ image: [UInt8]) {
        var hash = StreamingSHA256()
        // Bytes of an array that outlives the call.
        unsafe image.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
                let end = min(start + 64 << 10, bytes.count)
                unsafe hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
        }
        _ = hash.finish()
    }

    /// What a sealer made: an object, because its key has one owner.
    private final class Sealed: Sendable {
        let sealer: BlobSealer
        init(_ sealer: consuming BlobSealer) { self.sealer = sealer }
    }

    /// Gives each frame's pieces to `take`, and keeps none.
    private static func seal(
        _ image: [UInt8], _ take: ([Data]) -> Void
    ) throws -> Sealed {
        var sealer = try BlobSealer(
            suite: .bestHere, plaintextBytes: image.count, namespace: .standard, image: address())
        let layout = sealer.header.layout
        // Bytes of an array that outlives the call.
        try unsafe image.withUnsafeBytes { bytes in
            for index in 0..<layout.frameCount {
                let start = index * layout.frameBytes
                let end = start + layout.plaintextBytes(ofFrame: index)
                let frame = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                take(try unsafe sealer.sealNext(frame))
            }
        }
        return Sealed(sealer)
    }

    /// Processor time of opening them. Who opens a frame owns it, as a read from the store gives it.
    private static func open(_ frames: [Data], _ sealed: Sealed) throws -> Double {
        var sum = 0.0
        let begun = BenchClock.threadCPU()
        let opener = try BlobOpener(
            header: sealed.sealer.header, key: sealed.sealer.key, namespace: .standard,
            image: address())
        sum += BenchClock.threadCPU() - begun
        for (index, frame) in frames.enumerated() {
            var own = Data()
            own.append(frame)
            let begun = BenchClock.threadCPU()
            _ = try opener.open(&own, index: index)
            sum += BenchClock.threadCPU() - begun
        }
        return sum
    }

    private static func address() throws -> ImageID {
        try ImageID(bytes: [UInt8](repeating: 7, count: 32))
    }
}
