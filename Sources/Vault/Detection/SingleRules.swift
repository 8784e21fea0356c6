// What happens once, and is out of order then.

package import VaultFormat

/// An image by its address.
package struct ImagePlace: Hashable, Sendable {
    package let namespace: NamespaceName
    package let image: ImageID

    package init(_ namespace: NamespaceName, _ image: ImageID) {
        self.namespace = namespace
        self.image = image
    }
}

/// Nobody has a reason to ask for a canary, whatever he is answered.
package struct CanaryRule: BehaviourRule {
    package let rule = DetectionRule.canaryRead
    private var canaries: Set<ImagePlace>

    package init(canaries: Set<ImagePlace> = []) { self.canaries = canaries }

    package mutating func see(_ event: Observation) -> [Sighting] {
        guard let namespace = event.namespace, let image = event.image else { return [] }
        let place = ImagePlace(namespace, image)
        switch event.action {
        case .canaryPlanted where event.isDone:
            // The catalog has no more either.
            if canaries.count < Limits.canaries { canaries.insert(place) }
        case .canaryLifted where event.isDone: canaries.remove(place)
        case .readBegun, .readUnchanged, .imageProbe, .metadataRead, .ticketCreated, .imageDelete:
            guard canaries.contains(place) else { return [] }
            let subject = AlarmSubject(principal: event.principal, actor: event.actor)
            return [Sighting(subject, first: event.index, count: 1)]
        default: break
        }
        return []
    }

    /// What is planted stays so, whatever the clock says.
    package mutating func forget() {}
}

/// Who never took the log takes all of it. As long as nobody ever did, the first one is who usually will.
package struct FirstExportRule: BehaviourRule {
    package let rule = DetectionRule.firstExport
    private let fewestEvents: UInt64
    private var exporters: Set<UInt32>

    /// - Parameter exporters: those of whom the log knows.
    package init(fewestEvents: UInt64, exporters: Set<UInt32> = []) {
        self.fewestEvents = fewestEvents
        self.exporters = exporters
    }

    package mutating func see(_ event: Observation) -> [Sighting] {
        // The vault's own schedule has no caller.
        guard event.action == .logExported, event.isDone, let uid = event.uid,
            !exporters.contains(uid)
        else { return [] }
        let isFirst = exporters.isEmpty
        if exporters.count < Limits.detectionExporters { exporters.insert(uid) }
        guard !isFirst, let range = event.indexes, UInt64(range.count) >= fewestEvents,
            // Nearly all that there was.
            UInt64(range.count) >= event.index - event.index / 10
        else { return [] }
        let subject = AlarmSubject(principal: event.principal, actor: nil)
        return [Sighting(subject, first: event.index, count: 1)]
    }

    package mutating func forget() {}
}

/// What an epoch wrapped cannot be read again by anybody else, and somebody has just got a way in of his own.
package struct HastyDestructionRule: BehaviourRule {
    package let rule = DetectionRule.hastyDestruction
    private let windowMicroseconds: Int64
    private var added: (index: UInt64, atMicroseconds: Int64)?

    package init(windowMicroseconds: Int64) { self.windowMicroseconds = windowMicroseconds }

    package mutating func see(_ event: Observation) -> [Sighting] {
        switch event.action {
        case .slotAdded where event.isDone:
            added = (event.index, event.atMicroseconds)
        case .epochDestroyed where event.isDone:
            guard let added, event.atMicroseconds - added.atMicroseconds < windowMicroseconds
            else { return [] }
            let subject = AlarmSubject(principal: event.principal, actor: nil)
            return [Sighting(subject, first: added.index, count: 2)]
        default: break
        }
        return []
    }

    package mutating func forget() { added = nil }
}
