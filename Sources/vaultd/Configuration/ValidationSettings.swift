// What uploads must pass: `validation` for every namespace, `namespaces.NAME.validation` for one.
// A key that stands in the second only replaces the same key of the first.

import VaultFormat

enum ValidationSettings {
    private static let keys = [
        "level", "trailer", "metadata", "animation", "types", "max_bytes", "max_pixels",
        "max_scans",
        "max_metadata_bytes",
    ]

    private static func place(of namespace: NamespaceName) -> String {
        "namespaces.\(namespace).validation"
    }

    /// Every key that is read here.
    ///
    /// - Parameter namespaces: those that the settings name.
    static func known(_ namespaces: [NamespaceName]) -> Set<String> {
        Set(
            (["validation"] + namespaces.map(place)).flatMap { place in
                keys.map { "\(place).\($0)" }
            })
    }

    static func policies(_ source: SettingsSource) async throws -> InspectionPolicies {
        let standard = try await policy(source, at: "validation", over: .default)
        var own: [NamespaceName: InspectionPolicy] = [:]
        for namespace in source.namespaces {
            let policy = try await policy(source, at: place(of: namespace), over: standard)
            if policy != standard { own[namespace] = policy }
        }
        return InspectionPolicies(standard, own: own)
    }

    /// What the settings at `place` say, and `base` for what they do not.
    private static func policy(
        _ source: SettingsSource, at place: String, over base: InspectionPolicy
    ) async throws -> InspectionPolicy {
        var policy = base
        func set<Value>(
            _ part: WritableKeyPath<InspectionPolicy, Value>, _ value: Value?
        ) {
            if let value { policy[keyPath: part] = value }
        }
        set(\.level, try await word(source, "\(place).level", InspectionLevel.words))
        set(\.trailer, try await word(source, "\(place).trailer", InspectionPolicy.Trailer.words))
        set(
            \.metadata,
            try await word(source, "\(place).metadata", InspectionPolicy.Metadata.words))
        set(
            \.allowsAnimation,
            try await word(source, "\(place).animation", [("accept", true), ("refuse", false)]))
        set(\.allowedTypes, try await types(source, "\(place).types"))
        let longest = Int(Limits.workerImageBytes)
        set(\.maxBytes, try await source.number("\(place).max_bytes", in: 1...longest))
        set(
            \.maxPixels,
            try await source.number("\(place).max_pixels", in: 1...Int(Limits.workerPixels)))
        set(
            \.maxScans,
            try await source.number("\(place).max_scans", in: 1...Int(Limits.workerScans)))
        set(
            \.maxMetadataBytes,
            try await source.number(
                "\(place).max_metadata_bytes", in: Limits.leastMetadataBytes...longest))
        return policy
    }

    /// One of a few words, as what it stands for.
    private static func word<Value>(
        _ source: SettingsSource, _ key: String, _ words: [(word: String, value: Value)]
    ) async throws -> Value? {
        guard let text = try await source.text(key) else { return nil }
        guard let found = words.first(where: { $0.word == text }) else {
            throw SettingsError("\(key) must be \(words.map(\.word).joined(separator: " or "))")
        }
        return found.value
    }

    private static func types(
        _ source: SettingsSource, _ key: String
    ) async throws -> Set<ImageType>? {
        guard let names = try await source.list(key) else { return nil }
        let types = names.compactMap { name in ImageType.allCases.first { $0.name == name } }
        guard !types.isEmpty, types.count == names.count else {
            let all = ImageType.allCases.map(\.name).joined(separator: ", ")
            throw SettingsError("\(key) must be a list of one or more of \(all)")
        }
        return Set(types)
    }
}

extension InspectionLevel {
    fileprivate static let words = allCases.map { ($0.name, $0) }
}

extension InspectionPolicy.Trailer {
    fileprivate static let words = allCases.map { ($0.rawValue, $0) }
}

extension InspectionPolicy.Metadata {
    fileprivate static let words = allCases.map { ($0.rawValue, $0) }
}
