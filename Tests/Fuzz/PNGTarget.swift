// The target `png`: any bytes as an upload that is named as a PNG, with right checksums mostly, so
// that what stands behind them is met too.

import ImageInspection

private let name = try? UploadName("a.png")

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzPNG(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let name else { return -1 }
    // libFuzzer lends the bytes for this call.
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
    unsafe WalkCheck.run(bytes.bytes, name)
    return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
func mutatePNG(
    _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ capacity: Int, _ seed: UInt32
) -> Int {
    unsafe PNGRepair.mutate(start, count, capacity, seed)
}
