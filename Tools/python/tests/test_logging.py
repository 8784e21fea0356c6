"""What reaches a log."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from pictures import png

from imagevault.logging import mask
from imagevault.testing import FakeVault

SECRET = "Zebra-4711"


def logged(**event: Any) -> str:
    return json.dumps(mask(None, "info", event), ensure_ascii=False)


@pytest.mark.parametrize(
    "key",
    "name filename fileName file_name FILE-NAME safe_name safeName owner ownerId owner_id OWNER "
    "vault_owner Vault-Owner job jobID job_id ticket Vault-Ticket fetchTicket "
    "token accessToken access_token ACCESS-TOKEN apiKey "
    "api_key X-Api-Key APIKey Authorization authorization Proxy-Authorization cookie Cookie "
    "setCookie Set-Cookie password userPassword passphrase client_secret sessionId "
    "Content-Disposition originalName".split(),
)
def test_keys_hide_their_values(key: str) -> None:
    for value in (SECRET, [SECRET], {"inner": SECRET}, SECRET.encode(), (SECRET, 1)):
        assert SECRET not in logged(**{key: value})
        assert SECRET not in logged(request={"list": [{key: value}]})
        assert SECRET not in logged(headers=[(key, value), ("Accept", "x")])
    assert "Accept" in logged(headers=[(key, SECRET), ("Accept", "x")])


@pytest.mark.parametrize(
    "text",
    [
        "token ivt_Zebra-4711 was sent",
        "IVT_Zebra-4711",
        "ticket ivf_Zebra-4711 was sent",
        "GET /v1/images/0?ticket=Zebra-4711",
        "Vault-Ticket: Zebra-4711",
        "Authorization: Zebra-4711 more",
        "curl -H 'authorization: Bearer Zebra-4711'",
        "bearer Zebra-4711",
        "Cookie: a=b; session=Zebra-4711",
        "GET http://vault/v1/images?job=Zebra-4711&limit=5",
        "GET /v1/images?after=x&anything=Zebra-4711",
        "https://user:Zebra-4711@host/path",
        "Vault-Owner: Zebra-4711",
        'Content-Disposition: attachment; filename="Zebra-4711.jpg"',
        '{"owner": "Zebra-4711"}',
        "{'fileName': 'a Zebra-4711 b'}",
        "password=Zebra-4711",
    ],
)
def test_texts_lose_their_secrets(text: str) -> None:
    assert SECRET not in logged(event=text)
    assert SECRET not in logged(event="x", nested=[{"message": text}])
    assert SECRET not in logged(**{text: 1}) if " " not in text else True
    assert "***" in logged(event=text)


def test_what_is_harmless_stays() -> None:
    event = {
        "event": "stored an image",
        "hostname": "web-1",
        "id": "ab" * 32,
        "status": 201,
        "ok": True,
        "seconds": 0.5,
        "none": None,
        "url": "http://vault/v1/images",
        "parts": ["a", {"b": "é"}],
    }
    assert mask(None, "info", dict(event)) == event


def test_control_characters_are_spelled_out() -> None:
    line = logged(event="a\nb\r\x1b[31m\u202egnp\u2028\0", nested={"k\n": ["c\td"]})
    for char in "\n\r\x1b\u202e\u2028\0\t":
        assert char not in line and json.dumps(char)[1:-1] not in line
    assert "a\\\\u{a}b" in line


def test_images_and_cycles_are_no_way_round() -> None:
    vault = FakeVault()
    image = vault.put(png(), f"{SECRET}.png", job=SECRET, owner=SECRET)
    assert SECRET not in repr(image)
    assert SECRET not in logged(image=image, text=f"{image}")
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = cycle
    assert "***" in logged(cycle=cycle)


def test_it_is_a_processor_of_structlog() -> None:
    lines: list[str] = []

    class Sink:
        def msg(self, message: str) -> None:
            lines.append(message)

        info = msg

    log = structlog.wrap_logger(
        Sink(),
        processors=[
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.JSONRenderer(),
        ],
    )
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        log.info("put", fileName=SECRET, exc_info=True)
    assert len(lines) == 1 and SECRET not in lines[0]
    assert json.loads(lines[0])["fileName"] == "***"
    assert "ValueError" in lines[0]
