import Testing
import VaultFormat

@Suite("Paths of tiles")
struct TilePathTests {
    @Test("a tile has one path, and comes back from it")
    func paths() {
        let known: [(TilePath, String)] = [
            (TilePath(level: 0, place: 0), "0/000"),
            (TilePath(level: 0, place: 999), "0/999"),
            (TilePath(level: 3, place: 1067), "3/x001/067"),
            (TilePath(level: nil, place: 1_234_067), "entries/x001/x234/067"),
            (TilePath(level: 1, place: 5, width: 17), "1/005.p/17"),
        ]
        for (tile, path) in known {
            let segments = path.split(separator: "/").map { String($0) }
            #expect(tile.segments == segments)
            #expect(TilePath(segments) == tile)
        }
    }

    @Test(
        "other spellings are none",
        arguments: [
            "", "0", "8/000", "00/000", "0/0", "0/0000", "0/x000/000", "0/001/067", "0/x001/67",
            "0/000.p/0", "0/000.p/256", "0/000.p/07", "0/000.p", "entry/000", "0/-01", "0/0x1",
            "0/+01", "0/x001/067/1",
        ])
    func others(path: String) {
        let segments = path.split(separator: "/").map { String($0) }
        #expect(TilePath(segments) == nil)
    }
}
