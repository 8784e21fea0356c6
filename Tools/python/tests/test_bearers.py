"""Tokens and tickets on the wire, and nowhere else."""

from __future__ import annotations

import asyncio
import http.client
import json
import pickle
import socket
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from conftest import ROOT, Script, refused, vaultctl
from pictures import png
from test_context import Log
from test_hostile import OK, answer, raw

import imagevault
from imagevault import Vault
from imagevault._bearer import masked, ticket_of, ticket_text, token_text
from imagevault._pool import UnixConnection
from imagevault.aio import AsyncVault
from imagevault.logging import mask
from imagevault.testing import FakeVault

VECTORS = json.loads((ROOT / "Tests/VaultTestKit/Vectors/bearers.json").read_text())
TOKEN, TICKET = (str(item["text"]) for item in VECTORS["opens"][:2])
ID = "a" * 64
Connect = Callable[..., Any]


@pytest.mark.parametrize("item", VECTORS["opens"], ids=lambda item: item["rule"])
def test_takes_what_the_vault_takes(item: dict[str, str]) -> None:
    parse = token_text if item["kind"] == "token" else ticket_text
    assert parse(item["text"]) == item["text"]
    if item["kind"] == "ticket":
        assert ticket_of(item["text"][4:-6]) == item["text"]


@pytest.mark.parametrize("item", VECTORS["refusals"], ids=lambda item: item["rule"])
def test_refuses_what_the_vault_refuses(item: dict[str, str]) -> None:
    with pytest.raises(imagevault.TicketRefused):
        ticket_text(item["text"].replace("ivt_", "ivf_"))
    # Around a token white space is a file's.
    if item["text"].strip() != TOKEN:
        with pytest.raises(imagevault.TokenRefused):
            token_text(item["text"])


@pytest.mark.parametrize("token", [TICKET, "", 5, b"ivt_", TOKEN + "\r\nVault-Job: a"])
def test_a_token_that_is_none_is_not_sent(script: Script, connect: Connect, token: Any) -> None:
    with pytest.raises(imagevault.TokenRefused) as caught:
        connect(script.path, token=token)
    with pytest.raises(imagevault.TokenRefused):
        connect(script.path, token=lambda: token).health()
    assert "ivt_ and 49" in str(caught.value) and caught.value.status == 401
    assert script.requests == []


@pytest.mark.parametrize("ticket", [TOKEN, "", 5, TICKET + "\n", TICKET[:-1] + "!"])
def test_a_ticket_that_is_none_is_not_sent(script: Script, connect: Connect, ticket: Any) -> None:
    with pytest.raises(imagevault.TicketRefused):
        connect(script.path).get(ID, ticket=ticket)
    assert script.requests == []


def test_one_of_both_is_shown_and_in_a_header(script: Script, connect: Connect) -> None:
    script.scenes = [[answer(OK)], [answer(b"ab")]]
    vault = connect(script.path, token=lambda: f" {TOKEN}\n")
    vault.health()
    vault.get(ID, ticket=TICKET)
    heads = [it.decode().partition("\r\n\r\n")[0].split("\r\n") for it in script.requests]
    assert f"Authorization: Bearer {TOKEN}" in heads[0]
    assert f"Vault-Ticket: {TICKET}" in heads[1]
    assert not [line for line in heads[1] if line.startswith("Authorization")]
    assert heads[1][0] == f"GET /v1/images/{ID} HTTP/1.1"


@pytest.mark.parametrize(("verb", "named"), [("ticket", {}), ("get", {"ticket": TICKET})])
def test_what_a_ticket_counts_is_never_sent_twice(
    script: Script, connect: Connect, verb: str, named: dict[str, str]
) -> None:
    script.scenes = [[answer(OK), None], [answer(OK)]]
    vault = connect(script.path)
    vault.health()
    with pytest.raises(imagevault.VaultUnreachable):
        getattr(vault, verb)(ID, **named)
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "SSH-2.0-OpenSSH_9.2\n\n",
        "HTTP/1.1 abc OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 500 No\nContent-Type: text/html\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 9\n\nhello",
    ],
)
def test_no_exception_has_the_secret(script: Script, connect: Connect, broken: str) -> None:
    vault = connect(script.path, token=TOKEN)
    for ask, secret in ((vault.health, TOKEN), (lambda: vault.get(ID, ticket=TICKET), TICKET)):
        script.scenes = [[raw(broken)]]
        with pytest.raises(imagevault.VaultError) as caught:
            ask()
        assert secret not in "".join(traceback.format_exception(caught.value))
        assert secret not in repr(pickle.dumps(caught.value))
        error: BaseException | None = caught.value
        while error is not None:
            assert secret not in f"{error!r} {error} {error.__dict__}"
            error = error.__cause__ or error.__context__


