"""The example, driven as a web server would drive it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pictures import png

from imagevault import IncompleteAnswer
from imagevault.aio import AsyncVault
from imagevault.testing.aio import AsyncFakeVault

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/fastapi_app.py"
BOUNDARY = b"xxBOUNDARYxx"


@pytest.fixture(scope="session")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("fastapi_app", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fastapi_app"] = module
    spec.loader.exec_module(module)
    return module


class Reply:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


async def call(app: Any, method: str, path: str, body: bytes = b"", step: int = 1000) -> Reply:
    reply = Reply()
    chunks = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    left = [
        {"type": "http.request", "body": chunk, "more_body": at + 1 < len(chunks)}
        for at, chunk in enumerate(chunks)
    ]
    kind = b"multipart/form-data; boundary=" + BOUNDARY
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"content-type", kind)] if body else [],
        "client": ("203.0.113.9", 4711),
        "app": app,
    }

    async def receive() -> Any:
        if left:
            return left.pop(0)
        await asyncio.sleep(3600)
        return None

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {n.decode().lower(): v.decode() for n, v in message["headers"]}
        else:
            reply.pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    return reply


def form(data: bytes, filename: str = "photo.png", field: str = "image") -> bytes:
    return b"".join(
        [
            b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n',
            b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; ",
            f'name="{field}"; filename="{filename}"\r\n\r\n'.encode(),
            data,
            b"\r\n--" + BOUNDARY + b"--\r\n",
        ]
    )


@pytest.fixture(params=["real", "fake"])
def run(request: pytest.FixtureRequest, example: Any) -> Any:
    """Runs calls against the example before a vault."""

    def run_all(work: Any) -> Any:
        async def inside() -> Any:
            if request.param == "real":
                vault = AsyncVault(request.getfixturevalue("real_vault") / "images.sock")
            else:
                vault = AsyncFakeVault()
            async with vault:
                app = example.make_app(vault)
                app.state.vault = vault
                return await work(app, vault)

        return asyncio.run(inside())

    return run_all


@pytest.mark.parametrize("step", [7, 1000, 1 << 20])
def test_an_image_goes_through_and_back(run: Any, step: int) -> None:
    data = png(60, 60) if step == 7 else png(500, 500)

    async def work(app: Any, vault: AsyncVault) -> None:
        stored = await call(app, "POST", "/images", form(data, "C:\\x\\é.png"), step)
        assert stored.status == 201, stored.body
        image = json.loads(stored.body)["id"]
        assert (await vault.metadata(image, job="web")).name == "é.png"
        back = await call(app, "GET", f"/images/{image}")
        assert (back.status, back.body) == (200, data)
        assert back.headers["content-length"] == str(len(data))
        assert back.headers["content-type"] == "image/png"
        assert "%C3%A9.png" in back.headers["content-disposition"]

    run(work)


def test_a_browser_is_sent_to_nginx_with_a_ticket(run: Any) -> None:
    data = png()

    async def work(app: Any, vault: AsyncVault) -> None:
        image = (await vault.put(data, "a.png", job="web")).id
        sent = await call(app, "GET", f"/images/{image}/fetch")
        assert (sent.status, sent.headers["cache-control"]) == (303, "no-store")
        path, _, ticket = sent.headers["location"].partition("?ticket=")
        assert path == f"/v1/images/{image}"
        assert await vault.get(image, ticket=ticket) == data
        assert (await call(app, "GET", f"/images/{'0' * 64}/fetch")).status == 404

    run(work)


def test_refusals_become_statuses(run: Any) -> None:
    async def work(app: Any, vault: AsyncVault) -> None:
        refused = await call(app, "POST", "/images", form(b"hello"))
        assert refused.status == 422
        assert json.loads(refused.body)["finding"] == "signature-unknown"
        assert (await call(app, "GET", "/images/" + "0" * 64)).status == 404
        assert (await call(app, "GET", "/images/xx")).status == 400

    run(work)


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_form_cut_short_stores_nothing(run: Any, kept: float) -> None:
    whole = form(png(100, 100))
    # Without its closing line, even with all of the image, the form is not whole.
    cut = whole[: -len(BOUNDARY) - 4] if kept > 0.9 else whole[: int(len(whole) * kept)]

    async def work(app: Any, vault: AsyncVault) -> None:
        before = [image.id async for image in vault.images(job="web")]
        assert (await call(app, "POST", "/images", cut)).status == 400
        assert [image.id async for image in vault.images(job="web")] == before

    run(work)


def test_a_form_without_an_image_is_refused(run: Any) -> None:
    async def work(app: Any, vault: AsyncVault) -> None:
        assert (await call(app, "POST", "/images", form(png(), field="other"))).status == 400
        assert (await call(app, "POST", "/images", b"junk")).status == 400
        assert (await call(app, "POST", "/images")).status == 400

    run(work)


def test_the_vault_hears_on_whose_behalf(example: Any) -> None:
    async def work() -> None:
        vault = AsyncFakeVault()
        app = example.make_app(vault)
        app.state.vault = vault
        for method, path, body in (
            ("POST", "/images", form(png())),
            ("GET", "/images/" + "0" * 64, b""),
        ):
            await call(app, method, path, body)
            assert vault.context == {"Vault-Client": "ip=203.0.113.9"}

    asyncio.run(work())


def test_a_damaged_image_breaks_the_answer(example: Any) -> None:
    async def work() -> None:
        vault = AsyncFakeVault()
        app = example.make_app(vault)
        app.state.vault = vault
        image = await vault.put(png(500, 500), "a.png", job="web")
        vault.damage(image.id, 300_000)
        with pytest.raises(RuntimeError) as caught:
            await call(app, "GET", f"/images/{image.id}")
        assert isinstance(caught.value.__cause__, IncompleteAnswer)

    asyncio.run(work())
