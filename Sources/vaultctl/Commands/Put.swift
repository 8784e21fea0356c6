// `put`: files and directories into the vault, several at once, each failure told by its file.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Put: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Store images: files, and the .jpg, .jpeg and .png files of directories.",
        discussion: """
            Prints a line for each stored image, its id first, in the order in which they finish. \
            Storing an image again under the same job and owner stores nothing twice;
            the claim then has the name and time of the last upload.

            Example: vaultctl put photo.jpg holiday/ --job job_42
            """)

    @Argument(help: "Files, or directories to search.", completion: .file())
    var paths: [String]

    @Option(help: "The name to store under; for one file.")
    var name: FileName?

    @Option(help: "How many uploads at once: 1 to 16.")
    var parallel = 4

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard Limits.uploadsAtOnce.contains(parallel) else {
            throw ValidationError("--parallel must be from 1 to 16.")
        }
        guard name == nil || paths.count == 1 else {
            throw ValidationError("--name goes with one file.")
        }
    }

    func run() async throws {
        let plan = try UploadPlan(paths)
        guard name == nil || plan.isOneNamedFile else {
            throw ValidationError("--name goes with one file, not with a directory.")
        }
        plan.faults.forEach { common.tell(.file($0)) }
        let upload = PutRun(
            claim: claim.claim, name: name, common: common,
            bar: ProgressBar(totalBytes: plan.bytes, totalFiles: plan.items.count))
        let faults = plan.faults.count
        let parallel = parallel
        try await common.session(.images) { client in
            var outcome = await upload.run(plan.items, through: client, parallel: parallel)
            outcome.kinds += Array(repeating: .other, count: faults)
            upload.summarise(outcome, plan: plan)
            let kind = ExitKind.combined(outcome.kinds)
            guard kind == .done else { throw ExitCode(kind.rawValue) }
        }
    }
}
