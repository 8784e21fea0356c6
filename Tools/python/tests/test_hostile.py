"""Answers that no vault gives, and connections that end at the wrong moment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Script
from pictures import png

import imagevault
from imagevault import Vault

ID = "a" * 64
OK = b'{"status":"ok"}'
Connect = Callable[..., Any]


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def problem(code: str, status: int, **members: Any) -> bytes:
    document = {"code": code, "status": status, "retryable": True, "fix": "Wait."} | members
    body = json.dumps(document).encode()
    return answer(body, "Content-Type: application/problem+json", status=f"{status} No")


def raw(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("received", [0, 5, 99_999])
def test_a_short_body_raises(script: Script, connect: Connect, received: int) -> None:
    script.scenes = [[answer(b"x" * received, length=100_000)]] * 2
    vault = connect(script.path)
    got = b""
    with pytest.raises(imagevault.IncompleteAnswer) as caught:
        for piece in vault.stream(ID):
            got += piece
    assert got == b"x" * received
    assert (caught.value.received, caught.value.expected) == (received, 100_000)
    with pytest.raises(imagevault.ImageDamaged):
        vault.get(ID)


def test_a_short_json_is_no_answer(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK, length=100)]]
    with pytest.raises(imagevault.VaultUnreachable):
        connect(script.path).health()


@pytest.mark.parametrize(
    "broken",
    [
        "SSH-2.0-OpenSSH_9.2\n\n",
        "HTTP/1.1 200 OK\nContent-Length: -5\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5x\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6\n\nhello!",
        "HTTP/1.1 200 OK\nContent-Length: 5\nbroken line without a colon\n\nhello",
        "HTTP/1.1 200 OK\n\nhello",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n",
        "HTTP/1.1 abc OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 302 Found\nLocation: /v1/images\nContent-Length: 0\n\n",
        "HTTP/1.1 500 No\nContent-Type: text/html\nContent-Length: 5\n\nhello",
        "HTTP/1.1 206 Partial\nContent-Length: 5\n\nhello",
    ],
)
def test_broken_heads_are_not_understood(script: Script, connect: Connect, broken: str) -> None:
    script.scenes = [[raw(broken)]]
    with pytest.raises(imagevault.AnswerNotUnderstood):
        connect(script.path).get(ID)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"status":5}', b"{}", b"\xff", b"[" * 100_000, b"null"],
)
def test_json_out_of_contract_is_not_understood(
    script: Script, connect: Connect, body: bytes
) -> None:
    script.scenes = [[answer(body)]]
    with pytest.raises(imagevault.AnswerNotUnderstood):
        connect(script.path).health()


def test_an_endless_json_is_not_read(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(b"{", length=1 << 40)]]
    with pytest.raises(imagevault.AnswerNotUnderstood):
        connect(script.path).version()


def test_unknown_members_and_codes_are_passed_over(script: Script, connect: Connect) -> None:
    newer = problem("too-new", 409, retry_after_ms=1500, request_id="f" * 16, more={"a": 1})
    script.scenes = [[answer(b'{"status":"ok","more":[1]}'), newer]]
    vault = connect(script.path)
    assert vault.health().status == "ok"
    with pytest.raises(imagevault.VaultError) as caught:
        vault.health()
    assert type(caught.value) is imagevault.VaultError
    assert (caught.value.code, caught.value.status) == ("too-new", 409)
    assert (caught.value.retryable, caught.value.retry_after) == (True, 1.5)


def test_a_known_code_is_its_class(script: Script, connect: Connect) -> None:
    script.scenes = [[problem("sealed", 503, retry_after_ms=5000)]]
    with pytest.raises(imagevault.VaultSealed) as caught:
        connect(script.path).ready()
    assert (caught.value.retry_after, caught.value.retryable) == (5.0, True)


def test_a_longer_body_spoils_nothing(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK + b"HTTP/1.1 200 OK\r\nContent-Le", length=len(OK))], [answer(OK)]]
    vault = connect(script.path)
    assert vault.health().status == "ok"
    assert vault.health().status == "ok"


def test_a_stale_connection_is_tried_once_more(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK), None], [answer(OK)]]
    vault = connect(script.path)
    assert vault.health().status == "ok"
    assert vault.health().status == "ok"
    assert len(script.requests) == 3


def test_a_new_connection_is_not(script: Script, connect: Connect) -> None:
    script.scenes = [[None], [answer(OK)]]
    with pytest.raises(imagevault.VaultUnreachable) as caught:
        connect(script.path).health()
    assert caught.value.code == "connection-broken"
    assert len(script.requests) == 1


def test_one_byte_of_an_answer_ends_the_trying(script: Script) -> None:
    # aiohttp does not tell a part of a status line from nothing.
    script.scenes = [[answer(OK), b"H"], [answer(OK)]]
    vault = Vault(script.path)
    vault.health()
    with pytest.raises(imagevault.VaultError):
        vault.health()
    assert len(script.requests) == 2


def test_dropping_a_claim_is_never_sent_twice(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK), None], [answer(OK)]]
    vault = connect(script.path)
    vault.health()
    with pytest.raises(imagevault.VaultUnreachable):
        vault.delete(ID)
    assert [request.split()[0] for request in script.requests] == [b"GET", b"DELETE"]


def test_an_erasure_under_a_key_is_sent_again(script: Script, connect: Connect) -> None:
    begun = {"operation": {"id": ID[:32], "total": 2}, "receipt": ID[:32]}
    script.scenes = [[answer(OK), None], [answer(json.dumps(begun).encode(), status="202 Accepted")]]
    vault = connect(script.path)
    vault.health()
    assert vault.erase(owner="ada").total == 2
    assert script.requests[1] == script.requests[2]
    assert b'\r\nIdempotency-Key: "' in script.requests[1]


def test_a_connection_known_dead_is_not_used(script: Script, connect: Connect) -> None:
    document = {"id": ID, "dropped": True, "remaining_claims": 0, "erased": True}
    dropped = json.dumps(document | {"receipt": ID[:32]})
    script.scenes = [[answer(OK)], [answer(dropped.encode())]]
    vault = connect(script.path)
    vault.health()
    time.sleep(0.1)
    assert vault.delete(ID).erased


def test_an_upload_is_sent_again_only_when_it_can_be(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK), None], [problem("overloaded", 503)]]
    vault = connect(script.path)
    vault.health()
    with pytest.raises(imagevault.VaultOverloaded):
        vault.put(b"bytes", "a.png")
    assert script.requests[1] == script.requests[2]
    script.scenes = [[answer(OK), None], [answer(OK)]]
    vault.health()
    with pytest.raises(imagevault.VaultUnreachable):
        vault.put(iter([b"by", b"tes"]), "a.png")


def test_silence_times_out(script: Script, connect: Connect) -> None:
    script.keep_open = True
    with pytest.raises(imagevault.VaultTimeout) as caught:
        connect(script.path, timeout=0.2).health()
    assert caught.value.retryable and str(script.path) in str(caught.value)


def test_silence_inside_an_image_times_out(script: Script, connect: Connect) -> None:
    script.keep_open = True
    script.scenes = [[answer(b"x", length=10)]]
    with pytest.raises(imagevault.VaultTimeout):
        connect(script.path, timeout=0.2).get(ID)


def test_headers_on_the_wire(script: Script, connect: Connect) -> None:
    script.scenes = [[problem("image-refused", 422, finding={"code": "x", "offset": 3})]]
    with pytest.raises(imagevault.ImageRefused) as caught:
        connect(script.path).put(b"bytes", "é.png", job="j1", owner="o1", content_type="image/png")
    assert caught.value.finding == imagevault.Finding("x", 3)
    head = script.requests[0].partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert head[0] == "POST /v1/images HTTP/1.1"
    assert "Vault-Job: j1" in head and "Vault-Owner: o1" in head
    assert "Content-Length: 5" in head and "Content-Type: image/png" in head
    name = "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png"
    assert f"Content-Disposition: {name}" in head


class TestUnreachable:
    def test_no_socket(self, tmp_path: Path, connect: Connect) -> None:
        self.check(connect, tmp_path / "none.sock", "socket-missing", "Start vaultd")

    def test_not_a_socket(self, tmp_path: Path, connect: Connect) -> None:
        (tmp_path / "file").touch()
        self.check(connect, tmp_path / "file", "not-a-socket", "is not a socket")

    def test_nobody_listens(self, tmp_path: Path, connect: Connect) -> None:
        path = tmp_path / "s"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        self.check(connect, path, "socket-refused", "Nothing listens")

    def test_the_path_is_too_long(self, connect: Connect) -> None:
        with pytest.raises(imagevault.VaultUnreachable, match="107 bytes"):
            connect(Path("/" + "x" * 107))

    def check(self, connect: Connect, path: Path, code: str, words: str) -> None:
        with pytest.raises(imagevault.VaultUnreachable, match=words) as caught:
            connect(path).put(png(), "a.png")
        assert (caught.value.code, caught.value.path) == (code, str(path))
        assert str(path) in str(caught.value)


def test_the_socket_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEVAULT_DIR", "/srv/vault")
    assert Vault().path == "/srv/vault/images.sock"
    monkeypatch.delenv("IMAGEVAULT_DIR")
    assert Vault().path == "/run/imagevault/images.sock"


def test_a_connection_is_kept(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK)] * 5]
    vault = connect(script.path)
    for _ in range(5):
        vault.health()
    assert len(script.requests) == 5 and script.scenes == []


def test_an_image_left_unread_is_not_mixed_up(real_vault: Path, connect: Connect, job: str) -> None:
    vault = connect(real_vault / "images.sock")
    image = vault.put(png(500, 500), "a.png", job=job)
    stream = vault.open(image.id)
    closed = stream.close()
    if closed is not None:
        vault.run(closed)
    assert vault.health().status == "ok"
    with pytest.raises(ValueError, match="closed"):
        outcome = stream.read_piece()
        vault.run(outcome)


def test_many_threads_share_a_client(real_vault: Path, job: str) -> None:
    images = [png(64, 64) for _ in range(8)]
    wrong: list[str] = []

    def work(number: int, vault: Vault) -> None:
        data = images[number]
        image = vault.put(data, "a.png", job=job)
        for _ in range(20):
            if vault.get(image.id, job=job) != data:
                wrong.append(image.id)

    with Vault(real_vault / "images.sock", connections=3) as vault:
        threads = [threading.Thread(target=work, args=(n, vault)) for n in range(len(images))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(list(vault.images(job=job))) == len(images)


def test_a_fork_does_not_share_connections(real_vault: Path) -> None:
    program = """
import os, sys
from imagevault import Vault
vault = Vault(sys.argv[1])
parent = vault.whoami().pid
child = os.fork()
if child == 0:
    os._exit(0 if vault.whoami().pid == os.getpid() else 1)
status = os.waitpid(child, 0)[1]
assert status == 0, status
assert vault.whoami().pid == parent
"""
    command = [sys.executable, "-c", program, str(real_vault / "images.sock")]
    done = subprocess.run(command, capture_output=True, timeout=30, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr


def test_a_closed_client_says_so(script: Script) -> None:
    vault = Vault(script.path)
    vault.close()
    with pytest.raises(RuntimeError, match="closed"):
        vault.health()
