"""Compares a contract with the released one of its major version, and names each change that breaks a caller.

    breaking.py CONTRACT RELEASED_FOLDER

Requests may come to allow more, and answers to promise more; never less. Additions pass: callers pass over
members that they do not know, and in a set of values marked `x-grows` expect some that they do not know.
Whether one pattern or format allows all that another does is not decided: every change of one counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]
Finding = tuple[str, str]  # The rule and the place.

#: What counts, and whom it breaks.
RULES = {
    "removed-path": "callers ask for it",
    "removed-operation": "callers ask for it",
    "removed-socket": "callers ask for it there",
    "removed-parameter": "what callers send is refused or passed over",
    "required-parameter": "callers do not send it",
    "required-body": "callers do not send it",
    "removed-request-type": "callers send it",
    "narrowed-request": "what callers send is refused",
    "removed-success-status": "callers wait for it",
    "removed-response-type": "callers read it",
    "removed-response-header": "callers read it",
    "optional-response-header": "callers rely on it",
    "removed-response-member": "callers read it",
    "optional-response-member": "callers rely on it",
    "widened-response": "callers have not heard of it",
    "removed-error-code": "callers act on it",
    "changed-error-status": "callers act on it",
}

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

#: Keywords that say nothing about which values are good.
SILENT = {"title", "description", "example", "examples", "default", "deprecated", "summary"}

#: Keywords that are compared by code below.
STRUCTURE = {"type", "enum", "const", "oneOf", "anyOf", "properties", "required", "additionalProperties", "items"}

#: Each other keyword, and when its second value allows less than its first; None is no limit.
NARROWER: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
        lambda old, new: new is not None and (old is None or new > old)),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
        lambda old, new: new is not None and (old is None or new < old)),
    **dict.fromkeys(("pattern", "format", "multipleOf"), lambda old, new: new is not None and new != old),
    "uniqueItems": lambda old, new: bool(new) and not old,
}


class NotUnderstood(Exception):
    """A contract has something that the rules do not know, so that nothing can be said."""


def breaks(released: dict[str, Any], contract: dict[str, Any]) -> list[Finding]:
    """Every change from `released` to `contract` that breaks a caller."""
    return list(_Comparison(released, contract).run())


class _Comparison:
    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = old, new

    def run(self) -> Iterator[Finding]:
        for path, old_item in self.old["paths"].items():
            new_item = self.new["paths"].get(path)
            if new_item is None:
                yield "removed-path", path
                continue
            for method in METHODS:
                if method not in old_item:
                    continue
                place = f"{method.upper()} {path}"
                if method not in new_item:
                    yield "removed-operation", place
                else:
                    yield from self.operation(place, (old_item, old_item[method]), (new_item, new_item[method]))
        yield from self.codes()

    def codes(self) -> Iterator[Finding]:
        """The registry of error codes."""
        statuses = [document["components"]["schemas"]["ErrorCode"]["x-status"] for document in (self.old, self.new)]
        for code, status in statuses[0].items():
            if code not in statuses[1]:
                yield "removed-error-code", code
            elif statuses[1][code] != status:
                yield "changed-error-status", f"{code}: {status} became {statuses[1][code]}"

    # Operations

    def operation(self, place: str, old: tuple[Schema, Schema], new: tuple[Schema, Schema]) -> Iterator[Finding]:
        for socket in old[1]["x-sockets"]:
            if socket not in new[1]["x-sockets"]:
                yield "removed-socket", f"{place} on {socket}.sock"
        for code in old[1]["x-error-codes"]:
            if code not in new[1]["x-error-codes"]:
                yield "removed-error-code", f"{place}: {code}"
        yield from self.parameters(place, self.listed(self.old, *old), self.listed(self.new, *new))
        yield from self.request(place, *(self.resolved(document, pair[1].get("requestBody"))
                                         for document, pair in ((self.old, old), (self.new, new))))
        for status, response in old[1]["responses"].items():
            known = new[1]["responses"].get(status)
            where = f"{place} {status}"
            if known is not None:
                yield from self.response(where, self.resolved(self.old, response), self.resolved(self.new, known))
            elif int(status) < 400:
                yield "removed-success-status", where

    def parameters(self, place: str, old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[Finding]:
        for name, parameter in old.items():
            if name not in new:
                yield "removed-parameter", f"{place}: {name}"
                continue
            yield from self.narrowed(f"{place}: {name}", parameter["schema"], new[name]["schema"], answer=False)
        for name, parameter in new.items():
            if parameter.get("required") and not old.get(name, {}).get("required"):
                yield "required-parameter", f"{place}: {name}"

    def request(self, place: str, old: Schema, new: Schema) -> Iterator[Finding]:
        if new.get("required") and not old.get("required"):
            yield "required-body", place
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield "removed-request-type", f"{place}: {kind}"
            else:
                yield from self.narrowed(
                    f"{place}: body", media.get("schema", {}), new["content"][kind].get("schema", {}), answer=False)

    def response(self, place: str, old: Schema, new: Schema) -> Iterator[Finding]:
        for name, header in old.get("headers", {}).items():
            where = f"{place}: {name}"
            if name not in new.get("headers", {}):
                yield "removed-response-header", where
                continue
            before, after = self.resolved(self.old, header), self.resolved(self.new, new["headers"][name])
            if before.get("required") and not after.get("required"):
                yield "optional-response-header", where
            yield from self.narrowed(where, before["schema"], after["schema"], answer=True)
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield "removed-response-type", f"{place}: {kind}"
            else:
                yield from self.narrowed(
                    place, media.get("schema", {}), new["content"][kind].get("schema", {}), answer=True)
        for kind in new.get("content", {}):
            if old.get("content") and kind not in old["content"]:
                yield "widened-response", f"{place}: {kind}"

    def listed(self, document: dict[str, Any], item: Schema, operation: Schema) -> dict[str, Schema]:
        """The parameters of an operation, those of its path among them, by place and name."""
        both = [self.resolved(document, parameter)
                for parameter in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        return {f"{parameter['in']} {parameter['name']}": parameter for parameter in both}

    def resolved(self, document: dict[str, Any], value: Any) -> Schema:
        """The value that a reference names; an empty one where there is none."""
        value = {} if value is None or value is True else value
        while "$ref" in value:
            target: Any = document
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            # Beside a reference there is only description.
            value = target
        return value

    # Schemas

    def narrowed(self, place: str, old: Schema, new: Schema, *, answer: bool) -> Iterator[Finding]:
        """How `new` breaks callers that rely on `old`: by allowing less of a request, or more of an answer."""
        before, after = self.choices(self.old, old), self.choices(self.new, new)
        outer, inner = (before, after) if answer else (after, before)
        for one in inner:
            # Each alternative of the smaller side must fit one of the larger side; the nearest tells why not.
            fits = [list(self.alternative(place, *((other, one) if answer else (one, other)), answer=answer))
                    for other in outer]
            yield from min(fits, key=len)

    def choices(self, document: dict[str, Any], schema: Schema) -> list[Schema]:
        """The alternatives that a schema allows, each of one type where it names several."""
        schema = self.resolved(document, schema)
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return [choice for part in schema[word] for choice in self.choices(document, part)]
        types = schema.get("type")
        return [{**schema, "type": one} for one in types] if isinstance(types, list) else [schema]

    def alternative(self, place: str, old: Schema, new: Schema, *, answer: bool) -> Iterator[Finding]:
        for schema in (old, new):
            unknown = {word for word in schema if word not in {*SILENT, *STRUCTURE, *NARROWER} and word[:2] != "x-"}
            if unknown:
                raise NotUnderstood(f"{place}: the rules do not know {', '.join(sorted(unknown))}")
        rule = "widened-response" if answer else "narrowed-request"
        wide, slim = (new, old) if answer else (old, new)
        if not _covers(_types(slim), _types(wide)):
            yield rule, f"{place}: type {_types(old)} became {_types(new)}"
            return
        values = _values(slim)
        if values is not None and not (answer and old.get("x-grows")):
            gone = ["any"] if _values(wide) is None else [value for value in _values(wide) if value not in values]
            if gone:
                yield rule, f"{place}: {', '.join(map(str, gone))}"
        for word, narrower in NARROWER.items():
            if narrower(wide.get(word), slim.get(word)):
                yield rule, f"{place}: {word} {old.get(word)} became {new.get(word)}"
        if "items" in slim or "items" in wide:
            yield from self.narrowed(f"{place}[]", old.get("items", {}), new.get("items", {}), answer=answer)
        others = [schema.get("additionalProperties", {}) for schema in (old, new)]
        if False not in others and others != [{}, {}]:
            yield from self.narrowed(f"{place}.*", *others, answer=answer)
        yield from (self.members_of_answer if answer else self.members_of_request)(place, old, new)

    def members_of_request(self, place: str, old: Schema, new: Schema) -> Iterator[Finding]:
        closed = new.get("additionalProperties") is False
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                yield "narrowed-request", f"{place}.{name} is required"
        for name, schema in old.get("properties", {}).items():
            known = new.get("properties", {}).get(name)
            if known is not None:
                yield from self.narrowed(f"{place}.{name}", schema, known, answer=False)
            elif closed:
                yield "narrowed-request", f"{place}.{name} is gone"
        if closed and old.get("additionalProperties") is not False and "object" in _types(old):
            yield "narrowed-request", f"{place}: unknown members are refused"

    def members_of_answer(self, place: str, old: Schema, new: Schema) -> Iterator[Finding]:
        for name, schema in old.get("properties", {}).items():
            known = new.get("properties", {}).get(name)
            if known is None:
                yield "removed-response-member", f"{place}.{name}"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield "optional-response-member", f"{place}.{name}"
            yield from self.narrowed(f"{place}.{name}", schema, known, answer=True)


def _values(schema: Schema) -> list[Any] | None:
    """The values that a schema lists; None is any."""
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _types(schema: Schema) -> list[str]:
    """The JSON types that a schema allows; all where it names none."""
    if "type" in schema:
        return [schema["type"]]
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    listed = _values(schema)
    every = ["string", "boolean", "number", "null", "array", "object"]
    return every if listed is None else sorted({names.get(type(value), "object") for value in listed})


def _covers(outer: list[str], inner: list[str]) -> bool:
    return all(one in outer or (one == "integer" and "number" in outer) for one in inner)


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 64
    contract = yaml.safe_load(Path(sys.argv[1]).read_text("utf-8"))
    major = contract["info"]["version"].split(".")[0]
    file = Path(sys.argv[2]) / f"v{major}.yaml"
    if not file.exists():
        print(f"version {contract['info']['version']} has no released contract: copy it to {file}")
        return 1
    released = yaml.safe_load(file.read_text("utf-8"))
    if released["info"]["version"].split(".")[0] != major:
        print(f"{file} is of version {released['info']['version']}")
        return 1
    found = breaks(released, contract)
    for rule, place in found:
        print(f"{rule}: {place} ({RULES[rule]})")
    count = sum(method in METHODS for item in released["paths"].values() for method in item)
    print(f"{count} released operations, {len(found)} breaking changes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
