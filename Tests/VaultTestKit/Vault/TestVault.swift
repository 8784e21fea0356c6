// A vault on given adapters with new keys, and its verbs in few words.

import Foundation
package import Vault
package import VaultCrypto
package import VaultFormat

package struct TestVault: Sendable {
    package let vault: Vault
    package let catalog: any Catalog
    package let blobs: any BlobStore
    package let clock: ManualClock
    package let inspector: StubInspector
    package let keyring: Keyring
    package let keyFiles: MemoryKeyFiles
    package let cases: MemoryCaseFiles
    private let stretcher: any PassphraseStretcher
    private let openLogKey: @Sendable () -> OpenKeyFile?

    /// Sealing erases no key unless told how: other tests of the process have theirs.
    ///
    /// New keys where none are given; a vault that is sealed does without them.
    package init(
        catalog: any Catalog = MemoryCatalog(), blobs: any BlobStore = MemoryBlobStore(),
        clock: ManualClock = ManualClock(), keyring: Keyring? = nil, isSealed: Bool = false,
        suite: Suite = .aes256GCM,
        policies: InspectionPolicies = InspectionPolicies(.structure),
        signer: LogSigner? = nil, openLogKey: (@Sendable () -> OpenKeyFile?)? = nil,
        keyFiles: MemoryKeyFiles? = nil, stretcher: any PassphraseStretcher = InProcessStretcher(),
        eraseKeys: @escaping @Sendable () -> Void = {}, twoPerson: Set<TwoPersonRule> = [],
        retention: RetentionPolicies = RetentionPolicies(), logDays: Int? = nil,
        outages: Outages = .lasting, limits: AccessLimits = AccessLimits(),
        undetected: Set<DetectionRule> = [],
        incidents: IncidentSettings = IncidentSettings(),
        cases: MemoryCaseFiles = MemoryCaseFiles(), commitsByHand: Bool = false
    ) throws {
        let keyring = try keyring ?? TestKeys.keyring()
        let signer = try signer ?? TestKeys.logSigner()
        let keyFiles = keyFiles ?? MemoryKeyFiles([keyring.keys.file, signer.keys.file])
        let inspector = StubInspector()
        vault = try Vault(
            settings: .init(
                policies: policies, suite: suite, twoPerson: twoPerson, retention: retention,
                logDays: logDays, limits: limits, undetected: undetected, incidents: incidents),
            catalog: catalog, blobs: blobs, inspectors: inspector, clock: clock, keyFiles: keyFiles,
            stretcher: stretcher,
            keyring: isSealed ? nil : keyring, openLogKey: openLogKey ?? { signer.keys },
            eraseKeys: eraseKeys, outages: outages, cases: cases, commitsByHand: commitsByHand)
        self.cases = cases
        self.catalog = catalog
        self.blobs = blobs
        self.clock = clock
        self.inspector = inspector
        self.keyring = keyring
        self.keyFiles = keyFiles
        self.stretcher = stretcher
        self.openLogKey = openLogKey ?? { signer.keys }
    }

    /// The same stores and keys under a new daemon. This one's has to be stopped.
    package func reopened(isSealed: Bool = false) throws -> TestVault {
        try TestVault(
            catalog: catalog, blobs: blobs, clock: clock, keyring: keyring, isSealed: isSealed,
            suite: vault.settings.suite, policies: vault.settings.policies,
            openLogKey: openLogKey, keyFiles: keyFiles, stretcher: stretcher,
            twoPerson: vault.settings.twoPerson, retention: vault.settings.retention,
            limits: vault.settings.limits, incidents: vault.settings.incidents, cases: cases)
    }

    /// Ends the committer's thread; what waits is written.
    package func stop() { vault.committer.stop() }
}

/// On whose behalf a test calls.
package struct TestClaim: Sendable {
    package let claim: Claim
    package let namespace: NamespaceName

    package init(
        owner: String? = nil, job: String? = nil, in namespace: NamespaceName = .standard
    ) throws {
        claim = Claim(owner: try owner.map { try OwnerID($0) }, job: try job.map { try JobID($0) })
        self.namespace = namespace
    }

    private init() {
        claim = .unnamed
        namespace = .standard
    }

    /// Neither owner nor job, in the standard namespace.
    package static let unnamed = TestClaim()
}

extension TestVault {
    package static let caller = Caller(door: .images, uid: 1001, gid: 1002, pid: 77)
    package static let request = RequestID(checked: [1, 2, 3, 4, 5, 6, 7, 8])

    package func call(_ namespace: NamespaceName = .standard) -> Call {
        Call(caller: Self.caller, request: Self.request, namespace: namespace)
    }

    package func receive(
        _ bytes: Int?, in namespace: NamespaceName = .standard
    ) async throws -> Upload {
        try await vault.receive(bytes: bytes, in: namespace)
    }

    @discardableResult
    package func put(
        _ bytes: [UInt8], name: String = "photo.png", declared: String? = nil,
        as who: TestClaim = .unnamed
    ) async throws -> ClaimedImage {
        let upload = try await vault.receive(bytes: bytes.count, in: who.namespace)
        // In two pieces, because uploads come in pieces.
        for piece in [bytes[..<(bytes.count / 2)], bytes[(bytes.count / 2)...]] {
            try unsafe piece.withUnsafeBytes { try unsafe upload.append($0) }
        }
        let request = PutRequest(
            name: try FileName(name), declaredType: declared, claim: who.claim)
        return try await vault.put(upload, request, call(who.namespace))
    }

    /// The whole image, read as the door reads it.
    package func get(_ id: ImageID, as who: TestClaim = .unnamed) async throws -> [UInt8] {
        let image = try await vault.open(id, claim: who.claim, call(who.namespace))
        var bytes: [UInt8] = []
        do {
            for index in image.frames { bytes += try await vault.frame(index, of: image) }
        } catch {
            vault.ended(image, bytes: bytes.count, failure: error.code)
            throw error
        }
        vault.ended(image, bytes: bytes.count, failure: nil)
        return bytes
    }

    @discardableResult
    package func delete(_ id: ImageID, as who: TestClaim = .unnamed) async throws -> DroppedClaim {
        try await vault.delete(id, claim: who.claim, call(who.namespace))
    }

    package func list(
        as who: TestClaim = .unnamed, after: Int64 = 0, limit: Int = 100
    ) async throws -> ClaimPage {
        try await vault.list(
            fitting: who.claim, after: after, limit: limit, call(who.namespace))
    }

    package func metadata(
        _ id: ImageID, as who: TestClaim = .unnamed
    ) async throws -> (image: ImageRow, body: ReferenceBody) {
        try await vault.metadata(id, claim: who.claim, as: .metadataRead, call(who.namespace))
    }
}

/// The code that `body` is refused with; nil when it is not.
package func refusal(
    of body: () async throws -> Void
) async throws -> ErrorCode? {
    do {
        try await body()
        return nil
    } catch let error as VaultError {
        return error.code
    }
}
