// Every number of every rule, with its reason. Detection.md says what each rule sees, and what it cannot.

import VaultFormat

package enum RuleParameters {
    private static let minute: Int64 = 60_000_000
    private static let hour = 60 * minute
    private static let day = 24 * hour

    /// Traffic grows and comes in bursts; thrice the highest of an hour in which it was watched does neither.
    static let timesHighest = 3
    /// Windows without which the highest of them are chance, or somebody's first attempts: of 96 they are five.
    static let quantileWindows = 96
    /// Days of which it is known how much was allowed, and the part of that by which a day may allow more: a twentieth
    /// doubles it in two weeks. A week has its busy days and its quiet ones.
    static let allowedDays = 7
    static let dailyGrowth = 20

    /// A vault that was watched for an hour has seen everybody who usually asks.
    private static let watchMicroseconds = hour

    // MARK: The rules

    /// - Parameters:
    ///   - canaries: what is planted.
    ///   - exporters: who took the log before.
    package static func rules(
        canaries: Set<ImagePlace> = [], exporters: Set<UInt32> = []
    ) -> [any BehaviourRule] {
        [
            readVolume, massDelete, idWalk, decryptFailures, unsealFailures, refusedUploads,
            CanaryRule(canaries: canaries), logOutage, redactions,
            FirstExportRule(fewestEvents: 100, exporters: exporters),
            keyChanges, cancelledRotations, HastyDestructionRule(windowMicroseconds: day),
        ]
    }

    /// A page has a dozen pictures, and a person in a hurry turns some pages a minute: a hundred pictures; whoever
    /// takes what others stored takes hundreds. In a quarter of an hour a slower one is seen. Eight minutes are the
    /// least with a median worth the name, and an hour of quarters. A morning may have thrice as much within half an
    /// hour; what grows slower than that, and is not a day's work, is seen in quarters, which learn after two hours.
    static var readVolume: BaselineRule {
        BaselineRule(
            .readVolume,
            scales: [
                .init(
                    partMicroseconds: minute / 3, history: 180, recent: 90, needed: 24,
                    principalFloor: 150, actorFloor: 150, unknownPrincipal: 600, unknownActor: 200),
                .init(
                    partMicroseconds: 5 * minute, history: 288, recent: 24, needed: 12,
                    principalFloor: 600, actorFloor: 450, unknownPrincipal: 3000, unknownActor: 600),
            ], watchMicroseconds: watchMicroseconds
        ) { $0.action == .readBegun && $0.isDone }
    }

    /// People delete a few pictures, or an album; a service that clears up does it every day. An erasure of all
    /// that somebody has counts claim by claim.
    static var massDelete: BaselineRule {
        BaselineRule(
            .massDelete,
            scales: [
                .init(
                    partMicroseconds: minute / 3, history: 180, recent: 90, needed: 24,
                    principalFloor: 60, actorFloor: 40, unknownPrincipal: 60, unknownActor: 40),
                .init(
                    partMicroseconds: 5 * minute, history: 288, recent: 24, needed: 12,
                    principalFloor: 150, actorFloor: 100, unknownPrincipal: 150, unknownActor: 100),
            ], watchMicroseconds: watchMicroseconds
        ) { ($0.action == .imageDelete || $0.action == .imageErased) && $0.isDone }
    }

    /// Pages keep links to what was deleted: some of what is asked for is gone, the same things again and again.
    /// Twenty different ones of one person within ten minutes are no page. A principal asks for many people, so
    /// that a share counts besides.
    static var idWalk: BurstRule {
        BurstRule(
            .idWalk,
            .init(
                windowMicroseconds: 10 * minute, actor: 20, principal: 60, principalShare: 10,
                isDistinct: true)
        ) { event in
            guard asking.contains(event.action) else { return .none }
            if event.isDone { return .miss }
            return event.code == .unknownImage || event.code == .invalidIdentifier ? .hit : .none
        }
    }

    private static let asking: Set<EventAction> = [
        .readBegun, .imageProbe, .metadataRead, .imageDelete, .ticketCreated,
    ]

    /// A sound disk has none. One damaged image is asked for again and again, and is one; a third different one
    /// within ten minutes is no single bad block.
    static var decryptFailures: BurstRule {
        BurstRule(
            .decryptFailures,
            .init(windowMicroseconds: 10 * minute, vault: 3, isDistinct: true)
        ) { event in
            event.code.map(damage.contains) == true && event.action != .operationAdvanced
                ? .hit : .none
        }
    }

    private static let damage: Set<ErrorCode> = [
        .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .rowRolledBack, .catalogDamaged,
        .keyringDamaged,
    ]

    /// Who mistypes a passphrase does so twice or thrice.
    static var unsealFailures: BurstRule {
        BurstRule(.unsealFailures, .init(windowMicroseconds: 15 * minute, vault: 5)) { event in
            guard [.vaultUnsealed, .slotProved, .shareGiven].contains(event.action) else {
                return .none
            }
            return event.code == .wrongSecret || event.code == .keyringRefused ? .hit : .none
        }
    }

    /// People upload what is no picture once or twice, and see why. One who sends a dozen tries what gets through.
    /// A principal asks for many people, of whose uploads a few in a hundred are refused.
    static var refusedUploads: BurstRule {
        BurstRule(
            .refusedUploads,
            .init(
                windowMicroseconds: 10 * minute, actor: 12, principal: 40, principalShare: 30)
        ) { event in
            guard event.action == .imagePut || event.action == .imageInspected else { return .none }
            if event.isDone { return .miss }
            return event.code == .imageRefused ? .hit : .none
        }
    }

    /// Nothing is served while the log cannot be written: each time is worth a look.
    static var logOutage: BurstRule {
        BurstRule(.logOutage, .init(windowMicroseconds: hour, vault: 1)) { event in
            event.action == .storageFailed ? .hit : .none
        }
    }

    /// One is a person's right. Several within an hour are somebody who makes a past.
    static var redactions: BurstRule {
        BurstRule(.redactions, .init(windowMicroseconds: hour, principal: 4)) { event in
            event.action == .logErased && event.isDone ? .hit : .none
        }
    }

    /// A ceremony adds two or three slots; who takes a vault over adds his own, and removes the others.
    static var keyChanges: BurstRule {
        BurstRule(.keyChanges, .init(windowMicroseconds: 15 * minute, vault: 5)) { event in
            keyActions.contains(event.action) && event.isDone && event.principal != nil
                ? .hit : .none
        }
    }

    private static let keyActions: Set<EventAction> = [
        .slotAdded, .slotRemoved, .rootRotated, .logKeyRotated, .epochDestroyed,
    ]

    /// One is given up when it comes at a bad time. Each begins an epoch that stays.
    static var cancelledRotations: BurstRule {
        BurstRule(.cancelledRotations, .init(windowMicroseconds: day, vault: 3)) { event in
            guard event.action == .operationCancelled, event.isDone,
                let work = event.work.flatMap({ OperationKind(name: $0) })
            else { return .none }
            return work == .rotate || work == .reencrypt ? .hit : .none
        }
    }

    /// Microseconds until the newest events, which could not be read, are read again.
    static let recallPause = minute

    // MARK: Streaks

    /// Microseconds without another sighting after which a streak is over: longer than a rule's own window, so that an
    /// attack that pauses stays one streak.
    static func quietMicroseconds(_ rule: DetectionRule) -> Int64 {
        switch rule {
        case .readVolume, .massDelete, .idWalk, .decryptFailures, .unsealFailures, .refusedUploads,
            .canaryRead:
            20 * minute
        case .logOutage, .redactions, .firstExport, .keyChanges: 2 * hour
        case .cancelledRotations, .hastyDestruction: day
        }
    }
}
