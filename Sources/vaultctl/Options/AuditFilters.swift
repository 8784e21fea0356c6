// What an auditor asks for, as options.

import ArgumentParser
import Foundation
import VaultAPI
import VaultFormat

struct AuditTimes: ParsableArguments {
    @Option(help: "From this time on: a date, or a time in UTC.")
    var since: AuditTime?

    @Option(help: "Before this time.")
    var until: AuditTime?

    func validate() throws {
        guard let since, let until else { return }
        guard since.microseconds < until.microseconds else {
            throw ValidationError("--until must be later than --since.")
        }
    }

    func add(to query: inout AuditQuery) {
        query.since = since?.microseconds
        query.until = until?.microseconds
    }
}

/// A moment: a date, which begins at midnight, or a time in UTC.
struct AuditTime: ExpressibleByArgument {
    let microseconds: Int64

    init?(argument: String) {
        let isDate = argument.utf8.count == 10
        let text = isDate ? "\(argument)T00:00:00Z" : argument
        guard let time = UTCTime(argument: text)?.microseconds else { return nil }
        microseconds = time
    }
}

struct AuditFilters: ParsableArguments {
    @Option(help: "About this image.")
    var image: ImageID?

    @Option(help: "By this user, as the kernel told.")
    var uid: UInt32?

    @Option(help: "About a claim of this owner.")
    var owner: OwnerID?

    @Option(help: "About a claim of this job.")
    var job: JobID?

    @Option(help: "For whom a backend named this actor.")
    var actor: ActorName?

    @Option(help: "For whom a backend named this address.")
    var client: ClientAddress?

    @Option(help: "The namespace of the owner, job, actor or client; yours if none.")
    var namespace: NamespaceName?

    @Option(help: "With this access token, or about it.")
    var token: AccessTokenID?

    @Option(help: "With this fetch ticket, or about it.")
    var ticket: TicketID?

    @Option(help: "With this pseudonym.")
    var pseudonym: Pseudonym?

    @Option(help: "Of these actions, with commas between.")
    var action: EventActions?

    @Option(help: "That ended so: done, refused or failed.")
    var outcome: EventOutcome?

    @OptionGroup var times: AuditTimes

    func validate() throws {
        guard namespace == nil || owner != nil || job != nil || actor != nil || client != nil
        else {
            throw ValidationError(
                "--namespace says where --owner, --job, --actor or --client is looked for.")
        }
    }

    var query: AuditQuery {
        var query = AuditQuery()
        query.image = image
        query.uid = uid
        query.owner = owner
        query.job = job
        query.actor = actor
        query.client = client
        query.namespace = namespace
        query.token = token
        query.ticket = ticket
        query.pseudonym = pseudonym
        query.actions = action?.actions ?? []
        query.outcome = outcome
        times.add(to: &query)
        return query
    }
}

struct EventActions: ExpressibleByArgument {
    let actions: [EventAction]

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        let actions = names.compactMap { EventAction(name: $0) }
        guard actions.count == names.count, names.count <= Limits.queryActions,
            Set(actions).count == actions.count
        else { return nil }
        self.actions = actions
    }
}

extension EventOutcome: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(name: argument)
    }
}

extension ActorName: ExpressibleByArgument {
    package init?(argument: String) { try? self.init(argument) }
}

extension ClientAddress: ExpressibleByArgument {
    package init?(argument: String) { try? self.init(canonical: argument) }
}

extension Pseudonym: ExpressibleByArgument {}
