// swift-tools-version: 6.2
// ImageVault: the module graph of Architecture.md. What a target does not list, it cannot import.
import PackageDescription

let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "imagevault",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "vaultd", targets: ["vaultd"]),
        .executable(name: "vaultctl", targets: ["vaultctl"]),
        .executable(name: "vaultinspect", targets: ["vaultinspect"]),
        .executable(name: "vaultverify", targets: ["vaultverify"]),
    ],
    traits: [
        .trait(name: "PKCS11", description: "Slots on PKCS #11 tokens; needs libp11-kit-dev."),
        .trait(name: "TPM2", description: "Slots in a TPM 2; needs libtss2-dev."),
        .trait(
            name: "BenchWithoutEvents",
            description: "Only for Tools/bench audit: a vaultd that leaves no event."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The pure centre.
        .target(name: "VaultFormat", swiftSettings: rules),
        .target(
            name: "VaultCrypto",
            dependencies: [
                "VaultFormat", "CSodium", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: rules),
        .target(name: "ImageInspection", dependencies: ["VaultFormat"], swiftSettings: rules),

        // The rules.
        .target(
            name: "Vault", dependencies: ["VaultFormat", "VaultCrypto", "ImageInspection"],
            swiftSettings: rules + [
                .define("BENCH_WITHOUT_EVENTS", .when(traits: ["BenchWithoutEvents"]))
            ]),

        .target(
            name: "VaultPolicy",
            dependencies: ["VaultFormat", .product(name: "Yams", package: "Yams")],
            swiftSettings: rules),

        // The adapters.
        .target(
            name: "VaultStorage",
            dependencies: [
                "VaultFormat", "Vault", "CVaultSystem",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: rules),
        .target(
            name: "VaultAPI", dependencies: ["VaultFormat", "CVaultResources"],
            exclude: ["Resources"], swiftSettings: rules),
        .target(
            name: "VaultServer",
            dependencies: [
                "VaultFormat", "VaultCrypto", "VaultAPI", "Vault",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: rules),
        .target(
            name: "VaultClient",
            dependencies: [
                "VaultFormat", "VaultAPI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: rules),

        // The programs.
        .executableTarget(
            name: "vaultd",
            dependencies: [
                "VaultFormat", "VaultCrypto", "ImageInspection", "Vault", "VaultStorage",
                "VaultAPI", "VaultPolicy",
                "VaultServer", "CVaultSystem", "CVaultTokens", "CQRCode",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: rules),
        .executableTarget(
            name: "vaultctl",
            dependencies: [
                "VaultFormat", "VaultAPI", "VaultClient", "VaultPolicy", "CVaultResources",
                "CVaultSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Resources"], swiftSettings: rules),
        .executableTarget(
            name: "vaultinspect",
            dependencies: [
                "VaultFormat", "ImageInspection", "CVaultSystem", "CSeccomp", "CMagic", "CJPEG",
                "CZlib", "CDeflate",
            ],
            swiftSettings: rules),

        .executableTarget(
            name: "vaultverify",
            dependencies: [
                "VaultFormat", "VaultCrypto",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules),

        // What Swift cannot say, and the C libraries.
        .target(name: "CVaultResources"),
        .target(name: "CVaultSystem"),
        .target(
            name: "CVaultTokens",
            cSettings: [
                .define("VAULT_PKCS11", .when(traits: ["PKCS11"])),
                .define("VAULT_TPM2", .when(traits: ["TPM2"])),
            ]),
        .target(
            name: "CSeccomp", dependencies: ["CVaultSystem"],
            linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CMagic", pkgConfig: "libmagic", providers: [.apt(["libmagic-dev"])]),

        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(
            name: "CQRCode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Tests.
        .target(
            name: "VaultTestKit",
            dependencies: ["VaultFormat", "VaultCrypto", "ImageInspection", "Vault"],
            path: "Tests/VaultTestKit", resources: [.copy("Vectors"), .copy("Traces")],
            swiftSettings: rules),
        .target(
            name: "VaultSimulation",
            dependencies: ["VaultFormat", "VaultCrypto", "Vault", "VaultTestKit"],
            path: "Tests/VaultSimulation", swiftSettings: rules),
        .executableTarget(
            name: "Simulate",
            dependencies: ["VaultFormat", "VaultSimulation", "VaultTestKit"],
            path: "Tests/Simulate", swiftSettings: rules),
        .executableTarget(
            name: "HostileWorker", dependencies: ["VaultFormat", "CVaultSystem", "CSeccomp"],
            path: "Tests/HostileWorker", swiftSettings: rules),
        .executableTarget(
            name: "LogWriter",
            dependencies: ["VaultFormat", "VaultCrypto", "Vault", "VaultStorage"],
            path: "Tests/LogWriter", swiftSettings: rules),
        .executableTarget(
            name: "BenchMicro",
            dependencies: [
                "VaultFormat", "VaultCrypto", "ImageInspection", "Vault", "VaultStorage",
                "VaultTestKit",
            ],
            path: "Tests/Bench", exclude: ["InspectBench.swift", "load.c", "limits.c"],
            sources: ["BenchSupport.swift", "Micro"], swiftSettings: rules),
        .testTarget(
            name: "VaultFormatTests",
            dependencies: ["VaultFormat", "VaultPolicy", "VaultTestKit"],
            swiftSettings: rules),
        .testTarget(
            name: "VaultCryptoTests",
            dependencies: ["VaultFormat", "VaultCrypto", "VaultTestKit", "CSodium"],
            swiftSettings: rules),
        .testTarget(
            name: "ImageInspectionTests",
            dependencies: ["VaultFormat", "ImageInspection", "VaultTestKit"], swiftSettings: rules),
        .testTarget(
            name: "VaultTests",
            dependencies: [
                "VaultFormat", "VaultCrypto", "Vault", "VaultSimulation", "VaultTestKit",
            ],
            swiftSettings: rules),
        .testTarget(
            name: "VaultStorageTests",
            dependencies: [
                "VaultFormat", "VaultCrypto", "Vault", "VaultStorage", "VaultTestKit",
                "vaultinspect", "vaultd",
                "HostileWorker",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: rules),
        .testTarget(
            name: "VaultServerTests",
            dependencies: [
                "VaultFormat", "VaultAPI", "Vault", "VaultServer", "VaultTestKit",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: rules),
        .testTarget(
            name: "VaultClientTests",
            dependencies: [
                "VaultFormat", "VaultAPI", "VaultClient", "VaultTestKit", "vaultctl",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: rules),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "VaultFormat", "VaultAPI", "VaultTestKit", "vaultd", "vaultctl", "vaultinspect",
                "vaultverify", "HostileWorker",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: rules),
    ]
)
