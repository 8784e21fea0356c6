"""What a backend asserts reaches the vault's log; what a deadline ends changes nothing."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Script, all_images
from pictures import png

import imagevault
from imagevault.testing import FakeVault
from imagevault.testing.aio import AsyncFakeVault

ID = "a" * 64
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
Connect = Callable[..., Any]


class Log:
    """The vault's events since this was made, without those of reading the log."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "audit.sock"
        self._after = self._page("newest=1")["size"] - 1

    def events(self) -> list[dict[str, Any]]:
        events = self._page(f"after={self._after}&limit=1000")["events"]
        return [event for event in events if event["action"] != "log.read"]

    def actions(self) -> list[str]:
        return [event["action"] for event in self.events()]

    def _page(self, query: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("vault", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self._socket))
        connection.request("GET", f"/v1/events?{query}")
        page: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return page


def test_the_log_has_whom_it_was_for(real_vault: Path, connect: Connect, job: str) -> None:
    vault = connect(real_vault / "images.sock")
    log = Log(real_vault)
    asked = vault.on_behalf("user:1", ip="203.0.113.9", agent="Mozilla/5.0", traceparent=TRACE)
    asked.put(png(), "a.png", job=job)
    asked.on_behalf("user:2", ip="203.0.113.9").page(job=job)
    vault.page(job=job)
    put, listed, plain = log.events()
    assert put["trace"] == TRACE_ID
    assert {"actor", "client", "agent"} <= put.keys()
    # A pseudonym is the same for the same address, and no word of the backend's.
    assert put["client"] == listed["client"] and put["actor"] != listed["actor"]
    assert "user:1" not in json.dumps(put) and "203.0.113.9" not in json.dumps(put)
    assert not {"agent", "trace"} & listed.keys()
    assert not {"actor", "client", "agent", "trace"} & plain.keys()


def test_headers_are_spelled_as_the_contract_has_them(script: Script, connect: Connect) -> None:
    script.scenes = [[b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}"]]
    agent = 'a "b" \\ é' + "x" * 300
    vault = connect(script.path)
    vault.on_behalf("u", ip="::FFFF", agent=agent, traceparent=TRACE).within(1.5).health()
    head = script.requests[0].decode().partition("\r\n\r\n")[0].split("\r\n")
    kept = 'a \\"b\\" \\\\ ?' + "x" * (255 - 9)
    assert "Vault-Actor: u" in head
    assert f'Vault-Client: ip=::ffff; ua="{kept}"' in head
    assert f"traceparent: {TRACE}" in head
    assert "Vault-Timeout-Ms: 1500" in head


def test_a_deadline_that_passed_stores_nothing(
    real_vault: Path, connect: Connect, job: str
) -> None:
    vault = connect(real_vault / "images.sock")
    data = png(1500, 1500)
    # A millisecond is over before seven megabytes have come.
    with pytest.raises(imagevault.DeadlineExceeded) as caught:
        vault.within(0.001).put(data, "a.png", job=job)
    assert (caught.value.status, caught.value.retryable) == (504, True)
    assert all_images(vault.list(job=job)) == []
    assert vault.within(60).put(data, "a.png", job=job).job == job


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"start": 1, "stop": 3}, "206 Partial Content|bytes 0-1/10"),
        ({"start": 1, "stop": 3}, "206 Partial Content|bytes 1-3/10"),
        ({"start": 1, "stop": 3}, "206 Partial Content|bytes 1-2/*"),
        ({"start": 1, "stop": 3}, "206 Partial Content|nonsense"),
        ({"start": 1, "stop": 4}, "206 Partial Content|bytes 1-2/10"),
        ({"start": -3}, "206 Partial Content|bytes 1-2/10"),
        ({"start": 1}, "200 OK|"),
        ({}, "206 Partial Content|bytes 0-1/10"),
        ({}, "304 Not Modified|"),
    ],
)
def test_another_part_than_was_asked_for_is_not_understood(
    script: Script, connect: Connect, asked: dict[str, int], answered: str
) -> None:
    status, _, place = answered.partition("|")
    range_line = f"Content-Range: {place}\r\n" if place else ""
    script.scenes = [[f"HTTP/1.1 {status}\r\n{range_line}Content-Length: 2\r\n\r\nab".encode()]]
    with pytest.raises(imagevault.AnswerNotUnderstood):
        connect(script.path).get(ID, **asked)


def test_a_part_that_ends_early_tells_how_much_came(
    script: Script, connect: Connect
) -> None:
    head = b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 10-14/20\r\nContent-Length: 5\r\n\r\n"
    script.scenes = [[head + b"abc"]]
    with pytest.raises(imagevault.IncompleteAnswer) as caught:
        connect(script.path).get(ID, start=10, stop=15)
    assert (caught.value.received, caught.value.expected) == (3, 5)


def test_the_fake_tells_what_was_asserted(
    fake_vault: FakeVault, async_fake_vault: AsyncFakeVault
) -> None:
    fake_vault.on_behalf("user:1", ip="203.0.113.9").within(2).page()
    wanted = {"Vault-Actor": "user:1", "Vault-Client": "ip=203.0.113.9", "Vault-Timeout-Ms": "2000"}
    assert fake_vault.context == async_fake_vault.context == wanted
    fake_vault.page()
    assert fake_vault.context == {}


def test_names_of_people_are_not_in_the_repr(fake_vault: FakeVault) -> None:
    assert "user:1" not in repr(fake_vault.on_behalf("user:1")._context)
