// What is believed of a caller's program and unit.

import Testing
import VaultFormat

@Suite("A caller's process")
struct PeerProcessTests {
    private func unit(_ groups: String) -> String? {
        PeerProcess(executable: nil, controlGroups: Array(groups.utf8)).unit
    }

    @Test(
        "is of the first part of its group that is no slice, however those below are called",
        arguments: [
            ("0::/system.slice/nginx.service\n", "nginx.service"),
            ("0::/system.slice/system-web.slice/web@7.service/payload\n", "web@7.service"),
            (
                "0::/user.slice/user-7.slice/user@7.service/app.slice/sshd.service\n",
                "user@7.service"
            ),
            ("0::/user.slice/user-7.slice/session-2.scope\n", "session-2.scope"),
            ("0::/system.slice/web\\x2dshop.service\n", "web\\x2dshop.service"),
            ("9:name=systemd:/a.service\n4:memory:/b.service\n0::/\n", "a.service"),
            ("9:name=systemd:/\n0::/c.service\n", "c.service"),
            ("0::/", nil), ("", nil), ("0::/user.slice", nil), ("0::/docker/abc", nil),
            ("0::/x/nginx.service", nil), ("4:memory:/b.service\n", nil), ("::", nil),
            ("0::/a\u{1b}[2J.service\n", nil), ("0::/b c.service\n", nil), ("0::/ü.service", nil),
        ])
    func units(groups: String, expected: String?) {
        #expect(unit(groups) == expected, "\(groups)")
    }

    @Test("has a unit of 255 bytes and a path of 1,024, and none that is longer")
    func lengths() {
        let name = String(repeating: "u", count: 247)
        #expect(unit("0::/\(name).service")?.utf8.count == 255)
        #expect(unit("0::/u\(name).service") == nil)
        for (count, isKept) in [(0, false), (1, true), (1024, true), (1025, false)] {
            let path = [UInt8](repeating: 0x2F, count: count)
            let process = PeerProcess(executable: path, controlGroups: [])
            #expect((process.executable != nil) == isKept, "\(count)")
        }
    }

    @Test("has a path of any bytes, and the log's line is ASCII all the same")
    func hostilePath() {
        let path = Array("/a\u{202e}\"\\\n\u{1b}".utf8) + [0xFF, 0xC3]
        let process = PeerProcess(executable: path, controlGroups: [])
        #expect(process.executable == "/a\u{202e}\"\\\n\u{1b}\u{fffd}\u{fffd}")
        var event = Event(.imagePut, atMicroseconds: 0)
        event.caller = Caller(door: .images, uid: 1, gid: 1, pid: 1, process: process)
        let body = event.body(index: 0)
        #expect(body.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(
            String(decoding: body, as: UTF8.self).contains(
                #""pid":1,"executable":"/a\u202e\"\\\u000a\u001b\ufffd\ufffd"}"#))
        #expect(event.whileSealed.caller?.process == nil)
    }
}
