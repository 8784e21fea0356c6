"""Uploads a corpus of images to a vault and compares what it says with what a manifest expects.

    python3 Tools/corpus.py SOCKET DIRECTORY MANIFEST

Reads of the manifest only path, kind, expect and upload_name; `either` is left out. Accepted images are
fetched again and compared.
"""

import csv
import http.client
import json
import socket
import sys
import urllib.parse
from collections import Counter
from pathlib import Path

# The share of each group that must come out as expected.
BARS = {"valid photos accepted": 0.99, "valid images accepted": 0.98, "polyglots refused": 0.95,
        "malformed refused": 0.97, "bombs refused": 1.0, "masquerades refused": 1.0}


class Door(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str):
        super().__init__("vault", timeout=120)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path: str, method: str, target: str, body: bytes = b"", headers: dict | None = None) -> tuple[int, bytes]:
    door = Door(path)
    door.request(method, target, body or None, headers or {})
    answer = door.getresponse()
    content = answer.read()
    door.close()
    return answer.status, content


def upload(path: str, name: str, body: bytes) -> tuple[bool, str]:
    """Whether the image was accepted, and the finding or code when it was not."""
    quoted = urllib.parse.quote(name, safe="")
    status, content = ask(path, "POST", "/v1/images", body,
                          {"Content-Disposition": f"attachment; filename*=UTF-8''{quoted}"})
    answer = json.loads(content)
    if status != 201:
        return False, (answer.get("finding") or {}).get("code") or answer["code"]
    status, stored = ask(path, "GET", f"/v1/images/{answer['id']}")
    kept = answer["stored"]["bytes"]
    if status != 200 or stored != body[:kept] or (kept < len(body) and not answer["transformed"]):
        raise SystemExit(f"{name}: what came back is not what was stored")
    return True, ""


def group(row: dict) -> str | None:
    if row["expect"] == "accept":
        return "valid photos accepted" if row["kind"] == "valid-photo" else "valid images accepted"
    return {"polyglot": "polyglots refused", "malformed": "malformed refused", "bomb": "bombs refused",
            "masquerade": "masquerades refused", "name": "names refused"}.get(row["kind"])


def main() -> int:
    door, directory, manifest = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    right, total, misses = Counter(), Counter(), []
    rows = [row for row in csv.DictReader(manifest.open(newline="")) if row["expect"] in ("accept", "reject")]
    for row in rows:
        accepted, finding = upload(door, row["upload_name"], (directory / row["path"]).read_bytes())
        name = group(row) or f"{row['kind']} {row['expect']}ed"
        total[name] += 1
        if accepted == (row["expect"] == "accept"):
            right[name] += 1
        else:
            misses.append(f"  {row['path']}: {'accepted' if accepted else 'refused, ' + finding}, expected {row['expect']}")
    failed = False
    print(f"{'group':28}{'as expected':>14}{'share':>9}{'bar':>8}")
    for name in sorted(total):
        share, bar = right[name] / total[name], BARS.get(name)
        failed |= bar is not None and share < bar
        print(f"{name:28}{right[name]:>7} of {total[name]:<4}{100 * share:8.1f} %" + (f"{100 * bar:6.0f} %" if bar else ""))
    print("\n".join(["misses:"] + misses) if misses else "no misses")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
