// The rules of background work, of what changes about an image, and of kept answers.

import Vault
import VaultFormat

extension CatalogConformance {
    static let operationRules = [
        Rule("an operation comes back as it was inserted, and as it was updated", operations),
        Rule("operations come newest first, in pages", operationPages),
        Rule("those that are not at their end come oldest first", unfinishedOperations),
        Rule("finished operations but the newest go with their findings", finishedOperations),
        Rule("findings come in order, and belong to one operation", findings),
        Rule("images come by row, without the quarantined, and below a version", imageWalk),
        Rule("an image's verdict and quarantine can change, and nothing else", imageUpdate),
        Rule("updating what is not there is damage", updatesOfNothing),
        Rule("a kept answer is found by its look-up, and replaces an older one", keptAnswers),
        Rule("quarantined images come by row", quarantine),
        Rule("a request for approval comes back as it was inserted and updated", approvals),
        Rule("requests that wait come by row until they lapse", waitingApprovals),
        Rule("kept answers are counted by principal and age, and removed by age", keptAnswerLife),
    ]

    private static func operations(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for state in OperationState.allCases {
            var operation = rows.operation(state)
            operation.row = try catalog.transact { try $0.insertOperation(operation) }
            try same(try catalog.operation(operation.operation), operation)
            operation.state = .failed
            operation.failure = .catalogDamaged
            operation.progress.cursor += 1
            operation.progress.last = 1 << 57 | 6
            operation.progress.total = 77
            operation.progress.done += 2
            operation.progress.found += 3
            operation.progress.failures += 4
            operation.updatedMicroseconds += 5
            operation.changedAt += 6
            operation.mac = rows.id()
            try catalog.transact { try $0.updateOperation(operation) }
            try same(try catalog.operation(operation.operation), operation)
            try refuses(StorageError.damaged) {
                try catalog.transact { _ = try $0.insertOperation(operation) }
            }
        }
    }

