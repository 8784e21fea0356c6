"""HTTP over a Unix socket, for requests: one adapter a socket, the host in the address means nothing."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

#: Any host name; the socket decides. Schemathesis wants an address.
BASE = "http://vault"

#: Seconds until an answer that does not come is a failure.
PATIENCE = 30


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("vault", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


class _Pool(urllib3.HTTPConnectionPool):
    def __init__(self, path: Path) -> None:
        super().__init__("vault")
        self.path = path

    def _new_conn(self) -> _Connection:  # type: ignore[override]
        return _Connection(self.path)


class _Adapter(HTTPAdapter):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pool = _Pool(path)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> _Pool:
        return self.pool


def session(path: Path) -> requests.Session:
    """A session whose every request goes to the socket at `path`."""
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", _Adapter(path))
    return made
