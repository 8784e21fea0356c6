import ImageInspection
import Synchronization
package import VaultCrypto
package import VaultFormat

/// The vault: its parts, its keys, and the rules that every verb shares. One verb a file beside this.
package final class Vault: Sendable {
    package struct Settings: Sendable {
        package var policies: InspectionPolicies
        package var suite: Suite
        /// What takes a second person.
        package var twoPerson: Set<TwoPersonRule>
        package var retention: RetentionPolicies
        /// Days for which events keep their bodies; nil for ever.
        package var logDays: Int?
        package var limits: AccessLimits
        /// Rules of detection that are switched off.
        package var undetected: Set<DetectionRule>
        package var incidents: IncidentSettings

        package init(
            policies: InspectionPolicies, suite: Suite, twoPerson: Set<TwoPersonRule> = [],
            retention: RetentionPolicies = RetentionPolicies(), logDays: Int? = nil,
            limits: AccessLimits = AccessLimits(), undetected: Set<DetectionRule> = [],
            incidents: IncidentSettings = IncidentSettings()
        ) {
            self.undetected = undetected
            self.incidents = incidents
            self.limits = limits
            self.logDays = logDays
            self.policies = policies
            self.suite = suite
            self.twoPerson = twoPerson
            self.retention = retention
        }
    }

    package let settings: Settings
    /// What the log says of the policies, by namespace; nil for the one of all others.
    private let policyDigests: [NamespaceName?: PolicyDigest]
    package let committer: Committer
    package let uploads: UploadPool
    package let turns: FairTurns
    let catalog: any Catalog
    let blobs: any BlobStore
    let inspectors: any ContentInspector
    let clock: any VaultClock
    /// Where a read that has to wait for a device may block; nil where any task may.
    let blockingExecutor: (any TaskExecutor)?
    let keys: KeyHolder
    let keyFiles: any KeyFiles
    let stretcher: any PassphraseStretcher
    let token: any SlotToken
    let keyAttempt = KeyAttempt()
    let desk = SlotDesk()
    /// The log's key; where it is not open, checkpoints wait.
    let signers: SignerHolder
    let eraseKeys: @Sendable () -> Void
    /// Blobs that are being written and have no row yet: the sweep leaves them alone.
    let unfinished = Mutex<Set<BlobID>>([])
    /// Requests with a key of their sender that are being answered.
    let answering = Mutex<Set<BlindIndex>>([])
    let operationAlarm = OperationAlarm()
    let scrubAlarm = OperationAlarm()
    let purgeAlarm = OperationAlarm()
    let erasures = ErasureLedger()
    /// The times of the last events before this start, oldest first: what they tell of the clock.
    let timesBeforeStart: [Int64]
    let rowCounts = RowCounts()
    let blobFlushes = FlushMeasure()
    let pace = OperationPace()
    let checkMemory = CheckMemory()
    let snapshotTurns = SnapshotTurns()
    let anchors = AnchorLedger()
    let gatekeeper: Gatekeeper
    let cases: any CaseFiles
    let containments = Containments()
    let requesters = OperationRequesters()
    let incidentTurn = IncidentTurn()
    let unopened = UnopenedAlarms()
    package let alerts = AlertQueue()
    /// The policy that is in force, for what happens without a request.
    private let policy = Mutex<@Sendable () -> AccessPolicy>({ AccessPolicy(rules: []) })
    let outages: Outages
    package let detection: DetectionFeed

    /// - Parameters:
    ///   - keyring: nil for a vault that is sealed.
    ///   - waitsForUnsealing: whether the log's key stays closed until then too.
    ///   - commitsByHand: whether whoever made it takes the committer's turns.
    package init(
        settings: Settings, catalog: any Catalog, blobs: any BlobStore,
        inspectors: any ContentInspector, clock: any VaultClock, keyFiles: any KeyFiles,
        stretcher: any PassphraseStretcher, token: any SlotToken = NoToken(), keyring: Keyring?,
        openLogKey: @escaping @Sendable () -> OpenKeyFile?, waitsForUnsealing: Bool = false,
        eraseKeys: @escaping @Sendable () -> Void = { KeyMemory.eraseAll() },
        blockingExecutor: (any TaskExecutor)? = nil, outages: Outages = Outages(),
        cases: any CaseFiles = NoCaseFiles(), commitsByHand: Bool = false
    ) throws(StorageError) {
        let keys = KeyHolder(keyring)
        self.settings = settings
        self.catalog = catalog
        self.blobs = blobs
        self.inspectors = inspectors
        self.clock = clock
        self.blockingExecutor = blockingExecutor
        self.keys = keys
        self.keyFiles = keyFiles
        self.stretcher = stretcher
        self.token = token
        signers = SignerHolder(
            waits: waitsForUnsealing, told: { Self.signer($0, catalog) }, openLogKey)
        self.eraseKeys = eraseKeys
        gatekeeper = Gatekeeper(settings.limits)
        policyDigests = settings.policies.own.reduce(
            into: [nil: settings.policies.standard.digest]
        ) { $0[$1.key] = $1.value.digest }
        uploads = UploadPool(
            largest: settings.policies.largestUpload, budget: Limits.uploadBytesInFlight)
        turns = FairTurns(clock: clock, beside: settings.limits.turnsBeside)
        timesBeforeStart = try catalog.read { (reader) throws(StorageError) in
            let (size, count) = (try reader.frontier().size, UInt64(Limits.pageRows))
            // What cannot be read tells nothing; the doors say so to who asks for it.
            let rows = try? reader.events(from: max(size, count) - count, limit: Limits.pageRows)
            return rows?.map(\.atMicroseconds) ?? []
        }
        self.outages = outages
        let detection = DetectionFeed()
        self.detection = detection
        self.cases = cases
        committer = try Committer(
            catalog: catalog, retention: settings.retention, outages: outages,
            isByHand: commitsByHand, observer: { detection.take($0) }
        ) { keys.current }
        // What a crash left of any erasure goes with the sweep.
        erasures.begin(.start, at: 0)
    }

    /// Says where the policy in force is found.
    package func goes(by policy: @escaping @Sendable () -> AccessPolicy) {
        self.policy.withLock { $0 = policy }
    }

    var policyInForce: AccessPolicy { policy.withLock { $0 }() }

    /// What the log says of the policy in force in a namespace.
    func policyDigest(in namespace: NamespaceName) -> PolicyDigest? {
        policyDigests[namespace] ?? policyDigests[nil]
    }

    /// The inspector whose verdicts new images get.
    package static var inspectorVersion: UInt32 { ImageInspector.version }

    package var isSealed: Bool { keys.current == nil }

    /// - Throws: ``VaultError`` `sealed`.
    func keyring() throws(VaultError) -> Keyring {
        guard let keyring = keys.current else { throw VaultError(.sealed) }
        return keyring
    }

    package var keyringIfUnsealed: Keyring? { keys.current }
}

