// Opens what a vault is made of: keys, catalog, blobs and cases, before a door is.

import Foundation
import Logging
import Vault
import VaultCrypto
import VaultFormat
import VaultServer
import VaultStorage

extension Serve {
    /// Opens catalog, blobs and keys. What is wrong with a key seals the vault; what is wrong with
    /// the store stops the daemon.
    func open(
        _ settings: DaemonSettings, _ inspectors: Inspectors, _ slotChild: SlotChild,
        _ executor: RequestExecutor, _ logger: Logger
    ) throws -> (Vault, SQLiteCatalog, VaultID, AnchorGate.Finding) {
        let state = settings.stateDirectory
        LocalKeyFiles.sweep(state)
        let keyringFile = try keyFile(state + "/keyring", .keyring)
        let logKeyFile = try keyFile(state + "/log-key", .logKey)
        guard keyringFile.vault == logKeyFile.vault else {
            throw SettingsError("keyring and log key in \(state) belong to different vaults")
        }
        guard
            Committer.leavesEvents
                || ProcessInfo.processInfo.environment["IMAGEVAULT_BENCH_WITHOUT_EVENTS"] == "1"
        else {
            throw SettingsError("this build leaves no events: it is for Tools/bench audit alone")
        }
        let isMarked = LocalKeyFiles.hasSealMark(in: state)
        if isMarked { logger.notice("sealed by command, until vaultctl unseal") }
        let tokens = TokenOpener(slotChild, settings, logger)
        let keyring =
            isMarked
            ? nil
            : opened(keyringFile, settings.rootKeyFile, tokens, logger) { try Keyring($0) }
        let openLogKey: @Sendable () -> OpenKeyFile? = {
            // As it is by then: its slots may have changed since the start.
            guard let file = try? keyFile(state + "/log-key", .logKey) else { return nil }
            return opened(file, settings.logKeyFile, tokens, logger) { $0 }
        }
        let catalog = try openCatalog(state, keyringFile.vault, logger)
        let blobs = try LocalBlobStore(directory: state + "/blobs")
        let cases = try LocalCaseFiles(directory: state + "/cases")
        do {
            guard try Vault.logIsWhole(catalog) else { throw StorageError.damaged }
            let gate = AnchorGate(settings: settings, acceptedSize: acceptRollback, logger: logger)
            let finding = try gate.check(catalog, keyringFile)
            let fits = try keyring.map { try Vault.fits($0, catalog) } ?? false
            if keyring != nil, !fits {
                logger.error(
                    "the keyring stays sealed: the catalog was written under another",
                    metadata: ["code": "\(ErrorCode.keyringRefused.rawValue)"])
            }
            let vault = try Vault(
                settings: settings.vault, catalog: catalog, blobs: blobs, inspectors: inspectors,
                clock: SystemClock(), keyFiles: LocalKeyFiles(directory: state),
                stretcher: slotChild, token: slotChild, keyring: fits ? keyring : nil,
                openLogKey: openLogKey, waitsForUnsealing: isMarked,
                blockingExecutor: executor, outages: outages(state, logger), cases: cases)
            return (vault, catalog, keyringFile.vault, finding)
        } catch let error as SettingsError {
            throw error
        } catch  where NoRoom(error, in: state) != nil {
            throw error
        } catch {
            throw SettingsError("catalog-damaged: the log in \(state)/catalog.sqlite: \(error)")
        }
    }

    /// On a full disk with what was kept in reserve, where that is still there.
    private func openCatalog(
        _ state: String, _ vault: VaultID, _ logger: Logger
    ) throws -> SQLiteCatalog {
        let (path, reserve) = (state + "/catalog.sqlite", ReserveFile(directory: state))
        do {
            do {
                return try SQLiteCatalog.open(at: path, vault: vault)
            } catch  where reserve.isTaken && NoRoom(error, in: state) != nil {
                logger.warning("the disk is full: the start takes what was kept in reserve")
                reserve.release()
                return try SQLiteCatalog.open(at: path, vault: vault)
            }
        } catch  where NoRoom(error, in: state) != nil {
            throw error
        } catch CatalogError.newer {
            throw SettingsError(
                "\(path) was written by a newer vaultd, which this one does not understand: start "
                    + "that one, or restore a backup from before it. Nothing was changed")
        } catch {
            throw SettingsError("catalog-damaged: \(path) cannot be used: \(error)")
        }
    }

    private func outages(_ state: String, _ logger: Logger) -> Outages {
        let reserve = ReserveFile(directory: state)
        if !reserve.take() {
            logger.warning("the disk has no room for what is kept in reserve")
        }
        return Outages(reserve: reserve) { log in
            guard let code = log.code else { return logger.notice("the log can be written again") }
            logger.critical(
                "the log cannot be written",
                metadata: ["code": "\(code.rawValue)", "state": "\(log.rawValue)"])
        }
    }

    private func keyFile(_ path: String, _ kind: KeyFile.Kind) throws -> KeyFile {
        let file: KeyFile
        do {
            file = try KeyFileStore.load(path)
        } catch {
            throw SettingsError("keyring-damaged: \(path): \(KeyOpener.code(of: error))")
        }
        guard file.kind == kind else { throw SettingsError("keyring-damaged: \(path): wrong kind") }
        return file
    }

    func opened<Keys>(
        _ file: KeyFile, _ keyPath: String, _ tokens: TokenOpener, _ logger: Logger,
        _ make: (OpenKeyFile) throws -> Keys
    ) -> Keys? {
        do {
            return try make(KeyOpener.open(file, keyPath: keyPath))
        } catch {
            if let keys = tokens.open(file).flatMap({ try? make($0) }) { return keys }
            logger.error(
                "the \(file.kind == .keyring ? "keyring" : "log key") stays sealed",
                metadata: [
                    "code": "\(ErrorCode.keyringRefused.rawValue)",
                    "reason": "\(KeyOpener.code(of: error))", "key_file": "\(keyPath)",
                ])
            return nil
        }
    }
}
