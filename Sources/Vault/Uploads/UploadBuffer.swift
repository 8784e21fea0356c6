import Glibc
import ImageInspection
import VaultFormat

/// The plaintext of one upload: contiguous pages that never reach a disk, wiped when given back.
@safe package final class UploadBuffer: @unchecked Sendable {
    // @unchecked: appended to by the one task that receives the upload, read only afterwards.
    private let region: UploadRegion
    private var pages: UnsafeMutableRawBufferPointer { unsafe region.pages }
    private let pool: UploadPool
    private let sizeClass: Int
    private let owner: PrincipalName?
    package private(set) var count = 0
    /// Of what came so far.
    private(set) var places = HiddenPlaces()

    init(region: UploadRegion, sizeClass: Int, owner: PrincipalName?, pool: UploadPool) {
        self.region = region
        self.sizeClass = sizeClass
        self.owner = owner
        self.pool = pool
    }

    /// - Throws: ``VaultError`` `body-too-large` when the bytes do not fit any more.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(VaultError) {
        guard unsafe bytes.count <= pages.count - count else { throw VaultError(.bodyTooLarge) }
        guard unsafe !bytes.isEmpty else { return }
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: pages[count...])
        unsafe rest.copyMemory(from: bytes)
        count += bytes.count
        // What has come was just written: it is in the cache.
        unsafe places.read(UnsafeRawBufferPointer(rebasing: pages[..<count]).bytes)
    }

    /// Keeps what the plan keeps, in its order. A plan moves nothing towards the end, so this needs no
    /// second buffer.
    func rearrange(as plan: StoragePlan) {
        var end = 0
        for part in plan.parts {
            switch part {
            case .kept(let range):
                precondition(end <= range.lowerBound && range.upperBound <= count)
                let from = unsafe UnsafeRawBufferPointer(rebasing: pages[range])
                unsafe write(from, at: end)
                end += range.count
            case .made(let bytes):
                unsafe bytes.withUnsafeBytes { unsafe write($0, at: end) }
                end += bytes.count
            }
        }
        unsafe explicit_bzero(UnsafeMutableRawBufferPointer(rebasing: pages[end..<count]))
        count = end
        // Other bytes than came.
        places = HiddenPlaces()
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at place: Int) {
        // `rebasing` checks the bounds; the two may overlap, which copyMemory allows.
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: pages[place..<place + bytes.count])
        unsafe room.copyMemory(from: bytes)
    }

    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try unsafe body(UnsafeRawBufferPointer(rebasing: pages[..<count]))
    }

    deinit {
        unsafe explicit_bzero(UnsafeMutableRawBufferPointer(rebasing: pages[..<count]))
        pool.giveBack(region, sizeClass: sizeClass, owner: owner)
    }
}

/// Wipes memory in a way that the compiler may not leave out.
private func explicit_bzero(_ bytes: UnsafeMutableRawBufferPointer) {
    if let base = bytes.baseAddress { unsafe Glibc.explicit_bzero(base, bytes.count) }
}
