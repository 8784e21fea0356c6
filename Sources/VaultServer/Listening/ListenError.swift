// Why nobody can be listened to at a place.

import Glibc

package struct ListenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A path, or a port of an address.
    package let place: String
    package let step: String
    /// As errno(3) has it.
    package let number: Int32

    package var description: String {
        "cannot \(step) \(place): \(unsafe String(cString: strerror(number)))"
    }

    /// - Parameter number: by default what the last call failed with.
    init(_ step: String, _ place: String, number: Int32 = errno) {
        self.place = place
        self.step = step
        self.number = number
    }
}
