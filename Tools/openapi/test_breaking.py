"""Each rule of breaking.py is broken once, and what may be added is added."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from breaking import RULES, NotUnderstood, breaks

CONTRACT = yaml.safe_load("""
paths:
  /v1/things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, pattern: '^[a-f]+$'}}
    put:
      x-sockets: [images, admin]
      x-error-codes: [bad-request, sealed]
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 1000}}
        - {name: order, in: query, schema: {enum: [up, down]}}
        - $ref: '#/components/parameters/Job'
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Wish'}}
          image/png: {schema: {type: string}}
      responses:
        '200':
          headers:
            ETag: {required: true, schema: {type: string, pattern: '^x$'}}
          content:
            application/json: {schema: {$ref: '#/components/schemas/Thing'}}
            text/plain: {schema: {type: string}}
        '304': {description: Unchanged.}
        '400': {description: Refused.}
    delete: {x-sockets: [images], x-error-codes: [], responses: {'200': {description: Gone.}}}
  /v1/more: {}
components:
  parameters:
    Job: {name: Vault-Job, in: header, schema: {type: string, minLength: 1, maxLength: 64}}
  schemas:
    Wish:
      type: object
      additionalProperties: false
      required: [name]
      properties:
        name: {type: string}
        note: {oneOf: [{type: string, maxLength: 9}, {type: 'null'}]}
        tags: {type: array, maxItems: 4, items: {type: string}}
        free: {type: object}
        named: {type: object, additionalProperties: {type: string, maxLength: 5}}
    Thing:
      type: object
      required: [size, state]
      properties:
        size: {type: [integer, 'null'], minimum: 0}
        state: {enum: [old, new]}
        kind: {x-grows: true, enum: [a, b]}
        named: {type: object, additionalProperties: {type: integer, maximum: 5}}
        parts: {type: array, items: {type: object, required: [n], properties: {n: {type: integer}}}}
    ErrorCode:
      x-status: {bad-request: 400, sealed: 503}
