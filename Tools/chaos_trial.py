"""One fault in the middle of one verb, and the look at what is left of it."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chaos_calls import ERRORS, LOSES, OUTSIDE, Fault, Kind, calls_of, counted
from chaos_check import LOST, WRONG, Came, Finding
from chaos_clients import TracedClient
from chaos_flushes import believed_again
from chaos_outside import caught_up, left_whole
from chaos_vault import QUIET_RECOVERED, Case, Prepared, Traced
from chaos_verbs import Tale, Verb
from powercut_load import Line
from powercut_vault import NotServing

#: Runs of a verb without a fault, whose points are taken together.
SIGHTINGS = 3
#: How often a fault is tried whose point did not come.
TRIES = 5
#: Seconds in which a vault has to recover by itself from an error that came once.
RECOVERY = 40
LOOK = 0.05


@dataclass
class Outcome:
    """What came of one fault."""

    fault: Fault | None
    has_fired: bool = False
    findings: list[Finding] = field(default_factory=list)
    points: Counter[Kind] = field(default_factory=Counter)


class Judged(NamedTuple):
    """What is wrong with a vault that came back, by who found it."""

    #: Whatever the verb was.
    common: list[Finding]
    #: By the verb's own `held`.
    own: list[Finding]
    #: Outside of the state directory, after a stop.
    outside: list[Finding]

    def blind(self, has_claims: bool) -> list[str]:
        """Who should have seen that the vault forgot what it had acknowledged, and did not.

        The verb has to see it by itself, whatever others find; and the list of erasures where claims went.
        """
        asked = {"the verb": self.own} | ({"the list of erasures": self.outside} if has_claims else {})
        return [name for name, found in asked.items() if all(finding.kind != LOST for finding in found)]


def sighted(prepared: Prepared, verb: Verb, keep: bool) -> Outcome:
    """A run without a fault; the daemon is killed at its end, when everything is at rest."""
    return once(prepared, verb, None, random.Random(0), keep)


def tried(prepared: Prepared, verb: Verb, fault: Fault, seed: int, keep: bool) -> Outcome:
    """The fault, again where its point does not come: a change more or less in a batch moves pages."""
    outcome = Outcome(fault)
    for attempt in range(TRIES):
        outcome = once(prepared, verb, fault, random.Random(f"{seed}/{verb.name}/{fault}/{attempt}"), keep)
        if outcome.has_fired or outcome.findings:
            break
    return outcome


def overlooked(prepared: Prepared, verb: Verb) -> list[str]:
    """Who does not see that a vault lost something which goes back to how it began, after it acknowledged.

    The anchor goes back too: it would not even let such a vault start.
    """
    case, tale = prepared.copy(), Tale()
    daemon = verb.under(case, None)
    try:
        verb.act(case, tale)
        daemon.settle(QUIET_RECOVERED)
    finally:
        daemon.kill()
    shutil.rmtree(case.state)
    shutil.copytree(prepared.state, case.state)
    shutil.rmtree(case.outside)
    shutil.copytree(prepared.ground.run / OUTSIDE, case.outside)
    return came_back(case, verb, tale).blind(bool(verb.touched(case)))


def once(prepared: Prepared, verb: Verb, fault: Fault | None, chance: random.Random, keep: bool) -> Outcome:
    case, outcome = prepared.copy(), Outcome(fault)
    try:
        faulted(case, verb, outcome, chance)
    except (NotServing, OSError) as error:
        outcome.findings.append(Finding(WRONG, f"{type(error).__name__}: {error}"))
    outcome.findings += crashes(calls_of(case.run / "trace"))
    if outcome.findings:
        (case.run / "findings").write_text("".join(f"{one.kind}: {one.text}\n" for one in outcome.findings))
    if not keep and not outcome.findings:
        shutil.rmtree(case.run)
    return outcome


def crashes(calls: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """A daemon that ended itself: it has no core, and whoever waits for it only sees that it hung up."""
    return [Finding(WRONG, f"the daemon ended by {one['signal']}") for one in calls if one.get("signal")]


def faulted(case: Case, verb: Verb, outcome: Outcome, chance: random.Random) -> None:
    fault, tale = outcome.fault, Tale()
    is_inside = fault is not None and not fault.point.kind.is_outside
    daemon = verb.under(case, fault)
    try:
        verb.act(case, tale)
        if fault and fault.what in (*ERRORS, LOSES):
            outcome.findings += lived(daemon, tale, chance, None if is_inside else gone(case, verb, tale))
        else:
            daemon.settle()
            if daemon.has_fired:
                # Its workers, which the tracer has too, may take a moment longer.
                daemon.ended()
    finally:
        daemon.kill()
    calls = calls_of(daemon.trace)
    outcome.has_fired, outcome.points = daemon.has_fired, counted(calls)
    outcome.findings += [Finding(WRONG, line) for line in believed_again(calls)]
    outcome.findings += [Finding(WRONG, f"{one['call']} is not counted") for one in calls if one.get("unseen")]
    for findings in came_back(case, verb, tale, is_inside):
        outcome.findings += findings


def gone(case: Case, verb: Verb, tale: Tale) -> list[str]:
    """Images of which a claim went, as was acknowledged."""
    return case.prepared.deleted + (verb.touched(case) if tale.acknowledged(200, 202) else [])


def came_back(case: Case, verb: Verb, tale: Tale, is_inside: bool = True) -> Judged:
    came = Came(case)
    try:
        came.unsealed()
        touched = set(verb.touched(case))
        untouched = [image for image in case.prepared.contents if image not in touched]
        common = came.held(untouched)
        own = verb.held(case, tale, came)
        common += came.checked()
        if not is_inside:
            common += caught_up(case, gone(case, verb, tale))
        came.daemon.stop()
        return Judged(common, own, left_whole(case, came.events, gone(case, verb, tale)))
    finally:
        came.daemon.kill()


# MARK: Errors


def is_proper(answer: tuple[int, bytes]) -> bool:
    """Success, or a problem document that says what it is."""
    status, content = answer
    if status < 300:
        return True
    try:
        problem = json.loads(content)
    except ValueError:
        return False
    return bool(problem.get("code")) and problem.get("status") == status


def lived(
    daemon: Traced | TracedClient, tale: Tale, chance: random.Random, listed: list[str] | None
) -> list[Finding]:
    """What has to hold of a daemon one of whose calls failed; then it is killed or stopped, at once or recovered.

    `listed`, after a fault outside of the state directory, is what the list of erasures has to get to have.
    """
    found = []
    # Work goes on after an answer.
    daemon.settle(or_fault=True)
    if daemon.is_gone:
        return [Finding(WRONG, "the daemon died of an error")]
    if tale.answer and not is_proper(tale.answer):
        found.append(Finding(WRONG, f"the answer is no proper one: {tale.answer[0]} {tale.answer[1][:200]!r}"))
    if tale.answer is None and not tale.received:
        found.append(Finding(WRONG, "there was no answer"))
    if listed is not None and tale.answer and tale.answer[0] >= 300:
        found.append(Finding(WRONG, f"what cannot be kept outside stopped a request: {tale.answer}"))
    admin = daemon.case.door("admin")
    found += answers(admin, "GET /v1/health") + answers(admin, "GET /v1/status")
    way = chance.choice(("kill", "seal", "stop", "recover", "recover"))
    if way == "stop":
        daemon.stop()
    if way == "seal":
        found += answers(admin, "POST /v1/seal")
    if way == "recover":
        found += recovered(admin)
        if listed is not None:
            found += caught_up(daemon.case, listed)
        daemon.settle(QUIET_RECOVERED)
        if daemon.is_gone:
            found.append(Finding(WRONG, "the daemon died of an error"))
    return found


def answers(admin: Line, request: str) -> list[Finding]:
    status, content = admin.ask(request)
    return [] if status == 200 else [Finding(WRONG, f"{request} is answered {status}: {content[:200]!r}")]


def recovered(admin: Line) -> list[Finding]:
    give_up = time.monotonic() + RECOVERY
    while (answer := admin.ask("GET /v1/ready"))[0] != 200:
        if time.monotonic() > give_up:
            return [Finding(WRONG, f"it does not recover within {RECOVERY} s: {answer[1][:200]!r}")]
        time.sleep(LOOK)
    return []
