// Which version of ImageVault this is. Tools/package reads it from here.

package enum Version {
    package static let text = "0.1.0"
}
