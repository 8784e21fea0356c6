// Which libsodium this is.

import CSodium

package enum SodiumVersion {
    /// As the library says itself, as `1.0.18`.
    package static var text: String {
        // A text of the library's own, which lasts.
        unsafe String(cString: sodium_version_string())
    }
}