/// An image as one claim shows it.
package struct ClaimedImage: Sendable {
    package let image: ImageRow
    package let body: ReferenceBody

    package init(image: ImageRow, body: ReferenceBody) {
        self.image = image
        self.body = body
    }
}

extension Vault {
    /// An event of `call`, now.
    func event(
        _ action: EventAction, _ call: Call, image: ImageID? = nil
    ) -> Event {
        var event = Event(
            action, atMicroseconds: clock.nowMicroseconds(), caller: call.caller,
            request: call.request)
        event.namespace = call.namespace
        event.asserted = call.asserted
        event.image = image
        event.principal = call.principal
        event.token = call.bearer?.token
        event.ticket = call.bearer?.ticket
        return event
    }

    /// Runs a verb; what stops it is in the log before it is told.
    func audited<R>(
        _ action: EventAction, _ call: Call, image: ImageID? = nil, epoch: EpochNumber? = nil,
        _ verb: () async throws(VaultError) -> R
    ) async throws(VaultError) -> R {
        let sealings = keys.sealings
        do {
            return try await verb()
        } catch {
            // With keys that went meanwhile nothing is found and nothing opens: that is no damage.
            let error = keys.sealings == sealings ? error : error.whileSealing
            try await record(error, as: action, call, image: image, epoch: epoch)
            // A verb that runs inside another leaves one event, not two.
            throw error.recorded
        }
    }

