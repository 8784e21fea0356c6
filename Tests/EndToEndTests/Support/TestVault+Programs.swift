// The programs against a vault of the test's own.

extension TestVault {
    /// Runs vaultctl to its end, at one of the vault's doors.
    func vaultctl(
        _ arguments: String..., door: String = "admin"
    ) throws -> (ending: Ending, output: String, errors: String) {
        try vaultctl(arguments, door: door)
    }

    func vaultctl(
        _ arguments: [String], door: String = "admin"
    ) throws -> (ending: Ending, output: String, errors: String) {
        let child = try startVaultctl(arguments, door: door)
        let ending = try child.wait()
        return (ending, child.output, child.errors)
    }

    func startVaultctl(_ arguments: [String], door: String = "admin") throws -> ChildProcess {
        try ChildProcess(Machine.program("vaultctl"), arguments + ["--socket", socket(door)])
    }

    /// What vaultctl printed in JSON.
    ///
    /// - Throws: ``TestFailure`` with what it said, unless it ended well.
    func vaultctlJSON(_ arguments: [String], door: String = "admin") throws -> JSON {
        let (ending, output, errors) = try vaultctl(arguments + ["--json"], door: door)
        guard ending == .exited(0) else { throw TestFailure("vaultctl: \(errors)") }
        return JSON.parse(output)
    }

    func verify(
        _ arguments: String...
    ) throws -> (ending: Ending, output: String, errors: String) {
        try run(Machine.program("vaultverify"), arguments)
    }
}
