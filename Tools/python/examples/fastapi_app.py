"""A web backend that passes uploads through to the vault, and images back.

    pip install 'imagevault[fastapi]'
    IMAGEVAULT_DIR=~/vault uvicorn fastapi_app:app --app-dir examples
    curl -F 'image=@photo.jpg' http://127.0.0.1:8000/images

`UploadFile` writes larger uploads to the disk in the clear. Here the body goes from the web
server's socket to the vault's in pieces, and is nowhere whole.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from imagevault import VaultError, VaultUnreachable, disposition
from imagevault.aio import AsyncImageStream, AsyncVault


class BadForm(Exception):
    """The body is not the form that is wanted."""


class ImagePart:
    """The one part named `image` of a multipart body, read as it comes."""

    def __init__(self, request: Request, field: str = "image") -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadForm("multipart/form-data with a boundary is expected")
        self._field = field.encode()
        self._stream = request.stream().__aiter__()
        self._headers: dict[str, bytes] = {}
        self._header = bytearray()
        self._value = bytearray()
        self._pieces: list[bytes] = []
        self._inside = False
        self._part_ended = False
        self._ended = False
        self.filename: str | None = None
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    async def begin(self) -> str:
        """Reads up to the image's first byte; gives the file's name."""
        while self.filename is None:
            if not await self._more():
                raise BadForm("the form has no file named 'image'")
        return self.filename

    async def pieces(self) -> AsyncIterator[bytes]:
        """The image's bytes; raises where the form ends before them."""
        while True:
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
            if self._part_ended:
                break
            if not await self._more():
                raise BadForm("the form ended inside the image")
        # The rest of the form is read before the vault is told that the image is whole.
        while not self._ended:
            if not await self._more():
                raise BadForm("the form has no end")

    async def _more(self) -> bool:
        try:
            piece = await anext(self._stream)
            self._parser.write(piece)
        except StopAsyncIteration:
            return False
        except FormParserError as error:
            raise BadForm("the form is broken") from error
        return True

    def _on_header_end(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        if options.get(b"name") == self._field and options.get(b"filename"):
            if self.filename is not None:
                raise FormParserError("one image at a time")
            # A browser's name may hold a path of its own system.
            name = options[b"filename"].decode("utf-8", "replace")
            self.filename = re.split(r"[/\\]", name)[-1]
            self._inside = True

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._pieces.append(data[start:end])

    def _on_part_end(self) -> None:
        self._part_ended = self._part_ended or self._inside
        self._inside = False

    def _on_end(self) -> None:
        self._ended = True


def make_app(vault: AsyncVault | None = None) -> FastAPI:
    """The application; tests pass a fake vault."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.vault = vault if vault is not None else AsyncVault()
        try:
            yield
        finally:
            await app.state.vault.close()

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(VaultError)
    async def refused(request: Request, error: VaultError) -> JSONResponse:
        status = 503 if isinstance(error, VaultUnreachable) else error.status or 502
        headers = {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_after)))
        finding = None if error.finding is None else error.finding.code
        content = {"code": error.code, "finding": finding, "request_id": error.request_id}
        return JSONResponse(content, status, headers)

    @app.post("/images", status_code=201)
    async def put(request: Request) -> dict[str, Any]:
        try:
            part = ImagePart(request)
            name = await part.begin()
            image = await asked_by(request).put(part.pieces(), name, job="web")
        except BadForm as error:
            raise HTTPException(400, str(error)) from None
        return {"id": image.id, "width": image.width, "height": image.height}

    @app.get("/images/{image_id}")
    async def get(image_id: str, request: Request) -> StreamingResponse:
        # Opened here, so that a refusal still becomes a status.
        image = await asked_by(request).open(image_id, job="web")
        headers = {
            "Content-Length": str(image.size),
            "Content-Disposition": disposition(image.name or "image"),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return StreamingResponse(sent(image), media_type=image.media_type, headers=headers)

    @app.get("/images/{image_id}/fetch")
    async def fetch(image_id: str, request: Request) -> RedirectResponse:
        # Where nginx stands before both, as Tools/nginx has it: the bytes pass by this process.
        ticket = await asked_by(request).ticket(image_id, seconds=60, job="web")
        return RedirectResponse(ticket.path, 303, {"Cache-Control": "no-store"})

    return app


def asked_by(request: Request) -> AsyncVault:
    """The vault, on behalf of whoever asked here; who is logged in would be `actor`."""
    vault: AsyncVault = request.app.state.vault
    return vault.on_behalf(
        ip=request.client.host if request.client else None,
        agent=request.headers.get("user-agent"),
        traceparent=request.headers.get("traceparent"),
    )


async def sent(image: AsyncImageStream) -> AsyncIterator[bytes]:
    """The image's bytes; an image cut short breaks the connection, as it must."""
    async with image:
        async for piece in image:
            yield piece


app = make_app()
