package import Vault

extension Outages {
    /// For tests of what happens meanwhile: nobody is told early, and nothing comes back by itself.
    package static let lasting = Outages(patience: .seconds(3600), pause: .seconds(3600))
}