def variables(error: BaseException) -> str:
    """What a report shows that has the variables of all frames, without those of the tests themselves."""
    shown: list[str] = []
    seen: traceback.TracebackException | None
    seen = traceback.TracebackException.from_exception(error, capture_locals=True)
    while seen is not None:
        inner = [frame for frame in seen.stack if Path(frame.filename).parent != Path(__file__).parent]
        shown += [f"{frame.name} {frame.locals}" for frame in inner]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("failing", ["absent", "silent", "broken", "unsent", "interrupted"])
def test_no_frame_shows_the_secret(
    script: Script, connect: Connect, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    if failing == "unsent":
        monkeypatch.setattr(UnixConnection, "connect", connected_to_read)
    if failing in ("unsent", "interrupted"):
        error = KeyError() if failing == "interrupted" else BrokenPipeError()
        monkeypatch.setattr(aiohttp.http_writer.StreamWriter, "_write", raising(error))
    if failing == "interrupted":
        monkeypatch.setattr(UnixConnection, "send", raising(KeyError()))
    path = script.path.with_name("absent") if failing == "absent" else script.path
    vault = connect(path, token=TOKEN)
    asks = [vault.health, *(partial(verb, ID, ticket=TICKET) for verb in (vault.get, vault.open))]
    for ask in [*asks, lambda: next(iter(vault.stream(ID, ticket=TICKET)))]:
        script.scenes = [[raw("SSH-2.0-OpenSSH_9.2\n\n") if failing == "broken" else None]]
        with pytest.raises((imagevault.VaultError, KeyError)) as caught:
            ask()
        shown = variables(caught.value)
        assert "_exchange {" in shown
        assert TOKEN[4:20] not in shown and TICKET[4:20] not in shown


def connected_to_read(connection: UnixConnection) -> None:
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(connection.path)
    connection.sock.shutdown(socket.SHUT_WR)


def raising(error: Exception) -> Callable[..., Any]:
    def instead(*values: Any) -> Any:
        raise error

    return instead


@pytest.mark.parametrize("at", [-1, 20])
def test_no_frame_shows_a_mistyped_secret(
    script: Script, connect: Connect, flavour: str, at: int
) -> None:
    token, ticket = ((it[:at] + "!" + it[at:])[: len(it)] for it in (TOKEN, TICKET))

    async def later() -> str:
        return token

    functions = [lambda: token] if flavour == "sync" else [lambda: token, later]
    for ask in (
        lambda: connect(script.path, token=token),
        *(connect(script.path, token=function).health for function in functions),
        lambda: connect(script.path).get(ID, ticket=ticket),
    ):
        with pytest.raises(imagevault.VaultError) as caught:
            ask()
        shown = variables(caught.value)
        assert "_checked {" in shown
        assert TOKEN[4:20] not in shown and TICKET[4:20] not in shown


def test_a_masked_text_is_the_text_but_for_its_repr() -> None:
    text = masked(TOKEN)
    assert text == TOKEN and f"{text}" == str(text) == TOKEN and text.encode() == TOKEN.encode()
    assert json.loads(json.dumps({text: text})) == {TOKEN: TOKEN}
    assert pickle.loads(pickle.dumps(text)) == TOKEN
    for shown in (repr(text), repr(text[:20]), repr([text]), f"{text!r}", ascii(text)):
        assert TOKEN[4:20] not in shown


def test_what_a_process_prints_of_all_connections_has_no_secret(
    script: Script,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    script.scenes = [[answer(OK)]]
    connect(script.path, token=TOKEN).health()
    assert "".join(capfd.readouterr()) == ""


def test_an_async_function_gives_the_token(script: Script) -> None:
    given = iter([f"{TOKEN}\n", "half"])

    async def token() -> str:
        await asyncio.sleep(0)
        return next(given)

    async def ask() -> None:
        async with AsyncVault(script.path, token=token) as vault:
            # It is not asked where a ticket goes in its place.
            assert await vault.get(ID, ticket=TICKET) == b"ab"
            await vault.health()
            with pytest.raises(imagevault.TokenRefused):
                await vault.health()

    script.scenes = [[answer(b"ab"), answer(OK)]]
    asyncio.run(ask())
    first, second = (request.decode() for request in script.requests)
    assert "Authorization" not in first and f"Authorization: Bearer {TOKEN}\r\n" in second


def test_no_repr_has_the_secret(script: Script, connect: Connect) -> None:
    vault = connect(script.path, token=TOKEN)
    view = vault.on_behalf("user:1")
    request = view._context.applied(imagevault._wire.service_request("health"), TOKEN)
    assert TOKEN in dict(request.headers)["Authorization"]
    fake = FakeVault()
    ticket = fake.ticket(fake.put(png(), "a.png").id)
    logged = json.dumps(mask(None, "info", {"made": ticket, "text": f"{ticket.path} {TOKEN}"}))
    shown = [repr(it) for it in (vault, view._context, request, request.headers, ticket)]
    for text in [*shown, logged]:
        assert TOKEN not in text and ticket.ticket not in text


def test_the_log_has_who_showed_what(
    real_vault: Path, connect: Connect, token: str, job: str
) -> None:
    with Vault(real_vault / "images.sock") as plain:
        image = plain.put(png(), "a.png", job=job).id
    vault = connect(real_vault / "images.sock", token=token)
    log = Log(real_vault)
    ticket = vault.ticket(image)
    vault.get(image, ticket=ticket.ticket)
    events = {event["action"]: event for event in log.events()}
    made, read = events["ticket.created"], events["read.begun"]
    assert made["ticket"] == read["ticket"] == ticket.id
    assert made["token"] == vault.whoami().token and "token" not in read
    text = json.dumps(events)
    assert token not in text and ticket.ticket not in text


def test_a_revoked_token_is_refused(real_vault: Path, connect: Connect) -> None:
    token = vaultctl(
        real_vault, "token", "create", "--principal", "images", "--scope", "images.list"
    )
    vault = connect(real_vault / "images.sock", token=token)
    assert vault.page(limit=1) is not None
    with pytest.raises(imagevault.NotPermitted):
        vault.put(png(), "a.png")
    vaultctl(real_vault, "token", "revoke", str(vault.whoami().token))
    with refused(imagevault.TokenRefused):
        vault.whoami()


@pytest.mark.parametrize(
    ("target", "shown", "code"),
    [
        ("/v1/images/{id}", ["Authorization", "Authorization"], "token-refused"),
        ("/v1/images/{id}", ["Authorization", "Vault-Ticket"], "token-refused"),
        ("/v1/images/{id}", ["Vault-Ticket", "Vault-Ticket"], "ticket-refused"),
        ("/v1/images/{id}?ticket={ticket}", ["Vault-Ticket"], "ticket-refused"),
        ("/v1/images/{id}?ticket={ticket}", ["Authorization"], "token-refused"),
        # Good, but not for these.
        ("/v1/images", ["Vault-Ticket"], "token-refused"),
        ("/v1/images/{id}/metadata", ["Vault-Ticket"], "token-refused"),
        ("/v1/whoami", ["Authorization", "Vault-Ticket"], "token-refused"),
    ],
)
def test_a_secret_that_is_not_alone_or_not_in_its_place_is_refused(
    real_vault: Path, token: str, job: str, target: str, shown: list[str], code: str
) -> None:
    data = png()
    with Vault(real_vault / "images.sock") as vault:
        image = vault.put(data, "a.png", job=job).id
        ticket = vault.ticket(image).ticket
        secrets = {"Authorization": f"Bearer {token}", "Vault-Ticket": ticket}
        connection = UnixConnection(vault.path, 30)
        connection.putrequest("GET", target.format(id=image, ticket=ticket))
        for name in shown:
            connection.putheader(name, secrets[name])
        connection.endheaders()
        answer = connection.getresponse()
        told = json.loads(answer.read())["code"]
        connection.close()
        assert told in (code, "rate-limited")
        # Nor was it a reading.
        assert vault.get(image, ticket=ticket) == data
