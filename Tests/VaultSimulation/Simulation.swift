// One schedule of a simulated vault: who does what, who goes on when, how the clock goes, and what fails, all drawn by
// one seed. Nothing of it depends on the machine, so that a seed that failed fails again alone.

import Vault
package import VaultFormat
import VaultTestKit

package struct Simulation {
    /// What a schedule came to.
    package struct Outcome {
        /// Each verb with its answer, in the order of the answers, and what failed.
        package let trace: [String]
        /// What was acknowledged at least once.
        package let acknowledged: Set<EventAction>
        package let violation: Violation?
    }

    /// What schedules acknowledge between them: a verb that never works is not tried.
    package static let verbs: Set<EventAction> = [
        .imagePut, .readBegun, .imageDelete, .operationStarted, .holdPlaced, .holdReleased,
        .imageQuarantined, .imageReleased, .rootRotated, .vaultUnsealed,
    ]

    // The size of a schedule. Some thousand have to fit in a few seconds.
    /// Verbs that each client carries out between two starts.
    static let verbsEach = 3
    /// At most so many have claims.
    static let users = 2
    /// Steps of the stores, about as many as that takes: one of them fails.
    private static let stepsThatFail = 200
    /// One schedule of so many goes on after a crash with new work.
    private static let secondLives = 3
    /// One schedule of so many ends with a check, which costs more than all the rest.
    private static let checks = 10
    /// No schedule takes so many turns.
    private static let turns = 20_000

    private let world: SimulatedWorld
    private let executor = StepExecutor()
    private let lie: Lie?

    package init(seed: UInt64, lie: Lie? = nil) {
        world = SimulatedWorld(seed: seed)
        self.lie = lie
    }

    package func run() -> Outcome {
        do {
            try lives()
        } catch {
            world.violate((error as? Violation) ?? Violation("\(error)"))
        }
        return Outcome(
            trace: world.trace, acknowledged: Set(world.ledger.acknowledged.keys),
            violation: world.violation)
    }

    // MARK: Lives

    private func lives() throws {
        let stores = try SimulatedStores(lie)
        let first = try stores.open(world)
        try alone(first, stores) {
            try await first.vault.recordService(.vaultCreated)
            _ = try first.vault.sweep()
        }
        var test = first
        defer { test.stop() }
        for _ in 0..<(world.chance(oneIn: Self.secondLives) ? 2 : 1) {
            try live(test, stores)
            test = try restarted(test, stores)
        }
        let (last, isChecked) = (rest(test, stores), world.chance(oneIn: Self.checks))
        try alone(test, stores) { try await last.end(isChecked: isChecked) }
    }

    /// Two to four clients beside each other, and a store that may fail them.
    private func live(_ test: TestVault, _ stores: SimulatedStores) throws {
        let users = 1 + world.number(below: Self.users)
        var roles = (0..<users).map { SimulatedClient.Role.user($0) } + [.keeper]
        if world.chance(oneIn: 2) { roles.append(.admin) }
        let mayDie = arm(stores.faults)
        for role in roles {
            let client = SimulatedClient(
                world: world, test: test, role: role, keys: stores.keys,
                isDead: { mayDie && stores.faults.failed != nil })
            begin { await client.run() }
        }
        try drive(test, stores)
        world.note("failed: \(stores.faults.failed ?? "nothing")")
        if stores.faults.failed != nil { world.change { $0.mayFail = true } }
    }

    /// - Returns: whether the process dies where a step fails.
    private func arm(_ faults: Faults) -> Bool {
        let step = 1 + world.number(below: Self.stepsThatFail)
        switch world.number(below: 5) {
        case 0: faults.disarm()
        case 1: faults.arm(step: step, .full)
        case 2: faults.arm(step: step, .unavailable(5))
        default:
            faults.kill(atStep: step)
            return true
        }
        return false
    }

    /// The next daemon has what is durable, and nothing else.
    private func restarted(_ old: TestVault, _ stores: SimulatedStores) throws -> TestVault {
        // While nothing works yet: a process that is dead writes nothing more.
        old.stop()
        keepFrontier(of: old)
        try stores.crash()
        let test = try stores.open(world)
        let rest = rest(test, stores)
        do {
            try alone(test, stores) { try await rest.start() }
        } catch {
            test.stop()
            throw error
        }
        return test
    }

    private func rest(_ test: TestVault, _ stores: SimulatedStores) -> SimulatedRest {
        SimulatedRest(world: world, test: test, stores: stores)
    }

    // MARK: Turns

    private func begin(_ body: @escaping @Sendable () async throws -> Void) {
        world.begin()
        Task(executorPreference: executor) { [world] in
            do {
                try await body()
            } catch {
                world.violate((error as? Violation) ?? Violation("\(error)"))
            }
            world.end()
        }
    }

    private func alone(
        _ test: TestVault, _ stores: SimulatedStores,
        _ body: @escaping @Sendable () async throws -> Void
    ) throws {
        begin(body)
        try drive(test, stores)
    }

    /// Lets one after the other go on, until nobody has anything left to do.
    private func drive(_ test: TestVault, _ stores: SimulatedStores) throws {
        let committer = test.vault.committer
        for _ in 0..<Self.turns {
            let (ready, paused, waits) = (executor.ready, world.paused, !committer.isIdle)
            guard ready > 0 || paused > 0 || waits else {
                guard world.running == 0 else { throw Violation("somebody waits for ever") }
                if let violation = world.violation { throw violation }
                return
            }
            if world.chance(oneIn: 8) { tick(stores.clock) }
            let writes = waits || committer.logState != .writable
            let place = world.number(below: ready + paused + (writes ? 1 : 0))
            if place < ready {
                executor.run(place)
            } else if place < ready + paused {
                world.resume(place - ready)
            } else {
                committer.turn()
                keepFrontier(of: test)
            }
        }
        throw Violation("it comes to no end")
    }

    private func keepFrontier(of test: TestVault) {
        let frontier = test.vault.committer.frontier
        world.change { $0.frontier = frontier }
    }

    /// Some time passes; now and then the time of day is put back.
    private func tick(_ clock: ManualClock) {
        let step = Int64(world.number(below: 100))
        if world.chance(oneIn: 4) {
            clock.jump(microseconds: -step * 60_000_000)
        } else {
            clock.advance(microseconds: step * 100_000)
        }
    }
}
