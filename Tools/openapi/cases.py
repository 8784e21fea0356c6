"""What is sent: sound requests out of the contract's own examples, schemathesis's coverage of each limit, and
its drawn requests, sound and broken; in their sound parts what a schema cannot make up: ids that exist,
images that decode, headers with a grammar of their own.
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import requests
from doors import BASE, PATIENCE
from hypothesis import HealthCheck, Phase, strategies
from PIL import Image
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation

#: Members of answers whose values later requests may send, and the parameters that take them by another name.
HARVESTED = ("id", "next")
TAKERS = {"after": "next"}

#: The most values kept of one member: enough that few requests meet the same one.
KEPT_VALUES = 200

#: Images that are there when an operation on one is tried.
STORED_IMAGES = 4

#: Runs of Hypothesis in which an operation may come to its number of cases.
ATTEMPTS = 20


class Supplies:
    """What sound requests need and no schema tells."""

    def __init__(self, schema: BaseSchema, images: requests.Session, source: random.Random) -> None:
        self.images = images
        self.source = source
        self.values: dict[str, list[Any]] = {name: [] for name in HARVESTED}
        self.fresh: list[str] = []
        claims = {parameter.name: parameter.examples[0]
                  for operation in operations(schema) for parameter in operation.headers
                  if parameter.name in ("Vault-Job", "Vault-Owner")}
        self.claims = [dict(some) for count in range(len(claims) + 1)
                       for some in itertools.combinations(claims.items(), count)]

    def stock(self) -> None:
        """Stores images, each under every claim that the contract's examples can name, until enough are there."""
        self.fresh = [value for value in self.fresh if value in self.values["id"]]
        while len(self.fresh) < STORED_IMAGES:
            body = image_bytes("image/png", self.source)
            for claim in self.claims:
                headers = {"Content-Disposition": 'attachment; filename="stock.png"', **claim}
                answer = self.images.post(f"{BASE}/v1/images", data=body, headers=headers, timeout=PATIENCE)
                if answer.status_code != 201:
                    raise SystemExit(f"a sound image was refused: {answer.status_code} {answer.text}")
            self.fresh.append(answer.json()["id"])
            self.keep("id", self.fresh[-1])

    def keep(self, name: str, value: Any) -> None:
        kept = self.values[name]
        if value not in kept:
            kept.append(value)
            del kept[:-KEPT_VALUES]

    def harvest(self, answer: Any) -> None:
        """Keeps the ids and cursors in an answer."""
        for item in answer if isinstance(answer, list) else []:
            self.harvest(item)
        for name, item in answer.items() if isinstance(answer, dict) else []:
            if name in HARVESTED and isinstance(item, str | int):
                self.keep(name, item)
            self.harvest(item)

    def forget(self, value: Any) -> None:
        """Drops an id that is gone."""
        for kept in self.values.values():
            if value in kept:
                kept.remove(value)

    def known(self, parameter: Any) -> Any | None:
        """A value for a parameter that an answer told and its schema admits; rather one that is still there."""
        if parameter.location == ParameterLocation.PATH:
            self.stock()
        taken = self.values[TAKERS.get(parameter.name, "id")]
        for values in ([value for value in taken if value in self.fresh], taken):
            fitting = [value for value in values if parameter.is_valid(value)]
            if fitting:
                return self.source.choice(fitting)
        return None

    def sound_value(self, parameter: Any) -> Any | None:
        """What a caller could send: a value that exists, or an example of the contract."""
        if parameter.location == ParameterLocation.PATH or parameter.name in TAKERS:
            return self.known(parameter)
        if not parameter.examples:
            return None
        value = self.source.choice(parameter.examples)
        return str(value) if parameter.location == ParameterLocation.HEADER else value

    def sound_body(self, body: Any) -> Any | None:
        """An image where one is asked for, else an example of the contract."""
        if body.media_type.startswith("image/") or body.media_type == "application/octet-stream":
            return image_bytes(body.media_type, self.source)
        return self.source.choice(body.examples) if body.examples else None

    def complete(self, case: Case) -> None:
        """Puts sound values into the parts of a drawn case that are not broken on purpose."""
        chance = self.source.random
        broken = {place for place, part in case.meta.components.items() if part.mode.is_negative}
        for parameter in case.operation.iter_parameters():
            part = case.get_container(parameter.location)
            if parameter.location in broken or part is None or parameter.name not in part:
                continue
            if not parameter.is_required and chance() < 0.4:
                del part[parameter.name]
            elif chance() < 0.8 and (value := self.sound_value(parameter)) is not None:
                part[parameter.name] = value
        alternative = case.operation.get_body_for_media_type(case.media_type)
        if alternative is not None and ParameterLocation.BODY not in broken and chance() < 0.8:
            value = self.sound_body(alternative)
            case.body = case.body if value is None else value
            if ParameterLocation.HEADER not in broken and chance() < 0.8:
                agree(case)
        # Else schemathesis looks again whether the case is sound, and takes every image for broken.
        case._record_starting_state()


def agree(case: Case) -> None:
    """Lets a digest that is sent be the body's."""
    if "Content-Digest" in case.headers and isinstance(case.body, bytes):
        digest = base64.b64encode(hashlib.sha256(case.body).digest()).decode()
        case.headers["Content-Digest"] = f"sha-256=:{digest}:"


def image_bytes(media_type: str, source: random.Random) -> bytes:
    """A small sound image that nobody has sent before."""
    picture = Image.frombytes("RGB", (32, 32), source.randbytes(3072))
    out = io.BytesIO()
    picture.save(out, "PNG" if media_type == "image/png" else "JPEG")
    return out.getvalue()


def operations(schema: BaseSchema) -> Iterator[APIOperation]:
    for result in schema.get_all_operations():
        yield result.ok()


def sound(operation: APIOperation, supplies: Supplies) -> Iterator[Case]:
    """The least request that the contract allows, and that with one optional parameter, for each of them."""
    optional = [parameter for parameter in operation.iter_parameters() if not parameter.is_required]
    bodies: list[Any] = list(operation.body) or [None]
    for extra, body in itertools.zip_longest([None, *optional], bodies, fillvalue=None):
        body = body or bodies[0]
        case = operation.Case(media_type=body.media_type if body else None)
        for parameter in operation.iter_parameters():
            if parameter.is_required or parameter is extra:
                value = supplies.sound_value(parameter)
                if value is not None:
                    case.get_container(parameter.location)[parameter.name] = value
        if body is not None:
            value = supplies.sound_body(body)
            if value is not None:
                case.body = value
        agree(case)
        yield case


def coverage(operation: APIOperation, source: random.Random) -> list[Case]:
    """The requests at and beyond each limit of the operation's schemas, in an order of the seed's."""
    schema = operation.schema
    made = list(schema.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode),
        generation_config=schema.config.generation_for(operation=operation)))
    source.shuffle(made)
    return made


def draw(operation: APIOperation, count: int, source: random.Random, send: Callable[[Case], None]) -> None:
    """Sends `count` drawn requests, half of them broken in one place or more."""
    strategy = strategies.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))
    sent = 0
    for _ in range(ATTEMPTS):
        if sent >= count:
            return

        @hypothesis.seed(source.getrandbits(64))
        @hypothesis.settings(max_examples=count - sent, database=None, deadline=None, phases=[Phase.generate],
                             suppress_health_check=list(HealthCheck))
        @hypothesis.given(case=strategy)
        def each(case: Case) -> None:
            nonlocal sent
            sent += 1
            send(case)

        each()