""")

PUT = "paths./v1/things/{id}.put"
WISH, THING = "components.schemas.Wish", "components.schemas.Thing"
LIMIT, ORDER = f"{PUT}.parameters.0", f"{PUT}.parameters.1"
ANSWER = f"{PUT}.responses.200"
GONE = object()

#: The rule, the place in the document, and what stands there afterwards.
BROKEN = [
    ("removed-path", "paths./v1/more", GONE),
    ("removed-operation", "paths./v1/things/{id}.delete", GONE),
    ("removed-socket", f"{PUT}.x-sockets", ["images"]),
    ("removed-parameter", ORDER, GONE),
    ("removed-parameter", f"{PUT}.parameters.2", GONE),
    ("required-parameter", f"{LIMIT}.required", True),
    ("required-parameter", "components.parameters.Job.required", True),
    ("required-parameter", f"{PUT}.parameters.3",
     {"name": "Vault-New", "in": "header", "required": True, "schema": {"type": "string"}}),
    ("required-body", f"{PUT}.requestBody.required", True),
    ("removed-request-type", f"{PUT}.requestBody.content.image/png", GONE),
    ("narrowed-request", f"{LIMIT}.schema.maximum", 999),
    ("narrowed-request", f"{LIMIT}.schema.minimum", 2),
    ("narrowed-request", f"{LIMIT}.schema.type", "string"),
    ("narrowed-request", f"{LIMIT}.schema.multipleOf", 2),
    ("narrowed-request", f"{ORDER}.schema.enum", ["up"]),
    ("narrowed-request", "paths./v1/things/{id}.parameters.0.schema.pattern", "^[a-e]+$"),
    ("narrowed-request", "components.parameters.Job.schema.maxLength", 63),
    ("narrowed-request", "components.parameters.Job.schema.format", "uuid"),
    ("narrowed-request", f"{WISH}.required", ["name", "note"]),
    ("narrowed-request", f"{WISH}.properties.tags", GONE),
    ("narrowed-request", f"{WISH}.properties.tags.items.maxLength", 3),
    ("narrowed-request", f"{WISH}.properties.tags.uniqueItems", True),
    ("narrowed-request", f"{WISH}.properties.tags.minItems", 1),
    ("narrowed-request", f"{WISH}.properties.note.oneOf.1", GONE),
    ("narrowed-request", f"{WISH}.properties.note.oneOf.0.maxLength", 8),
    ("narrowed-request", f"{WISH}.properties.name.const", "only this"),
    ("narrowed-request", f"{WISH}.properties.free.additionalProperties", False),
    ("narrowed-request", f"{WISH}.properties.named.additionalProperties.maxLength", 4),
    ("narrowed-request", f"{WISH}.properties.free.additionalProperties", {"type": "string"}),
    ("removed-success-status", f"{PUT}.responses.304", GONE),
    ("removed-response-type", f"{ANSWER}.content.text/plain", GONE),
    ("removed-response-header", f"{ANSWER}.headers.ETag", GONE),
    ("optional-response-header", f"{ANSWER}.headers.ETag.required", False),
    ("removed-response-member", f"{THING}.properties.kind", GONE),
    ("removed-response-member", f"{THING}.properties.parts.items.properties.n", GONE),
    ("optional-response-member", f"{THING}.required", ["size"]),
    ("optional-response-member", f"{THING}.properties.parts.items.required", []),
    ("widened-response", f"{THING}.properties.state.enum", ["old", "new", "borrowed"]),
    ("widened-response", f"{THING}.properties.state", {"type": "string"}),
    ("widened-response", f"{THING}.properties.size.type", ["integer", "null", "string"]),
    ("widened-response", f"{THING}.properties.size.minimum", -1),
    ("widened-response", f"{THING}.properties.named.additionalProperties.maximum", 6),
    ("widened-response", f"{THING}.properties.named.additionalProperties", True),
    ("widened-response", f"{THING}.properties.parts.items.type", "string"),
    ("widened-response", f"{ANSWER}.headers.ETag.schema.pattern", GONE),
    ("widened-response", f"{ANSWER}.content.image/gif", {"schema": {"type": "string"}}),
    ("removed-error-code", f"{PUT}.x-error-codes", ["sealed"]),
    ("removed-error-code", "components.schemas.ErrorCode.x-status.sealed", GONE),
    ("changed-error-status", "components.schemas.ErrorCode.x-status.sealed", 423),
]

ADDED = [
    ("paths./v1/new", {"get": {}}),
    ("paths./v1/more.get", {"x-sockets": ["audit"]}),
    (f"{PUT}.x-sockets", ["audit", "admin", "images"]),
    (f"{PUT}.parameters.3", {"name": "Vault-New", "in": "header", "schema": {"type": "string"}}),
    ("paths./v1/things/{id}.parameters.0.schema.pattern", GONE),
    (f"{LIMIT}.schema.maximum", 2000),
    (f"{LIMIT}.schema.type", "number"),
    (f"{ORDER}.schema.enum", ["up", "down", "none"]),
    (f"{PUT}.requestBody.content.image/gif", {"schema": {"type": "string"}}),
    (f"{WISH}.properties.more", {"type": "string"}),
    (f"{WISH}.required", []),
    (f"{WISH}.additionalProperties", True),
    (f"{WISH}.properties.named.additionalProperties", True),
    (f"{THING}.properties.named.additionalProperties", False),
    (f"{WISH}.properties.note.oneOf.2", {"type": "integer"}),
    (f"{WISH}.properties.name.description", "A name."),
    (f"{PUT}.responses.409", {"description": "Refused."}),
    (f"{PUT}.responses.202", {"description": "Later."}),
    (f"{ANSWER}.headers.Link", {"schema": {"type": "string"}}),
    (f"{THING}.properties.more", {"type": "string"}),
    (f"{THING}.required", ["size", "state", "kind"]),
    (f"{THING}.properties.kind.enum", ["a", "b", "c"]),
    (f"{THING}.properties.state.enum", ["old"]),
    (f"{THING}.properties.size.type", "integer"),
    (f"{THING}.properties.size.maximum", 10),
    (f"{PUT}.x-error-codes", ["sealed", "overloaded", "bad-request"]),
    ("components.schemas.ErrorCode.x-status.overloaded", 503),
]


def changed(place: str, value: Any) -> dict[str, Any]:
    """The contract with one thing changed; a place is the keys to it, joined by dots."""
    made = copy.deepcopy(CONTRACT)
    at: Any = made
    *parents, last = place.split(".")
    for key in parents:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if isinstance(at, list):
        at[int(last):int(last) + 1] = [] if value is GONE else [value]
    elif value is GONE:
        del at[last]
    else:
        at[last] = value
    return made


@pytest.mark.parametrize(("rule", "place", "value"), BROKEN, ids=[f"{rule} {place}" for rule, place, _ in BROKEN])
def test_break_is_named(rule: str, place: str, value: Any) -> None:
    assert {found for found, _ in breaks(CONTRACT, changed(place, value))} == {rule}


@pytest.mark.parametrize(("place", "value"), ADDED, ids=[place for place, _ in ADDED])
def test_addition_passes(place: str, value: Any) -> None:
    assert breaks(CONTRACT, changed(place, value)) == []


def test_every_rule_is_broken_once() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


def test_unknown_keyword_is_not_passed_over() -> None:
    with pytest.raises(NotUnderstood, match="contains"):
        breaks(CONTRACT, changed(f"{THING}.properties.parts.contains", {}))


def test_values_that_start_to_grow_did_not_grow_for_released_callers() -> None:
    later = changed(f"{THING}.properties.state", {"x-grows": True, "enum": ["old", "new", "third"]})
    assert [rule for rule, _ in breaks(CONTRACT, later)] == ["widened-response"]
