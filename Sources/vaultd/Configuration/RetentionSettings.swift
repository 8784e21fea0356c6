// How long claims are kept: `retention` for every namespace, `namespaces.NAME.retention` for one. A key that
// stands in the second only replaces the same key of the first.

import VaultFormat

enum RetentionSettings {
    private static func place(of namespace: NamespaceName) -> String {
        "namespaces.\(namespace).retention"
    }

    /// Every key that is read here.
    ///
    /// - Parameter namespaces: those that the settings name.
    static func known(_ namespaces: [NamespaceName]) -> Set<String> {
        Set(
            (["retention"] + namespaces.map(place)).flatMap { place in
                ["\(place).days", "\(place).extend_only", "\(place).hold"]
            })
    }

    static func policies(_ source: SettingsSource) async throws -> RetentionPolicies {
        var policies = RetentionPolicies(
            standard: try await policy(source, at: "retention", over: .standard))
        for namespace in source.namespaces {
            let policy = try await policy(
                source, at: place(of: namespace), over: policies.standard)
            if policy != policies.standard { policies.own[namespace] = policy }
        }
        return policies
    }

    private static func policy(
        _ source: SettingsSource, at place: String, over base: RetentionPolicy
    ) async throws -> RetentionPolicy {
        RetentionPolicy(
            days: try await source.number("\(place).days", in: Limits.retentionDays) ?? base.days,
            isExtendOnly: try await source.flag("\(place).extend_only") ?? base.isExtendOnly,
            isHeld: try await source.flag("\(place).hold") ?? base.isHeld)
    }
}
