// Places for connections: so many of one user, so many of all, and the last for those who have few.

import Testing
import VaultFormat
import VaultServer

@Suite("Places for connections")
struct ConnectionCounterTests {
    @Test("one user has so many and no more, and gets back what it gives back")
    func each() {
        let counter = ConnectionCounter(descriptors: .max)
        for _ in 0..<Limits.connectionsPerUser { #expect(counter.admit(1)) }
        #expect(!counter.admit(1))
        #expect(counter.admit(2))
        counter.release(1)
        #expect(counter.admit(1))
        #expect(!counter.admit(1))
        #expect(counter.total == Limits.connectionsPerUser + 1)
    }

    @Test("the last places are for users who have few")
    func last() {
        let counter = ConnectionCounter(descriptors: .max)
        let users = UInt32(Limits.connections / Limits.connectionsPerUser) + 1
        for user in 1...users { while counter.admit(user) {} }
        #expect(counter.total == Limits.connections - Limits.connectionsKept)
        for _ in 0..<Limits.connectionsOfFew { #expect(counter.admit(99)) }
        #expect(!counter.admit(99))
        #expect(counter.admit(98))
    }

    @Test("there are never more than three quarters of the descriptors", arguments: [8, 64, 1024])
    func descriptors(count: Int) {
        let counter = ConnectionCounter(descriptors: count)
        for user in UInt32(1)...UInt32(count) { _ = counter.admit(user) }
        #expect(counter.total == count / 4 * 3)
    }

    @Test("what was never counted is not given back")
    func unknown() {
        let counter = ConnectionCounter(descriptors: 1024)
        counter.release(7)
        #expect(counter.total == 0)
        #expect(counter.admit(7))
        counter.release(7)
        counter.release(7)
        #expect(counter.total == 0)
    }
}
