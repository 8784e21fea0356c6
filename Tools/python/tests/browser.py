"""A headless Chromium, driven by the DevTools protocol over two pipes: no library, no port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Browser:
    """One page. Every call waits for its answer; events are passed by."""

    def __init__(self, to: int, back: int) -> None:
        self.to, self.back = to, os.fdopen(back, "rb")
        self.buffer = b""
        self.number = 0
        self.session: str | None = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        while True:
            answer = json.loads(self.receive())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def receive(self) -> bytes:
        while b"\0" not in self.buffer:
            piece = os.read(self.back.fileno(), 1 << 16)
            if not piece:
                raise RuntimeError("the browser is gone")
            self.buffer += piece
        message, _, self.buffer = self.buffer.partition(b"\0")
        return message

    def run(self, script: str) -> Any:
        """The value of a script; of a promise, what it comes to."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url=path.resolve().as_uri())
        ready = 'new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done))'
        self.run(ready)

    def choose(self, selector: str, *paths: Path) -> None:
        """What a person does with a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path.resolve()) for path in paths], nodeId=node)


@contextmanager
def headless() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("no chromium")
        pytest.skip("no chromium")
    profile = tempfile.mkdtemp(prefix="chromium")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    options += ["--no-first-run", "--disable-extensions", "--disable-background-networking"]
    options += [f"--user-data-dir={profile}", "about:blank"]
    # The protocol wants its pipes at 3 and 4.
    shell = ["bash", "-c", 'in=$1 out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"', "browser"]
    process = subprocess.Popen(
        [*shell, str(theirs_in), str(theirs_out), program, *options],
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        browser = Browser(ours_out, ours_in)
        try:
            yield browser
        finally:
            browser.back.close()
    finally:
        os.close(ours_out)
        process.terminate()
        process.wait(30)
        shutil.rmtree(profile, ignore_errors=True)
