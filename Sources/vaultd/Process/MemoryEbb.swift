// When memory is given back: the allocator keeps what thousands of connections had, in pieces between what others have.

import VaultFormat

struct MemoryEbb {
    private var most = 0

    /// - Parameter open: connections that are open now.
    /// - Returns: whether most of what there was is gone.
    mutating func look(_ open: Int) -> Bool {
        most = max(most, open)
        guard most - open >= Limits.connectionsOfEbb, open <= most / 2 else { return false }
        most = open
        return true
    }
}
