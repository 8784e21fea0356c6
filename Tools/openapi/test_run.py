"""A server that lies in one way is found out, and an honest one is not accused."""

from __future__ import annotations

import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest
import yaml
from run import SILENT_REQUESTS, Run

CONTRACT = yaml.safe_load("""
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
paths:
  /v1/things:
    get:
      x-sockets: [images]
      x-error-codes: [bad-request, sealed, internal-error]
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 10}, example: 3}
      responses:
        '200':
          description: Things.
          headers: {ETag: {required: true, schema: {type: string, pattern: '^"[a-f]+"$'}}}
          content:
            application/json:
              schema: {type: object, required: [size], properties: {size: {type: integer}}}
        '400': &problem
          description: Refused.
          content: {application/problem+json: {schema: {type: object, required: [code]}}}
        '500': *problem
        '503': *problem
components:
  schemas:
    ErrorCode:
      x-status: {bad-request: 400, method-not-allowed: 405, unknown-image: 400, sealed: 503, internal-error: 500}
""")

#: Few, and enough for each kind of request.
CASES = 40

Answer = tuple[int, dict[str, str], bytes]


def refusal(status: int, code: str, /, **members: Any) -> Answer:
    document = {"code": code, "status": status, "retryable": status == 503, **members}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(document).encode()


def good(kind: str = "application/json", tag: str = '"abc"', size: object = 1, **headers: str) -> Answer:
    return 200, {"Content-Type": kind, "ETag": tag, **headers}, json.dumps({"size": size}).encode()


#: What each lie answers to a sound request and to a broken one, and a word of the finding.
LIES: dict[str, tuple[Answer | None, Answer | None, str]] = {
    "500": (refusal(500, "internal-error"), None, "500"),
    "a status that is not promised": ((418, {}, b""), None, "Undocumented status code"),
    "another type of content": (good(kind="text/plain"), None, "Undocumented Content-Type"),
    "another type of member": (good(size="1"), None, "Response violates schema"),
    "another header": (good(tag="abc"), None, "header does not conform"),
    "a code that the operation does not list": (None, refusal(400, "unknown-image"), "not in x-error-codes"),
    "a code that nobody knows": (None, refusal(400, "unheard-of"), "does not know the code"),
    "a code with another's status": (None, refusal(400, "sealed", retryable=True), "came with 400, not 503"),
    "another status in the document": (None, refusal(400, "bad-request", status=404), "404 in an answer with 400"),
    "when to try what will not work": (None, refusal(400, "bad-request", retry_after_ms=5), "or the reverse"),
    "to try later, and not when": (None, refusal(400, "bad-request", retryable=True), "retryable without"),
    "when to try, and not in the header": (refusal(503, "sealed", retry_after_ms=5), None, "Retry-After is None"),
    "a header that nobody told of": (good(Age="1"), None, "does not have: age"),
    "bytes that are no text": ((200, {"Content-Type": "image/png", "ETag": '"abc"'}, b"\x89PNG"), None, "image/png"),
    "that it may be cached": (good(**{"Cache-Control": "private"}), None, "not no-store"),
    "yes to what a schema excludes": (None, good(), "should have been rejected"),
    "no to everything": (refusal(400, "bad-request"), None, "never answered with [200]"),
}


class Server(ThreadingUnixStreamServer):
    daemon_threads = True
    sound: Answer | None = None
    broken: Answer | None = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, keep_blank_values=True)
        limit = query.pop("limit", ["1"])
        sound = not query and len(limit) == 1 and limit[0].isascii() and limit[0].isdigit() and 1 <= int(limit[0]) <= 10
        if self.command != "GET":
            status, headers, body = refusal(405, "method-not-allowed")
            headers["Allow"] = "GET"
        elif sound:
            status, headers, body = self.server.sound or good()
        else:
            status, headers, body = self.server.broken or refusal(400, "bad-request")
        self.send_response_only(status)
        for name, value in {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_TRACE = do_QUERY = answer

    def log_message(self, *_: Any) -> None:
        pass


def hang_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(str(tmp_path / "images.sock"), Handler) as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield made
        made.shutdown()


def report(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    run = Run(folder, CONTRACT, seed=3)
    run.exercise(CASES)
    status = run.report(0, 3)
    return status, capsys.readouterr().out


def test_an_honest_server_passes(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, text = report(tmp_path, capsys)
    assert status == 0, text
    assert f"1 operations, {CASES} cases" in text


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(lie: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.sound, server.broken, word = LIES[lie]
    status, text = report(tmp_path, capsys)
    assert status == 1
    assert word in text, text


def test_silence_ends_the_run(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.RequestHandlerClass = type("Mute", (Handler,), {"handle": hang_up})
    status, text = report(tmp_path, capsys)
    assert status == 1
    assert f"{SILENT_REQUESTS} times" in text


def test_only_steering_work_may_always_be_refused(server: Server, tmp_path: Path) -> None:
    operation = {"x-sockets": ["images"], "x-error-codes": [], "responses": {"200": {"description": "Done."}}}
    contract = {**CONTRACT, "paths": {"/v1/operations/all": {"get": operation, "delete": operation},
                                      "/v1/things": {"delete": operation}}}
    missing, passing = Run(tmp_path, contract, seed=3).unseen()
    assert [line.split(" on ")[0] for line in missing] == ["GET /v1/operations/all", "DELETE /v1/things"]
    assert [line.split(" on ")[0] for line in passing] == ["DELETE /v1/operations/all"]
