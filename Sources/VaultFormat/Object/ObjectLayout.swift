/// Where each frame of a blob stands. ObjectFormat §4. All counts in bytes.
package struct ObjectLayout: Hashable, Sendable {
    package let suite: Suite
    package let frameBytes: Int
    package let plaintextBytes: Int

    package init(header: ObjectHeader) {
        suite = header.suite
        frameBytes = header.frameBytes
        plaintextBytes = header.plaintextBytes
    }

    package var frameCount: Int { (plaintextBytes + frameBytes - 1) / frameBytes }

    /// The exact size of the file; any other size is damage.
    package var fileBytes: Int {
        ObjectHeader.byteCount + plaintextBytes + frameCount * ObjectHeader.tagBytes
    }

    /// How long the file of a blob is that holds so many bytes: in every suite.
    package static func fileBytes(of plaintextBytes: Int) -> Int {
        let frames = (plaintextBytes + Limits.frameBytes - 1) / Limits.frameBytes
        return ObjectHeader.byteCount + plaintextBytes + frames * ObjectHeader.tagBytes
    }

    /// The frames that hold `range`, which must not be empty and lie inside the plaintext.
    package func frames(holding range: Range<Int>) -> Range<Int> {
        range.lowerBound / frameBytes..<(range.upperBound - 1) / frameBytes + 1
    }

    /// Plaintext bytes of frame `index`, which must be one of the blob's.
    package func plaintextBytes(ofFrame index: Int) -> Int {
        index == frameCount - 1 ? plaintextBytes - index * frameBytes : frameBytes
    }

    /// Where the sealed frame starts in the file.
    package func fileOffset(ofFrame index: Int) -> Int {
        ObjectHeader.byteCount + index * (frameBytes + ObjectHeader.tagBytes)
    }

    /// Zeros, the frame's number in 32 bits, and whether it is the last: order and end are sealed.
    package func nonce(ofFrame index: Int) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: suite.nonceBytes)
        let counter = UInt32(truncatingIfNeeded: index)
        for place in 0..<4 {
            nonce[suite.nonceBytes - 5 + place] = UInt8(
                truncatingIfNeeded: counter >> (24 - 8 * place))
        }
        nonce[suite.nonceBytes - 1] = index == frameCount - 1 ? 1 : 0
        return nonce
    }

    /// What the frame key and the commitment are derived from: the header up to the commitment,
    /// the namespace with its length, and the ImageID.
    package static func keyContext(
        uncommittedHeader: [UInt8], namespace: NamespaceName, image: ImageID
    ) -> [UInt8] {
        var writer = ByteWriter(reserving: uncommittedHeader.count + 65)
        writer.append(uncommittedHeader)
        writer.appendShort(namespace.bytes)
        writer.append(image.bytes)
        return writer.bytes
    }
}
