"""The policy of the verifier's page, and of a report, allows its own script and style, and nothing else.

Fails when that is not so, and says what the policy has to be; with --mend it is written into the page.

    python3 Tools/check-page.py [--mend] [PAGE]
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "verify.html"
#: What the policy is but for its digests: nothing is loaded, sent or made into a script.
POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
FOUND = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')


def due(page: str) -> str:
    """The policy for what is in the page. A bundle in it is data, and has a tag that says so."""
    digests = {}
    for tag in ("script", "style"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        if len(bodies) != 1:
            raise SystemExit(f"{len(bodies)} elements {tag} in the page, and not one")
        digests[tag] = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
    return POLICY.format(**digests)


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/check-page.py", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--mend", action="store_true", help="write the policy into the page")
    parser.add_argument("page", nargs="?", type=Path, default=PAGE)
    options = parser.parse_args()
    page = options.page.read_bytes().decode()
    policy = due(page)
    if [found[1] for found in FOUND.findall(page)] == [policy]:
        print("the page's policy allows its own script and style alone")
        return 0
    if options.mend:
        mended, count = FOUND.subn(lambda found: found[1] + policy + found[3], page)
        if count == 1:
            options.page.write_bytes(mended.encode())
            return 0
    print(f"{options.page}: the policy has to be, and Tools/check-page.py --mend makes it,\n{policy}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
