// What the settings say of incidents.

package import VaultFormat

package struct IncidentSettings: Hashable, Sendable {
    /// How far a rule's alarm contains its principal by itself; a rule that is not here only tells of it.
    package var containment: [DetectionRule: ContainmentGrade]
    /// For how long, and where nobody says.
    package var minutes: Int
    /// SHA-256 of what the daemon was set to.
    package var digest: Digest256?
    /// Whose doing it is, where the vault acts by itself.
    package var creator: UInt32

    package init(
        containment: [DetectionRule: ContainmentGrade] = [:],
        minutes: Int = Limits.containmentMinutesUnlessSaid, digest: Digest256? = nil,
        creator: UInt32 = 0
    ) {
        self.containment = containment
        self.minutes = minutes
        self.digest = digest
        self.creator = creator
    }
}
