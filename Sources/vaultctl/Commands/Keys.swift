// `keys`: the epochs that keys are wrapped under, and a new one.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

extension Keys {
    static func table(_ epochs: [StatusAnswer.Epoch]) -> [String] {
        var table = Table([
            ("EPOCH", .right), ("STATE", .left), ("CREATED", .left), ("WRAPS", .right),
        ])
        for epoch in epochs {
            table.add([
                String(epoch.number), epoch.state, Units.moment(epoch.created), String(epoch.wraps),
            ])
        }
        return table.lines
    }

    /// Keys that are wrapped, under whatever epoch.
    static func wraps(_ keys: KeysAnswer) -> Int { keys.epochs.reduce(0) { $0 + $1.wraps } }
}

struct KeysStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is wrapped under each epoch, and how a rotation comes on.",
        discussion: "Speaks to the admin socket. Example: vaultctl keys status")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let keys = try await client.keys()
            if common.json { return Output.json(keys) }
            Output.line(Self.screen(keys).joined(separator: "\n"))
        }
    }

    static func screen(_ keys: KeysAnswer) -> [String] {
        var lines = Table.pairs([
            ("keyring", "generation \(keys.generation)"),
            ("primary", "\(Units.count(keys.primaryAgeDays, "day")) old"),
        ])
        lines += [""] + Keys.table(keys.epochs)
        if let operation = keys.operation {
            let rate = keys.keysPerSecond.map { Double($0) }
            lines += [
                "", "\(operation.kind) \(operation.id.hex)",
                OperationLine.text(operation, perSecond: rate),
            ]
        }
        return lines
    }
}

struct KeysRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Bring all keys under a new epoch, as an operation.",
        discussion: """
            For an epoch's key that may have been seen without the images' own keys, or that is old: \
            the images' keys stay what they are, and the old epoch can be destroyed afterwards. Whoever \
            may have seen an image's key, or a whole keyring, has it still: that takes more than this.

            Begins an operation and returns; "vaultctl keys status" shows it, "vaultctl ops" looks \
            after it, and "vaultctl keys statement" has what it came to, signed. Sent again under the \
            same --key within 24 hours, it begins nothing.

            Speaks to the admin socket. Example: vaultctl keys rotate --wait
            """)

    @Flag(help: "Only say how many keys there are to wrap; begin nothing.")
    var dryRun = false

    @Flag(help: "Wait for the end.")
    var wait = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !(dryRun && wait) else { throw ValidationError("--dry-run begins nothing.") }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            if dryRun { return show(try await client.keys()) }
            try await OperationLine.begin(client, wait: wait, common) {
                try await client.rotate(key: key)
            }
        }
    }

    private func show(_ keys: KeysAnswer) {
        if common.json { return Output.json(keys) }
        Output.line(
            (["\(Units.count(Keys.wraps(keys), "key")) to wrap", ""] + Keys.table(keys.epochs))
                .joined(separator: "\n"))
    }
}

struct KeysReencrypt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reencrypt",
        abstract: "Give everything that is stored new keys, in new blobs, as an operation.",
        discussion: """
            For an image's key that may have been seen, or a whole keyring, and for a new cipher: every \
            image is opened and sealed again. What was sealed before opens still with the keys that were \
            seen, where somebody kept a copy of it.

            It also makes a new epoch, and needs as much room as the largest images of one step. Begins \
            an operation and returns, as "vaultctl keys rotate" does. For one namespace it makes no \
            epoch and states nothing.

            Speaks to the admin socket. Example: vaultctl keys reencrypt --wait
            """)

    @Option(help: "Only images of this namespace.")
    var namespace: NamespaceName?

    @Flag(help: "Wait for the end.")
    var wait = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            try await OperationLine.begin(client, wait: wait, common) {
                try await client.reencrypt(ReencryptionRequest(namespace: namespace), key: key)
            }
        }
    }
}

struct KeysStatement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Print what a rotation came to, signed with the log's key.",
        discussion: """
            "vaultverify statement FILE --key audit.pub" checks it, without the vault.

            Speaks to the admin socket. Example: vaultctl keys statement 5fec…6c79 > rotation.txt
            """)

    @Argument(help: "The operation's id: 32 hexadecimal digits.")
    var id: OperationID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            // The line that ends it is the one that a result ends with.
            Output.line(String(try await client.statement(of: id).dropLast()))
        }
    }
}
