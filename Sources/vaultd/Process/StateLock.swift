import Glibc

/// One daemon a state directory: an flock(2) that ends with the process.
final class StateLock {
    private let descriptor: Int32

    init(directory: String) throws {
        let path = "\(directory)/lock"
        let file = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let number = errno
            guard number != ENOENT else {
                throw SettingsError("there is no vault in \(directory): vaultd init makes one")
            }
            throw SettingsError(
                "\(directory) cannot be used: \(unsafe String(cString: strerror(number)))",
                number: number)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw SettingsError("another vaultd uses \(directory)", mayPass: true)
        }
        descriptor = file
    }

    deinit { close(descriptor) }
}
