// The target `jpeg`: any bytes as an upload that is named as a JPEG.

import ImageInspection

private let name = try? UploadName("a.jpg")

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzJPEG(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let name else { return -1 }
    // libFuzzer lends the bytes for this call.
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
    unsafe WalkCheck.run(bytes.bytes, name)
    return 0
}
