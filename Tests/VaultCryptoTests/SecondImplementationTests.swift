// The second implementation opens what the vault sealed, where Python has its libraries.
// `IMAGEVAULT_PYTHON` names another interpreter than `python3`.

import Foundation
import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The second implementation")
struct SecondImplementationTests {
    private static let tool = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Tools/vectors.py").path

    /// The exit status of Python with these arguments, or nil when there is no Python.
    private static func python(_ arguments: [String]) -> Int32? {
        let process = Process()
        let named = ProcessInfo.processInfo.environment["IMAGEVAULT_PYTHON"]
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [named ?? "python3"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus
    }

    static let isHere = python(["-c", "import nacl, cryptography"]) == 0

    @Test("the vectors are what the second implementation makes", .enabled(if: isHere))
    func vectorsAreCurrent() {
        #expect(Self.python([Self.tool, "--compare"]) == 0)
    }

    @Test("the second implementation opens what was sealed here", .enabled(if: isHere))
    func opensOurs() throws {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "imagevault-sample-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONEncoder().encode(try sample()).write(to: file)
        #expect(Self.python([Self.tool, "--check", file.path]) == 0)
    }

    private struct Sample: Encodable {
        struct Blob: Encodable {
            let file: String
            let wrap: String
            let blob: String
            let plaintext_sha256: String
        }
        var hex: [String: String] = [:]
        var blobs: [Blob] = []
        let secret: String
        let namespace: String
        let epoch: UInt32
        let name: String
        let event_index: UInt64
        let note: String
        let verifier_key: String
    }

    private func sample() throws -> Sample {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let secret = try Secret<SlotSecret>.random()
        let slot = try SlotCipher.make(
            kind: .keyFile, label: "sample", vault: vault, secret: secret, root: root,
            createdMicroseconds: 1)
        let keyring = try Keyring(
            KeyFileCipher.make(
                kind: .keyring, vault: vault, slots: [slot],
                entries: Keyring.initialEntries(createdMicroseconds: 2), root: root))
        let signer = try LogSigner(
            KeyFileCipher.make(
                kind: .logKey, vault: vault, slots: [slot],
                entries: LogSigner.initialEntries(createdMicroseconds: 3), root: root))
        let text = try unsafe secret.withKeyFileText { unsafe String(decoding: $0, as: UTF8.self) }
        var sample = Sample(
            secret: text, namespace: NamespaceName.standard.description,
            epoch: keyring.primaryEpoch.value, name: "übung.jpg", event_index: 5,
            note: try signer.note(size: 5, root: LogHash.empty), verifier_key: signer.verifierKey)
        sample.hex["key_file"] = Hex.encode(keyring.keys.file.encoded)
        let digest = LogHash.digest([1, 2, 3])
        let image = try keyring.imageID(of: digest, in: .standard)
        sample.hex["stored_digest"] = digest.hex
        sample.hex["image"] = image.hex
        try addBlobs(to: &sample, image: image, keyring: keyring)
        try addReference(to: &sample, image: image, keyring: keyring)
        try addEvent(to: &sample, keyring: keyring)
        return sample
    }

    private func addBlobs(to sample: inout Sample, image: ImageID, keyring: Keyring) throws {
        var random = SeededRandom()
        for suite in Suite.allCases {
            for size in [1, 1000, Limits.frameBytes, Limits.frameBytes + 1] {
                let plain = random.bytes(size)
                let blob: BlobID = try Random.id()
                let context = WrapContext(
                    subject: .blob(blob), epoch: keyring.primaryEpoch, namespace: .standard,
                    image: image)
                let sealed = try WholeBlob.seal(
                    plain, suite: suite, namespace: .standard, image: image
                ) { file, key in
                    Sample.Blob(
                        file: Hex.encode(file),
                        wrap: Hex.encode(try keyring.wrap(key, context: context)), blob: blob.hex,
                        plaintext_sha256: LogHash.digest(plain).hex)
                }
                sample.blobs.append(sealed)
            }
        }
    }

    private func addReference(to sample: inout Sample, image: ImageID, keyring: Keyring) throws {
        let reference: ReferenceID = try Random.id()
        let context = WrapContext(
            subject: .reference(reference), epoch: keyring.primaryEpoch, namespace: .standard,
            image: image)
        let key = try Secret<DataKey>.random()
        let body = ReferenceBody(
            name: try FileName(sample.name), claim: Claim(owner: nil, job: try JobID("job-1")),
            receivedBytes: 3, receivedDigest: LogHash.empty, storedDigest: LogHash.empty,
            createdMicroseconds: 4)
        sample.hex["reference"] = reference.hex
        sample.hex["reference_wrap"] = Hex.encode(try keyring.wrap(key, context: context))
        sample.hex["reference_sealed"] = Hex.encode(
            try key.sealBody(body.encoded, context: context))
    }

    private func addEvent(to sample: inout Sample, keyring: Keyring) throws {
        let salt = try Random.bytes(32)
        let event = salt + Event(.imagePut, atMicroseconds: 5).body(index: sample.event_index)
        sample.hex["event"] = Hex.encode(event)
        sample.hex["event_sealed"] = Hex.encode(
            try keyring.sealEvent(event, index: sample.event_index))
    }
}
