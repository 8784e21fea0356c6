"""What sound requests need and no schema can make up: ids that exist, images that decode, the vault's secret."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from doors import BASE, PATIENCE
from PIL import Image
from schemathesis import APIOperation, BaseSchema, Case
from schemathesis.core.parameters import ParameterLocation

#: Members of answers whose values later requests may send, and the parameters that take them by another name.
HARVESTED = ("id", "next")
TAKERS = {"after": "next"}
#: Collections whose things have the ids of another's.
SHARED = {"cases": "incidents"}

#: The most values kept of one member: enough that few requests meet the same one.
KEPT_VALUES = 200

#: Images that are there when an operation on one is tried.
STORED_IMAGES = 4


class Supplies:
    """Values for the requests of one run."""

    def __init__(self, schema: BaseSchema, images: requests.Session, folder: Path, source: random.Random) -> None:
        self.images = images
        self.source = source
        #: Whether images can be stored now.
        self.open = True
        key = folder / "keys/root.key"
        self.secret = key.read_bytes() if key.exists() else None
        self.values: dict[str, dict[Any, str]] = {name: {} for name in HARVESTED}
        self.stocked: list[str] = []
        every = [parameter for result in schema.get_all_operations() for parameter in result.ok().headers]
        claims = {parameter.name: parameter.examples[0] for parameter in every
                  if parameter.name in ("Vault-Job", "Vault-Owner")}
        self.claims = [dict(some) for count in range(len(claims) + 1)
                       for some in itertools.combinations(claims.items(), count)]

    def stock(self) -> None:
        """Stores images, each under every claim that the contract's examples can name, until enough are there."""
        self.stocked = [value for value in self.stocked if value in self.values["id"]]
        while self.open and len(self.stocked) < STORED_IMAGES:
            body = image_bytes("image/png", self.source)
            for claim in self.claims:
                headers = {"Content-Disposition": 'attachment; filename="stock.png"', **claim}
                answer = self.images.post(f"{BASE}/v1/images", data=body, headers=headers, timeout=PATIENCE)
                if answer.status_code != 201:
                    raise SystemExit(f"a sound image was refused: {answer.status_code} {answer.text}")
            self.stocked.append(answer.json()["id"])
            self.values["id"][self.stocked[-1]] = "images"

    def harvest(self, answer: Any, of: str) -> None:
        """Keeps the ids and cursors in an answer of the collection `of`."""
        for item in answer if isinstance(answer, list) else []:
            self.harvest(item, of)
        for name, item in answer.items() if isinstance(answer, dict) else []:
            if name in HARVESTED and isinstance(item, str | int):
                kept = self.values[name]
                kept.setdefault(item, of)
                if len(kept) > KEPT_VALUES:
                    del kept[next(iter(kept))]
            self.harvest(item, of)

    def forget(self, value: Any) -> None:
        """Drops an id that is gone."""
        for kept in self.values.values():
            kept.pop(value, None)

    def known(self, operation: APIOperation, parameter: Any) -> Any | None:
        """A value that an answer told and the parameter's schema admits, of the same collection if there is one."""
        if collection(operation) == "images":
            self.stock()
        values = {value: of for value, of in self.values[TAKERS.get(parameter.name, "id")].items()
                  if parameter.is_valid(value)}
        about = SHARED.get(collection(operation), collection(operation))
        own = [value for value, of in values.items() if of == about]
        for some in ([value for value in self.stocked if value in own], own, list(values)):
            if some:
                return self.source.choice(some)
        return None

    def value(self, operation: APIOperation, parameter: Any, index: int | None = None) -> Any | None:
        """What a caller could send: a value that exists, or an example of the contract, the one at `index`."""
        if parameter.name in (*HARVESTED, *TAKERS):
            return self.known(operation, parameter)
        if not parameter.examples:
            return None
        value = self.source.choice(parameter.examples) if index is None else parameter.examples[index]
        return str(value) if parameter.location == ParameterLocation.HEADER else value

    def body(self, operation: APIOperation, body: Any) -> Any | None:
        """An image where one may be sent, the secret where only bytes may, else an example of the contract."""
        if any(other.media_type.startswith("image/") for other in operation.body):
            return image_bytes(body.media_type, self.source)
        if body.media_type == "application/octet-stream":
            return self.secret
        if operation.path == "/v1/doctor/attestations":
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            word = {"item": "firewall", "evidence": "ab" * 32, "bytes": self.source.randrange(1 << 40)}
            return word | {"expires": tomorrow.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        return self.source.choice(body.examples) if body.examples else None


def collection(operation: APIOperation) -> str:
    """What an operation is about: the word after the version in its path."""
    return operation.path.split("/")[2]


def image_bytes(media_type: str, source: random.Random) -> bytes:
    """A small sound image that nobody has sent before."""
    picture = Image.frombytes("RGB", (32, 32), source.randbytes(3072))
    out = io.BytesIO()
    picture.save(out, "PNG" if media_type == "image/png" else "JPEG")
    return out.getvalue()


def agree(case: Case) -> None:
    """Lets a digest that is sent be the body's."""
    if "Content-Digest" in case.headers and isinstance(case.body, bytes):
        digest = base64.b64encode(hashlib.sha256(case.body).digest()).decode()
        case.headers["Content-Digest"] = f"sha-256=:{digest}:"