    private static func operationPages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = try (0..<5).map { _ in
            var operation = rows.operation(.done)
            operation.row = try catalog.transact { try $0.insertOperation(operation) }
            return operation
        }
        let first = try catalog.look { try $0.operations(before: .max, limit: 2) }
        try same(first, [made[4], made[3]])
        let second = try catalog.look { try $0.operations(before: made[3].row, limit: 9) }
        try same(second, [made[2], made[1], made[0]])
    }

    private static func unfinishedOperations(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for state in OperationState.allCases {
            try catalog.transact { _ = try $0.insertOperation(rows.operation(state)) }
        }
        let found = try catalog.look { try $0.unfinishedOperations(limit: 9) }
        try same(found.map(\.state), [.pending, .running, .paused])
        let first = try catalog.look { try $0.unfinishedOperations(limit: 1) }
        try same(first.map(\.state), [.pending])
    }

    private static func finishedOperations(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let states = [OperationState.done, .running, .failed, .cancelled, .done]
        let made = try states.map { state in
            try catalog.transact { writer in
                let row = try writer.insertOperation(rows.operation(state))
                try writer.insertFinding(rows.finding(of: row))
                return row
            }
        }
        try catalog.transact { try $0.deleteFinishedOperations(butNewest: 2) }
        let kept = try catalog.look { try $0.operations(before: .max, limit: 9) }
        try same(kept.map(\.row), [made[4], made[3], made[1]])
        let findings = try made.map { row in
            try catalog.look { try $0.findings(of: row, after: 0, limit: 9).count }
        }
        try same(findings, [0, 1, 0, 1, 1])
    }

    private static func findings(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let (one, other) = try catalog.transact { writer in
            (
                try writer.insertOperation(rows.operation(.running)),
                try writer.insertOperation(rows.operation(.paused))
            )
        }
        let made = [
            rows.finding(of: one),
            OperationFindingRow(
                row: 0, operation: one, namespace: nil, image: nil, code: .rowRolledBack,
                finding: nil, event: 7),
        ]
        try catalog.transact { writer in
            try writer.insertFinding(made[0])
            try writer.insertFinding(rows.finding(of: other))
            try writer.insertFinding(made[1])
        }
        let found = try catalog.look { try $0.findings(of: one, after: 0, limit: 9) }
        try same(found.map(\.image), made.map(\.image))
        try same(found.map(\.namespace), made.map(\.namespace))
        try same(found.map(\.finding), made.map(\.finding))
        try same(found.map(\.event), made.map(\.event))
        try same(found.map(\.code), made.map(\.code))
        let rest = try catalog.look { try $0.findings(of: one, after: found[0].row, limit: 9) }
        try same(rest, [found[1]])
        try same(try catalog.look { try $0.findings(of: one, after: 0, limit: 1) }, [found[0]])
    }

    private static func imageWalk(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = try (0..<4).map { number in
            var image = rows.image(in: number == 1 ? TestKeys.clinic : .standard)
            image.verdict = Verdict(
                level: .decode, inspectorVersion: UInt32(number), findings: [], flags: [])
            if number == 2 { image.quarantinedMicroseconds = 99 }
            image.row = try catalog.transact { try $0.insertImage(image) }
            try same(try catalog.image(image.image, in: image.namespace), image)
            return image
        }
        func walk(
            after: Int64 = 0, through: Int64 = .max, _ below: UInt32?, _ limit: Int
        ) throws -> [ImageRow] {
            try catalog.look {
                try $0.images(after: after, through: through, below: below, limit: limit)
            }
        }
        try same(try walk(nil, 9), [made[0], made[1], made[3]])
        try same(try walk(nil, 1), [made[0]])
        try same(try walk(after: made[0].row, through: made[2].row, nil, 9), [made[1]])
        try same(try walk(3, 9), [made[0], made[1]])
        try same(try catalog.look { try $0.imageCount(below: nil).count }, 3)
        try same(try catalog.look { try $0.imageCount(below: nil).last }, made[3].row)
        try same(try catalog.look { try $0.imageCount(below: 1).last }, made[0].row)
        try same(try catalog.look { try $0.imageCount(below: 0).count }, 0)
    }

    private static func imageUpdate(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var image = rows.image()
        image.row = try catalog.transact { try $0.insertImage(image) }
        image.verdict = Verdict(
            level: .decode, inspectorVersion: 9, findings: [], flags: [.serialNumber])
        image.quarantinedMicroseconds = 17
        image.changedAt += 1
        image.mac = rows.id()
        try catalog.transact { try $0.updateImage(image) }
        try same(try catalog.image(image.image), image)
        image.quarantinedMicroseconds = nil
        try catalog.transact { try $0.updateImage(image) }
        try same(try catalog.image(image.image), image)
    }

    private static func updatesOfNothing(_ catalog: any Catalog) throws {
        var rows = TestRows()
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateImage(rows.image()) }
        }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateOperation(rows.operation(.running)) }
        }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.insertFinding(rows.finding(of: 77)) }
        }
    }

    private static func keptAnswers(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let first = rows.answer()
        try catalog.transact { try $0.insertKeptAnswer(first) }
        try same(try catalog.keptAnswer(first.lookup), first)
        try same(try catalog.keptAnswer(rows.id()), nil)
        let second = rows.answer(first.lookup)
        try catalog.transact { try $0.insertKeptAnswer(second) }
        try same(try catalog.keptAnswer(first.lookup), second)
        try same(try catalog.look { try $0.keptAnswerCount(of: first.principal, since: 0) }, 0)
    }

    private static func keptAnswerLife(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let principal: BlindIndex = rows.id()
        let made = [30, 10, 20, 40].map { rows.answer(of: principal, at: $0) }
        try catalog.transact { writer in
            for answer in made { try writer.insertKeptAnswer(answer) }
            try writer.insertKeptAnswer(rows.answer(at: 50))
        }
        try same(try catalog.look { try $0.keptAnswerCount(of: principal, since: 0) }, 4)
        try same(try catalog.look { try $0.keptAnswerCount(of: principal, since: 30) }, 2)
        try catalog.transact { try $0.deleteKeptAnswers(before: 31, limit: 2) }
        let left = try made.map { answer in
            try catalog.keptAnswer(answer.lookup) != nil
        }
        try same(left, [true, false, false, true])
    }

    private static func quarantine(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = try (0..<4).map { number in
            var image = rows.image(in: number == 3 ? TestKeys.clinic : .standard)
            image.quarantinedMicroseconds = number == 1 ? nil : Int64(number + 1)
            image.row = try catalog.transact { try $0.insertImage(image) }
            return image
        }
        let all = try catalog.look { try $0.quarantinedImages(after: 0, limit: 9) }
        try same(all, [made[0], made[2], made[3]])
        let rest = try catalog.look { try $0.quarantinedImages(after: made[0].row, limit: 1) }
        try same(rest, [made[2]])
    }

    private static func approvals(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = rows.approval()
        try catalog.transact { try $0.insertApproval(made) }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.insertApproval(made) }
        }
        var found = try catalog.look { try $0.approval(made.approval) }
        var expected = made
        expected.row = found?.row ?? 0
        try same(found, expected)
        expected.state = .performed
        expected.approver = .max
        expected.changedAt = 17
        expected.mac = rows.id()
        let changed = expected
        try catalog.transact { try $0.updateApproval(changed) }
        found = try catalog.look { try $0.approval(made.approval) }
        try same(found, expected)
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateApproval(rows.approval()) }
        }
    }

    private static func waitingApprovals(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = [
            rows.approval(expires: 10), rows.approval(expires: 20),
            rows.approval(.performed, expires: 30), rows.approval(expires: 30),
        ]
        try catalog.transact { writer in for row in made { try writer.insertApproval(row) } }
        func waiting(_ time: Int64, after: Int64 = 0, limit: Int = 9) throws -> [ApprovalRow] {
            try catalog.look {
                try $0.waitingApprovals(
                    ofEpochs: false, at: time, after: after, limit: limit)
            }
        }
        try same(try waiting(10).map(\.approval), [0, 1, 3].map { made[$0].approval })
        try same(try waiting(11).map(\.approval), [1, 3].map { made[$0].approval })
        let first = try waiting(10, limit: 1)[0]
        try same(try waiting(10, after: first.row).count, 2)
        try catalog.transact { try $0.deleteApprovals(lapsedBefore: 25, limit: 1) }
        let left = try made.map { row in try catalog.look { try $0.approval(row.approval) } != nil }
        try same(left, [false, true, true, true])
    }
}
