// The rules of canaries.

import Vault
import VaultFormat

extension CatalogConformance {
    static let canaryRules = [
        Rule("a canary is found by its image, and is one, until it goes", canaries),
        Rule("canaries come as they were planted, and no more than are asked for", canaryOrder),
    ]

    private static func canaries(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for _ in 0..<10 {
            let canary = try rows.canary()
            try same(try catalog.look { try $0.canary(canary.place) }, nil)
            try catalog.transact { try $0.setCanary(canary) }
            try same(try catalog.look { try $0.canary(canary.place) }, Optional(canary))
            let elsewhere = ImagePlace(TestKeys.clinic, canary.place.image)
            try same(try catalog.look { try $0.canary(elsewhere) }, nil)
            let again = try rows.canary(at: canary.place)
            try catalog.transact { try $0.setCanary(again) }
            try same(try catalog.look { try $0.canaries(limit: 10) }, [again])
            try catalog.transact { try $0.deleteCanary(canary.place) }
            try same(try catalog.look { try $0.canaries(limit: 10) }, [])
        }
    }

    private static func canaryOrder(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [CanaryRow] = []
        for number in 0..<5 {
            var canary = try rows.canary()
            canary.changedAt = UInt64(50 - number)
            made.append(canary)
            try catalog.transact { [canary] in try $0.setCanary(canary) }
        }
        try same(try catalog.look { try $0.canaries(limit: 3) }, Array(made.reversed().prefix(3)))
    }
}
