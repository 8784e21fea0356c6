import Glibc

/// Who this test is to the kernel.
enum OwnIdentity {
    static let uid = getuid()
    static let gid = getgid()
    static let pid = getpid()
}
