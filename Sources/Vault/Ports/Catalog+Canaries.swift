/// The catalog's canaries: few, and read as a whole.
package protocol CanaryReader {
    func canary(_ place: ImagePlace) throws(StorageError) -> CanaryRow?
    /// Those that were planted first come first.
    func canaries(limit: Int) throws(StorageError) -> [CanaryRow]
}

package protocol CanaryWriter: CanaryReader {
    /// Takes the place of an earlier row of the same image.
    func setCanary(_ canary: CanaryRow) throws(StorageError)
    func deleteCanary(_ place: ImagePlace) throws(StorageError)
}
