// BenchMicro WORKER DIR SECONDS: what each part of the vault costs alone, for Tools/bench micro. Prints JSON: rows of
// nanoseconds of processor time for one call, and rates of what waits for the disk. What the machine could do at most
// is measured by limits.c in the same run.

import Foundation
import Glibc

@main
struct BenchMicro {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seconds = Double(arguments[3]), seconds > 0 else {
            print("usage: BenchMicro WORKER DIR SECONDS")
            exit(EX_USAGE)
        }
        // A daemon that has served a while gives no frame's pages back to the kernel: nor does this.
        unsafe free(malloc(31 << 20))
        do {
            var rows = MicroRows(seconds: seconds)
            try MicroCrypto.measure(into: &rows)
            MicroInspection.measure(into: &rows)
            try MicroBlobs.measure(into: &rows, directory: arguments[2] + "/blobs")
            try await MicroCatalog.measure(into: &rows, directory: arguments[2])
            try await MicroIsolation.measure(into: &rows, worker: arguments[1])
            print(String(decoding: try JSONEncoder().encode(rows.rows), as: UTF8.self))
        } catch {
            print("BenchMicro: \(error)")
            exit(EX_SOFTWARE)
        }
    }
}
