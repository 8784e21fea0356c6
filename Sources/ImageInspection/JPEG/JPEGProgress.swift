// JPEGProgress: which coefficients the scans so far have coded, and to which bit (ITU T.81,
// G.1.1.1). A sequential frame codes each component in one scan; a progressive one codes DC before
// AC and never refines what was not coded to exactly the bit before.
import VaultFormat

struct JPEGProgress {
    /// By component and coefficient: the lowest bit coded, or -1.
    private var bits: [[Int]] = Array(repeating: Array(repeating: -1, count: 64), count: 4)

    mutating func advance(
        _ scan: JPEGScan, of frame: JPEGFrame, at offset: Int
    ) throws(Refused) {
        for part in scan.parts where bits.indices.contains(part.component) {
            let known = bits[part.component]
            if !frame.isProgressive {
                guard known[0] < 0 else { throw Refused(.jpegProgression, at: offset) }
            }
            if scan.spectrum.lowerBound > 0, known[0] < 0 {
                throw Refused(.jpegProgression, at: offset)
            }
            for coefficient in scan.spectrum {
                guard max(known[coefficient], 0) == scan.high else {
                    throw Refused(.jpegProgression, at: offset)
                }
                bits[part.component][coefficient] = scan.low
            }
        }
    }

    /// Whether each component has at least its DC coefficients.
    func covers(_ frame: JPEGFrame) -> Bool {
        frame.components.indices.allSatisfy { bits.indices.contains($0) && bits[$0][0] >= 0 }
    }
}
