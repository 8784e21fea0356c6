"""Pictures that are stored, read and refused, with a secret in each field, name and pixel."""

from __future__ import annotations

import re

from canary_life import Life
from canary_places import Place
from canary_vault import LARGE


def store(life: Life) -> None:
    vault, nest = life.vault, life.nest
    life.owner, life.job = nest.text("owner", "Vault-Owner"), nest.text("job", "Vault-Job")
    life.asserted = life.fields()
    life.actor = re.findall("Vault-Actor: (.*)\r", life.asserted)[0]
    life.mine = f"Vault-Owner: {life.owner}\r\nVault-Job: {life.job}\r\n"
    name = f'Content-Disposition: attachment; filename="{nest.text("name", "Content-Disposition")}.png"\r\n'
    picture = nest.picture("pixels", "an upload")
    told = vault.want(201, "images", "POST /v1/images", picture, name + life.mine + life.asserted)
    life.image = told.partition(b'"id":"')[2][:64].decode()
    name = f"Content-Disposition: attachment; filename*=UTF-8''%C3%A9{nest.text('name', 'filename*')}.png\r\n"
    picture = nest.picture("pixels", "another upload", edge=LARGE)
    told = vault.want(201, "images", "POST /v1/images", picture, name + life.asserted)
    life.other = told.partition(b'"id":"')[2][:64].decode()
    file = vault.folder / "out" / "upload.png"
    file.write_bytes(nest.picture("pixels", "vaultctl put"))
    vault.ctl("put", str(file), "--name", nest.text("name", "vaultctl put --name") + ".png", "--job", life.job)


def refuse(life: Life) -> None:
    """Each kind of refusal, with its secret where the reason is and beside it."""
    vault, nest = life.vault, life.nest

    def refused(status: int, request: str, body: bytes = b"", fields: str = "", door: str = "images") -> None:
        vault.want(status, door, request, body, fields + life.asserted)

    def text(where: str) -> str:
        return nest.text("refused", where)

    picture = nest.picture("refused pixels", "a refused upload", damaged=True)
    plain = f'Content-Disposition: attachment; filename="{text("the name of a refused upload")}.png"\r\n'
    refused(422, "POST /v1/images", picture, plain)
    refused(422, "POST /v1/images", text("an upload that is none").encode() * 3, plain)
    refused(400, "POST /v1/images", picture, f'Content-Disposition: attachment; filename="\u202e{text("a name")}"\r\n')
    refused(400, "POST /v1/images", picture, f'Content-Disposition: attachment; {text("a parameter")}="a"\r\n')
    refused(400, "POST /v1/images", picture, plain + f"Vault-Owner: {text('a refused owner')} b\r\n")
    refused(400, "POST /v1/images", picture, plain + f"Vault-Job: ../{text('a refused job')}\r\n")
    refused(400, "POST /v1/images", picture, plain + f"Content-Digest: sha-256=:{text('a digest')}:\r\n")
    refused(403, "POST /v1/images", picture, plain + f"Origin: https://{text('Origin')}\r\n")
    refused(400, f"GET /v1/images?{text('an unknown parameter')}=1")
    refused(400, f"GET /v1/images?limit={text('a wrong parameter')}")
    refused(404, f"GET /v1/{text('a path')}")
    refused(400, f"GET /v1/images/{text('an id')}")
    refused(404, f"GET /v1/images/{life.image}", fields=f"Vault-Owner: {text('another owner')}\r\n")
    refused(400, f"{text('a method')} /v1/images")
    refused(400, "POST /v1/limits/check", b'{"key":"a","' + text("an unknown member").encode() + b'":1}')
    refused(400, "POST /v1/limits/check", b'{"key":' + text("no JSON").encode())
    refused(400, "POST /v1/backups", b'{"note":"\\u202e' + text("a refused note").encode() + b'"}', door="admin")
    refused(400, f"GET /v1/events?actor=%20{text('a wrong actor')}", door="audit")
    refused(400, f"GET /v1/images\x01{text('no HTTP')}")
    vault.half_sent("images", "POST /v1/images", picture, plain + life.asserted).close()
    vault.ctl("get", life.image, "--job", text("vaultctl get --job"), fails=True)
    vault.ctl("stat", text("vaultctl stat"), fails=True, place=Place.CTL_REFUSAL)


def read(life: Life) -> None:
    vault, nest = life.vault, life.nest
    both = life.mine + life.asserted
    vault.want(200, "images", f"GET /v1/images/{life.image}", fields=both)
    vault.want(206, "images", f"GET /v1/images/{life.image}", fields="Range: bytes=100-900\r\n" + both)
    vault.want(200, "images", f"HEAD /v1/images/{life.image}", fields=both)
    vault.want(200, "images", f"GET /v1/images/{life.other}", fields=life.asserted)
    vault.want(200, "images", f"GET /v1/images/{life.image}/metadata", fields=both)
    vault.want(200, "images", f"GET /v1/images?owner={life.owner}&job={life.job}", fields=life.asserted)
    vault.want(200, "images", "POST /v1/inspect", nest.picture("pixels", "an inspection"), life.asserted)
    vault.want(200, "images", "GET /v1/whoami", fields=life.asserted)
    vault.ctl("get", life.image, "--job", life.job, "--owner", life.owner, "-o", str(vault.folder / "out" / "got.png"))
    vault.ctl("ls", "--owner", life.owner)
