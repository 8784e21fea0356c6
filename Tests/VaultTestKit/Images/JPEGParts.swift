// JPEGParts: a JPEG as a list of pieces that a test can change one at a time before it is written
// out. `TestJPEG` makes sound ones; a test breaks one rule and nothing else.

/// A JPEG in pieces: a segment, or bytes that are in no segment.
package struct JPEGParts: Sendable {
    package enum Piece: Sendable {
        /// A marker with a length field, which is computed unless `length` is given.
        case segment(marker: UInt8, payload: [UInt8], length: Int? = nil)
        /// A marker alone.
        case marker(UInt8)
        /// Entropy-coded data, or anything else, as it is.
        case raw([UInt8])
    }

    package var pieces: [Piece]

    package init(pieces: [Piece]) {
        self.pieces = pieces
    }

    package var bytes: [UInt8] {
        pieces.flatMap(Self.bytes)
    }

    private static func bytes(_ piece: Piece) -> [UInt8] {
        switch piece {
        case .raw(let bytes): return bytes
        case .marker(let marker): return [0xFF, marker]
        case .segment(let marker, let payload, let length):
            let size = length ?? payload.count + 2
            return [0xFF, marker, UInt8(size >> 8 & 0xFF), UInt8(size & 0xFF)] + payload
        }
    }

    /// The index of the first segment with this marker.
    package func index(of marker: UInt8) -> Int? {
        pieces.firstIndex { piece in
            switch piece {
            case .segment(let found, _, _), .marker(let found): found == marker
            case .raw: false
            }
        }
    }

    /// A copy with a piece before the first one of `marker`, or at the end.
    package func inserting(_ piece: Piece, before marker: UInt8) -> JPEGParts {
        var copy = self
        copy.pieces.insert(piece, at: index(of: marker) ?? pieces.count)
        return copy
    }

    /// A copy without the first piece of `marker`.
    package func removing(_ marker: UInt8) -> JPEGParts {
        var copy = self
        if let index = index(of: marker) { copy.pieces.remove(at: index) }
        return copy
    }

    /// A copy in which the payload of the first segment of `marker` was changed.
    package func changing(_ marker: UInt8, _ change: (inout [UInt8]) -> Void) -> JPEGParts {
        var copy = self
        if let index = index(of: marker), case .segment(_, var payload, let length) = pieces[index]
        {
            change(&payload)
            copy.pieces[index] = .segment(marker: marker, payload: payload, length: length)
        }
        return copy
    }

    /// A copy in which the marker of the first piece of `marker` is another.
    package func renaming(_ marker: UInt8, to other: UInt8) -> JPEGParts {
        var copy = self
        if let index = index(of: marker), case .segment(_, let payload, let length) = pieces[index]
        {
            copy.pieces[index] = .segment(marker: other, payload: payload, length: length)
        }
        return copy
    }

    /// A copy in which the first entropy-coded data was changed.
    package func changingData(_ change: (inout [UInt8]) -> Void) -> JPEGParts {
        var copy = self
        for (index, piece) in pieces.enumerated() {
            guard case .raw(var bytes) = piece else { continue }
            change(&bytes)
            copy.pieces[index] = .raw(bytes)
            break
        }
        return copy
    }

    /// A copy with a comment before the frame header.
    package func commented(_ comment: [UInt8]) -> JPEGParts {
        inserting(.segment(marker: 0xFE, payload: comment), before: 0xDB)
    }

    package func commented(_ comment: String) -> JPEGParts {
        commented(Array(comment.utf8))
    }
}
