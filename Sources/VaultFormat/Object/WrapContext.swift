/// What a wrapped key is bound to: the AAD of its wrap. ObjectFormat §5.
///
/// A wrap moved to another row, namespace, epoch or purpose does not open.
package struct WrapContext: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case blob(BlobID)
        case reference(ReferenceID)
    }

    package let subject: Subject
    package let epoch: EpochNumber
    package let namespace: NamespaceName
    package let image: ImageID

    package init(
        subject: Subject, epoch: EpochNumber, namespace: NamespaceName, image: ImageID
    ) {
        self.subject = subject
        self.epoch = epoch
        self.namespace = namespace
        self.image = image
    }

    /// Nonce, key and tag of a wrapped key, in bytes.
    package static let wrappedBytes = 24 + 32 + 16

    /// Domain, suite of the wrap, epoch, namespace, image, subject.
    package var associatedData: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        let (domain, id) =
            switch subject {
            case .blob(let id): ("ivault-wrap-blob", id.bytes)
            case .reference(let id): ("ivault-wrap-reference", id.bytes)
            }
        writer.appendShort(Array(domain.utf8))
        writer.append(UInt8(Suite.xchacha20Poly1305.rawValue))
        writer.append(epoch.value)
        writer.appendShort(namespace.bytes)
        writer.append(image.bytes)
        writer.append(id)
        return writer.bytes
    }

    /// Makes this context's ``associatedData`` that of the same key under another epoch.
    package func move(_ associatedData: inout [UInt8], to epoch: EpochNumber) {
        // The domain with its length, and the suite, stand before it.
        let start = 1 + Int(associatedData[0]) + 1
        for place in 0..<4 {
            associatedData[start + place] = UInt8(
                truncatingIfNeeded: epoch.value >> UInt32(24 - 8 * place))
        }
    }
}

extension WrapContext {
    /// The AAD of what is sealed under the wrapped key itself: independent of the epoch, so that
    /// rotation rewraps keys and leaves bodies alone.
    package var bodyData: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.appendShort(Array("ivault-reference-body".utf8))
        writer.appendShort(namespace.bytes)
        writer.append(image.bytes)
        switch subject {
        case .blob(let id): writer.append(id.bytes)
        case .reference(let id): writer.append(id.bytes)
        }
        return writer.bytes
    }
}
