// The rules of what somebody gave his word on.

import Vault
import VaultFormat

extension CatalogConformance {
    static let doctorRules = [
        Rule("of each item the last attestation is there, in the order of the items", attestations)
    ]

    private static func attestations(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let items = [DoctorItem.compliance, .firewall, .compliance]
        let made: [AttestationRow] = items.map { rows.attestation(of: $0) }
        for row in made { try catalog.transact { try $0.setAttestation(row) } }
        try same(try catalog.look { try $0.attestations() }, [made[1], made[2]])
        let (last, none) = try catalog.look {
            (try $0.attestation(of: .compliance), try $0.attestation(of: .incidentPlan))
        }
        try same(last, made[2])
        try same(none, nil)
    }
}