    /// Leaves the event of a refusal or failure.
    ///
    /// - Throws: ``VaultError`` `audit-unavailable` when it cannot be written.
    package func record(
        _ error: VaultError, as action: EventAction, _ call: Call, image: ImageID? = nil,
        epoch: EpochNumber? = nil
    ) async throws(VaultError) {
        guard !error.isRecorded else { return }
        var event = event(action, call, image: image)
        event.outcome = error.outcome
        event.code = error.code
        event.epoch = epoch
        event.finding = error.finding?.code.rawValue
        try await committer.record(event)
    }

    /// Leaves the event of something that was done and changes nothing.
    package func record(_ action: EventAction, _ call: Call) async throws(VaultError) {
        try await committer.record(event(action, call))
    }

    /// Leaves the event of the daemon's own doing.
    ///
    /// - Parameter policy: the digest of the file that says who may do what.
    package func recordService(
        _ action: EventAction, policy: Digest256? = nil
    ) async throws(VaultError) {
        var event = Event(action, atMicroseconds: clock.nowMicroseconds())
        event.statement = policy
        try await committer.record(event)
    }

    /// Leaves the event of a policy that was to be read again, and is not in order.
    package func recordPolicyRefused() async throws(VaultError) {
        try await committer.record(
            Event(
                .policyChanged, .refused, code: .policyRefused,
                atMicroseconds: clock.nowMicroseconds()))
    }

    /// Leaves the event of another policy, before it is in force.
    package func recordPolicy(_ digest: Digest256, _ call: Call) async throws(VaultError) {
        var event = event(.policyChanged, call)
        event.statement = digest
        try await committer.record(event)
    }

    /// Leaves the event of an admin's word that an older store is meant.
    ///
    /// - Parameter anchor: the digest of the anchor's note that says otherwise.
    package func recordRollbackAccepted(_ anchor: Digest256) async throws(VaultError) {
        var event = Event(
            .rollbackAccepted, code: .rolledBack, atMicroseconds: clock.nowMicroseconds())
        event.statement = anchor
        try await committer.record(event)
    }

    /// Leaves the event of what an admin must be able to do while the log cannot be written.
    func recordIfWritable(_ event: Event) async throws(VaultError) {
        do throws(VaultError) {
            try await committer.record(event)
        } catch {
            if committer.logState == .writable { throw error }
        }
    }

    /// Reads the catalog, in the words of an answer.
    func reading<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(VaultError) -> R {
        do {
            return try catalog.read(body)
        } catch {
            throw VaultError(error.code(for: .catalog))
        }
    }

    /// The same for one statement, which needs no transaction.
    func readingOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(VaultError) -> R {
        do {
            return try catalog.readOnce(body)
        } catch {
            throw VaultError(error.code(for: .catalog))
        }
    }

    func claimIndex(_ claim: Claim, in namespace: NamespaceName, _ keyring: Keyring) -> ClaimIndex {
        ClaimIndex(
            owner: claim.owner.map {
                keyring.blindIndex(.owner, $0.description, in: namespace)
            },
            job: claim.job.map { keyring.blindIndex(.job, $0.description, in: namespace) })
    }

    /// The keyring that opens an epoch. A row that was read after a keyring was borrowed may name an epoch
    /// that only a later one has: that was in use before the first wrap was made under it.
    func keyring(
        opening epoch: EpochNumber, orElse borrowed: Keyring
    ) throws(VaultError) -> Keyring {
        borrowed.opens(epoch: epoch) ? borrowed : try keyring()
    }

    /// Opens the words of a claim.
    func open(
        _ reference: ReferenceRow, of image: ImageRow, _ keyring: Keyring
    ) throws(VaultError) -> ReferenceBody {
        try reference.verify(of: image, with: keyring)
        let keyring = try self.keyring(opening: reference.key.epoch, orElse: keyring)
        let context = WrapContext(
            subject: .reference(reference.reference), epoch: reference.key.epoch,
            namespace: image.namespace, image: image.image)
        do {
            let key = try keyring.unwrap(reference.key.bytes, context: context)
            return try ReferenceBody(
                parsing: key.openBody(reference.sealedBody, context: context))
        } catch let error as CryptoError {
            throw VaultError(error.code(orElse: .wrapDamaged))
        } catch {
            throw VaultError(.rowDamaged)
        }
    }
}
