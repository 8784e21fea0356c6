// Who uses a simulated vault: users with claims of their own on the same images, the admin, and the daemon's own work.

import Foundation
import Vault
import VaultFormat
import VaultTestKit

struct SimulatedClient: Sendable {
    enum Role: Sendable {
        case user(Int)
        case admin
        /// Works on operations, purges and sweeps.
        case keeper
    }

    /// What no honest store and no fault of one leads to.
    private static let damage: Set<ErrorCode> = [
        .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .rowRolledBack, .catalogDamaged,
        .keyringDamaged, .internalError, .imageRefused, .unknownHold,
    ]

    let world: SimulatedWorld
    let test: TestVault
    let role: Role
    let keys: SimulatedKeys
    /// Whether the process is dead: nobody asks anything any more.
    let isDead: @Sendable () -> Bool

    func run() async {
        for _ in 0..<Simulation.verbsEach {
            guard !isDead() else { return }
            switch role {
            case .user(let number): await use(as: number)
            case .admin: await administer()
            case .keeper: await keep()
            }
            await world.pause()
        }
    }

    /// Carries out a verb, and notes what became of it.
    ///
    /// - Parameter event: of what is acknowledged with it, where it has one of its own.
    /// - Returns: why it was not done; nil where it was.
    private func attempt(
        _ verb: String, _ event: EventAction? = nil, _ body: () async throws -> Void
    ) async -> ErrorCode? {
        let code: ErrorCode
        do {
            try await body()
            world.note(verb)
            if let event { world.change { $0.acknowledge(event) } }
            return nil
        } catch let error as VaultError {
            code = error.code
        } catch is StorageError {
            code = .storageUnavailable
        } catch {
            world.violate(Violation("\(verb): \(error)"))
            code = .internalError
        }
        world.note("\(verb): \(code.rawValue)")
        if Self.damage.contains(code) { world.violate(Violation("\(verb): \(code.rawValue)")) }
        return code
    }

    // MARK: Users

    private func use(as user: Int) async {
        let image = world.number(below: keys.ids.count)
        let place = SimulatedLedger.Place(user: user, image: image)
        switch world.number(below: 11) {
        case 0..<4: await put(place)
        case 4..<7: await read(place)
        case 7..<10: await drop(place)
        default: await erase(user)
        }
    }

    private func put(_ place: SimulatedLedger.Place) async {
        let code = await attempt("put \(place)", .imagePut) {
            _ = try await test.put(SimulatedKeys.images[place.image], as: owner(place.user))
        }
        world.change { $0.put(place, code) }
    }

    private func read(_ place: SimulatedLedger.Place) async {
        let before = world.ledger.quarantined[place.image]
        let code = await attempt("get \(place)", .readBegun) {
            let who = try owner(place.user)
            let image = try await test.vault.open(
                keys.ids[place.image], claim: who.claim, test.call())
            await world.pause()
            var bytes: [UInt8] = []
            for index in image.frames { bytes += try await test.vault.frame(index, of: image) }
            test.vault.ended(image, bytes: bytes.count, failure: nil)
            if bytes != SimulatedKeys.images[place.image] {
                world.violate(Violation("\(place): other bytes"))
            }
        }
        world.judge { $0.read(place, code, quarantinedBy: before) }
    }

    private func drop(_ place: SimulatedLedger.Place) async {
        let before = world.ledger.held[place.image]
        let code = await attempt("delete \(place)", .imageDelete) {
            _ = try await test.delete(keys.ids[place.image], as: owner(place.user))
        }
        world.judge { $0.dropped(place, code, heldBy: before) }
    }

    private func erase(_ user: Int) async {
        let code = await attempt("erase user \(user)", .operationStarted) {
            _ = try await test.startErasure(of: owner(user))
        }
        world.change { $0.erased(user, code) }
    }

    private func owner(_ user: Int) throws -> TestClaim { try TestClaim(owner: "user-\(user)") }

    // MARK: The daemon

    private func keep() async {
        switch world.number(below: 8) {
        case 0..<4:
            _ = await attempt("work") {
                _ = try await OperationRunner(test.vault, share: 100).turn()
            }
        case 4..<7:
            _ = await attempt("purge") { _ = try await PurgeRunner(test.vault).turn() }
        default:
            _ = await attempt("sweep") { _ = try test.vault.sweep() }
        }
    }

    // MARK: The admin

    private func administer() async {
        let image = world.number(below: keys.ids.count)
        switch world.number(below: 9) {
        case 0: await hold(image)
        case 1: await releaseHold()
        case 2: await quarantine(image)
        case 3: await release()
        case 4:
            _ = await attempt("rotate", .operationStarted) { _ = try await test.rotate() }
        case 5:
            _ = await attempt("re-encrypt", .operationStarted) { _ = try await test.reencrypt() }
        case 6:
            _ = await attempt("rotate the root", .rootRotated) {
                _ = try await test.vault.rotateRoot(test.call())
            }
        case 7: await sealAndUnseal()
        default:
            _ = await attempt("check", .operationStarted) { _ = try await test.startCheck() }
        }
    }

    private func hold(_ image: Int) async {
        world.change { $0.interfere() }
        var placed: HoldID?
        _ = await attempt("hold image \(image)", .holdPlaced) {
            placed = try await test.hold(.image(.standard, keys.ids[image]))
        }
        guard let hold = placed else { return }
        world.change { $0.held[image] = hold }
    }

    private func releaseHold() async {
        let held = world.ledger.held.sorted { $0.key < $1.key }
        guard let (image, hold) = held.first else { return }
        world.change { $0.held[image] = nil }
        _ = await attempt("release the hold of image \(image)", .holdReleased) {
            try await test.release(hold)
        }
    }

    private func quarantine(_ image: Int) async {
        world.change { $0.interfere() }
        let code = await attempt("quarantine image \(image)", .imageQuarantined) {
            _ = try await test.quarantine(keys.ids[image])
        }
        if code == nil { world.change { $0.quarantine(image) } }
    }

    private func release() async {
        guard let image = world.ledger.quarantined.keys.min() else { return }
        world.change { $0.release(image) }
        _ = await attempt("release image \(image)", .imageReleased) {
            let asked = try await test.ask(.releaseImage, keys.ids[image])
            await world.pause()
            _ = try await test.approve(asked)
        }
    }

    private func sealAndUnseal() async {
        world.change { $0.mayFail = true }
        _ = await attempt("seal") { try await test.vault.seal(test.call()) }
        await world.pause()
        _ = await attempt("unseal", .vaultUnsealed) {
            let secret = try FixedVault.typed(TestKeys.passphrase)
            _ = try await test.vault.unseal(secret, test.call())
        }
    }
}
