"""What every answer must keep to: the contract as schemathesis reads it, and the contract's own rules about
problem documents, which it cannot know.
"""

from __future__ import annotations

import json
import math
from typing import Any

from schemathesis import Case, CheckContext, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

#: Those of schemathesis. positive_data_acceptance is left out: headers have grammars that schemas do not
#: tell, so that many a drawn request is rightly refused.
BUILT_IN = ("status_code_conformance", "content_type_conformance", "response_headers_conformance",
            "response_schema_conformance", "missing_required_header", "unsupported_method",
            "allow_header_conformance")

#: Said by the router, before there is an operation.
ROUTE_CODES = {"unknown-route": 404, "method-not-allowed": 405}

#: What any answer may have: HTTP's own.
COMMON_HEADERS = {"content-type", "content-length", "transfer-encoding", "connection", "date"}

#: What the contract says in words of every answer.
EVERY_ANSWER = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Checks:
    """The rules, with the statuses of the contract's error codes."""

    def __init__(self, contract: dict[str, Any]) -> None:
        load_all_checks()
        self.statuses: dict[str, int] = contract["components"]["schemas"]["ErrorCode"]["x-status"]
        self.rejection = CHECKS.get_one("negative_data_rejection")
        self.functions = [*CHECKS.get_by_names(list(BUILT_IN)), self.unbroken, self.problem, self.broken_refused,
                          self.headers_told]

    def failures(self, case: Case, response: Response) -> list[Failure | str]:
        try:
            case.validate_response(response, checks=self.functions)
        except FailureGroup as group:
            return list(group.exceptions)
        return []

    def unbroken(self, _: CheckContext, response: Response, case: Case) -> None:
        """Nothing is damaged here, so 500 is always a fault."""
        assert response.status_code != 500, "500: " + excerpt(response)

    def headers_told(self, _: CheckContext, response: Response, case: Case) -> None:
        """Every header of an answer is in the contract, or HTTP's own; what every answer has is there."""
        for name, value in EVERY_ANSWER.items() if response.status_code != 304 else ():
            assert response.headers.get(name) == [value], f"{name} is {response.headers.get(name)}, not {value}"
        known = case.operation.responses.find_by_status_code(response.status_code)
        told = {name.lower() for name, _ in known.headers.items()} if known is not None else {"allow"}
        untold = sorted(set(response.headers) - told - COMMON_HEADERS - set(EVERY_ANSWER))
        assert not untold, f"headers that the contract does not have: {', '.join(untold)}"

    def broken_refused(self, context: CheckContext, response: Response, case: Case) -> None:
        """What a schema excludes is refused, but for header fields that nobody has heard of."""
        # Too large is a refusal too, which schemathesis does not count as one.
        if case.meta is not None and response.status_code != 413 and not only_unknown_headers(case):
            self.rejection(context, response, case)

    def problem(self, _: CheckContext, response: Response, case: Case) -> None:
        """A refusal has a code, which the operation lists, of the status that the answer has."""
        status = response.status_code
        if status < 400 or response.request.method == "HEAD":
            return
        kind = (response.headers.get("content-type") or [""])[0]
        assert kind.split(";")[0] == "application/problem+json", f"{status} without a problem document: {kind!r}"
        document = json.loads(response.content)
        code = document.get("code")
        assert code in self.statuses, f"the contract does not know the code {code!r}"
        assert document.get("status") == status, f"status {document.get('status')} in an answer with {status}"
        assert self.statuses[code] == status, f"{code} came with {status}, not {self.statuses[code]}"
        listed = case.operation.definition.raw["x-error-codes"]
        if code not in ROUTE_CODES or not leaves_the_route(case):
            assert code in listed, f"{code} is not in x-error-codes"
        wait = document.get("retry_after_ms")
        assert document.get("retryable") == (wait is not None), "retryable without retry_after_ms, or the reverse"
        header = response.headers.get("retry-after")
        told = None if wait is None else [str(math.ceil(wait / 1000))]
        assert header == told, f"Retry-After is {header}, and retry_after_ms {wait}"


def leaves_the_route(case: Case) -> bool:
    """Whether the request was sent to another path or with another method than the operation's."""
    data = case.meta.phase.data if case.meta else None
    if isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        return True
    values = [str(value) for value in case.path_parameters.values()]
    return any(value in ("", ".", "..") or "/" in value for value in values)


def only_unknown_headers(case: Case) -> bool:
    """Whether an unknown header field, which is passed over, is all that is wrong."""
    data = case.meta.phase.data if case.meta else None
    return (isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES
            and data.parameter_location == ParameterLocation.HEADER)


def excerpt(response: Response) -> str:
    """The beginning of an answer's body, whatever bytes it has."""
    return response.content[:400].decode("utf-8", "replace")
