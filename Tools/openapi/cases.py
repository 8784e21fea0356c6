"""What is sent: sound requests out of the contract's own examples, schemathesis's coverage of each limit, and
its drawn requests, sound and broken.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, strategies
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from supplies import Supplies, agree

#: Runs of Hypothesis in which an operation may come to its number of cases.
ATTEMPTS = 20


def sound(operation: APIOperation, supplies: Supplies) -> Iterator[Case]:
    """The least request that the contract allows, and that with one optional parameter, for each example of it."""
    needed = [parameter for parameter in operation.iter_parameters() if parameter.is_required]
    extras = [(parameter, index) for parameter in operation.iter_parameters() if not parameter.is_required
              for index in range(len(parameter.examples) or 1)]
    bodies: list[Any] = list(operation.body) or [None]
    for extra, body in itertools.zip_longest([None, *extras], bodies, fillvalue=None):
        body = body or bodies[0]
        case = operation.Case(media_type=body.media_type if body else None)
        values = [(parameter, supplies.value(operation, parameter)) for parameter in needed]
        if any(value is None for _, value in values):
            continue
        if extra is not None:
            values.append((extra[0], supplies.value(operation, *extra)))
        for parameter, value in values:
            if value is not None:
                case.get_container(parameter.location)[parameter.name] = value
        value = supplies.body(operation, body) if body else None
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


def complete(case: Case, supplies: Supplies) -> None:
    """Puts sound values into most parts of a drawn case that are not broken on purpose."""
    chance = supplies.source.random
    operation = case.operation
    broken = {place for place, part in case.meta.components.items() if part.mode.is_negative}
    for parameter in operation.iter_parameters():
        part = case.get_container(parameter.location)
        if parameter.location in broken or part is None or parameter.name not in part:
            continue
        if not parameter.is_required and chance() < 0.4:
            del part[parameter.name]
        elif chance() < 0.8 and (value := supplies.value(operation, parameter)) is not None:
            part[parameter.name] = value
    body = operation.get_body_for_media_type(case.media_type)
    if body is not None and ParameterLocation.BODY not in broken and chance() < 0.8:
        value = supplies.body(operation, body)
        case.body = case.body if value is None else value
        if ParameterLocation.HEADER not in broken and chance() < 0.8:
            agree(case)
    # Else schemathesis looks again whether the case is sound, and takes every image for broken.
    case._record_starting_state()
