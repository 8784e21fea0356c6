// MicroInspection: what vaultd itself looks at in an upload, and the same of random text for the search alone.

import ImageInspection
import VaultFormat
import VaultTestKit

enum MicroInspection {
    static func measure(into rows: inout MicroRows) {
        for (name, count) in [("200k", 200_000), ("1m", 1_000_000), ("10m", 10_000_000)] {
            let photo = BenchImage.photo(bytes: count)
            rows.measure("walk and search \(name)", bytes: photo.count) {
                // Bytes of bytes: every bit pattern is one.
                guard (try? unsafe ImageInspector.inspect(photo.span.bytes)) != nil else {
                    fatalError("a photo is refused")
                }
            }
        }
        var random = TestRandom(seed: 2)
        // Letters: nothing of it is a sign of another file.
        let text = random.bytes(1_000_000).map { 0x61 + $0 % 26 }
        rows.measure("search 1m", bytes: text.count) {
            guard (try? unsafe ImageInspector.searchText(text.span.bytes)) != nil else {
                fatalError("letters are refused")
            }
        }
    }
}
