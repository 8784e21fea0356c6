// What the users of a simulated vault were told, and what therefore has to be so. Each has claims of his own, so that
// what he was told of one is in the order in which it was done.

import VaultFormat

/// A rule that was not kept.
package struct Violation: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

struct SimulatedLedger: Sendable {
    /// One user's claim on one image.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        let user: Int
        let image: Int
        var description: String { "user \(user), image \(image)" }
    }

    enum Claim: Sendable {
        case absent, present
        /// An erasure of all that the user has was acknowledged after the claim: in the end it is gone.
        case going
        /// An erasure may take it at any time: it may be on record without an answer, or the claim was made again.
        case mayGo
        /// Nobody was told.
        case unknown
    }

    private(set) var claims: [Place: Claim] = [:]
    /// How often something was acknowledged, by the event that tells of it.
    private(set) var acknowledged: [EventAction: Int] = [:]
    /// The log as of the last durable batch.
    var frontier = MerkleFrontier.empty
    /// Holds that were acknowledged, and are not asked to go.
    var held: [Int: HoldID] = [:]
    /// Images whose quarantine was acknowledged, and was not asked to end; each time another number.
    private(set) var quarantined: [Int: Int] = [:]
    private var quarantines = 0
    /// Whether a store failed, or the vault was sealed: what works on all keys may end short of its end.
    var mayFail = false
    /// Whether anything may keep an erasure from taking what it was to take.
    private(set) var mayBeKept = false

    func claim(at place: Place) -> Claim { claims[place] ?? .absent }

    mutating func acknowledge(_ action: EventAction) { acknowledged[action, default: 0] += 1 }

    // MARK: What a user was told; the answer is nil where it was done

    mutating func put(_ place: Place, _ answer: ErrorCode?) {
        switch answer {
        // One that is there is the same claim, and goes with an erasure that is under way.
        case nil: claims[place] = mayBeTaken(place) ? .mayGo : .present
        case .held, .quarantined: break
        // A claim that is made again is there before and afterwards.
        default:
            if claim(at: place) == .absent { claims[place] = .unknown }
            if mayBeTaken(place) { claims[place] = .mayGo }
        }
    }

    /// - Parameter before: the hold that there was for sure when it was asked for.
    mutating func dropped(
        _ place: Place, _ answer: ErrorCode?, heldBy before: HoldID?
    ) -> Violation? {
        let claim = claim(at: place)
        switch answer {
        case nil:
            claims[place] = .absent
            if claim == .absent { return Violation("\(place): dropped, and was not there") }
            if let before, held[place.image] == before {
                return Violation("\(place): dropped although it was held")
            }
        case .unknownImage:
            claims[place] = .absent
            if claim == .present { return Violation("\(place): nothing to drop") }
        case .held, .quarantined: break
        default: if claim == .present { claims[place] = .unknown }
        }
        return nil
    }

    /// - Parameter before: the quarantine that there was for sure when it was asked for.
    mutating func read(
        _ place: Place, _ answer: ErrorCode?, quarantinedBy before: Int?
    ) -> Violation? {
        let claim = claim(at: place)
        switch answer {
        case nil:
            if claim == .absent { return Violation("\(place): read, and was not there") }
            if claim == .unknown { claims[place] = .present }
            if let before, quarantined[place.image] == before {
                return Violation("\(place): read although it was in quarantine")
            }
        case .unknownImage:
            claims[place] = .absent
            if claim == .present { return Violation("\(place): lost") }
        default: break
        }
        return nil
    }

    private func mayBeTaken(_ place: Place) -> Bool {
        claim(at: place) == .going || claim(at: place) == .mayGo
    }

    mutating func erased(_ user: Int, _ answer: ErrorCode?) {
        for (place, claim) in claims where place.user == user && claim != .absent {
            // What is unknown may come with the next answer; and without an answer it may be on record.
            if claim == .present || claim == .mayGo, answer == nil {
                claims[place] = .going
            } else if claim != .going {
                claims[place] = .mayGo
            }
        }
    }

    // MARK: What the admin was told

    mutating func interfere() { mayBeKept = true }

    mutating func quarantine(_ image: Int) {
        quarantines += 1
        quarantined[image] = quarantines
    }

    mutating func release(_ image: Int) { quarantined[image] = nil }

    // MARK: What is found while nobody does anything

    /// - Parameter answer: what a reading of the claim came to.
    mutating func found(_ place: Place, _ answer: ErrorCode?) -> Violation? {
        switch (claim(at: place), answer) {
        case (.present, nil), (.going, nil), (.mayGo, nil), (.absent, .unknownImage): break
        case (.present, .quarantined), (.going, .quarantined), (.mayGo, .quarantined):
            if !mayBeKept { return Violation("\(place): in a quarantine that nobody asked for") }
        case (.going, .unknownImage), (.mayGo, .unknownImage), (.unknown, .unknownImage):
            claims[place] = .absent
        case (.unknown, nil), (.unknown, .quarantined): claims[place] = .present
        case (let claim, let answer):
            let told = answer?.rawValue ?? "there"
            return Violation("\(place): \(told), and should be \(claim)")
        }
        return nil
    }
}
