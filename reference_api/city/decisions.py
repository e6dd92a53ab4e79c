"""Decisions asked for by themselves (オプトイン判定): may this be disclosed, on which basis, with which obligations.

The shape is that of the OpenID AuthZEN Authorization API 1.0: one evaluation or a list of them, each answered by
``decision`` and ``context``. A client asks as the recipient that it is; a person asks of their own data whatever they
like. Nobody learns from an answer whether somebody exists whom they have nothing to do with.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.call import Call, Reply, json_reply, unix_s
from reference_api.city.shapes import Instant
from reference_api.clock import instant
from reference_api.consent import UNKNOWN, Decision
from reference_api.consent_requests import is_recipient
from reference_api.disaster import mode_of, modes
from reference_api.disclosure import consents_of, decide_as, is_linked, names_towards, speaks_for_person
from reference_api.errors import ApiError, Fault
from reference_api.notices import notice_uri
from reference_api.oidc.subjects import local_sub
from reference_api.services import Services

MAX_BATCH = 100
"""Source: contract, schema DecisionBatch."""
WHAT_IF = "sandbox.admin"
"""Scope that lets a sandbox's tester ask as anybody, in any mode, at any time."""


class _Entity(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    type: str = ""


class _Action(msgspec.Struct):
    name: str = "read"


class _Context(msgspec.Struct):
    mode: Literal["normal", "drill", "disaster"] | None = None
    time: Instant | None = None


class _Evaluation(msgspec.Struct, kw_only=True):
    subject: _Entity
    purpose: str
    category: str
    recipient: _Entity | None = None
    action: _Action = msgspec.field(default_factory=_Action)
    context: _Context = msgspec.field(default_factory=_Context)


class _Batch(msgspec.Struct):
    evaluations: Annotated[list[_Evaluation], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class _Probe(msgspec.Struct):
    evaluations: msgspec.Raw = msgspec.Raw()


_KEEP = (
    "INSERT INTO consent_decision (at_s, client_id, asker, subject, recipient, purpose, category, mode, permit, basis,"
    " clause, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PROBE = msgspec.json.Decoder(_Probe)
_ONE = msgspec.json.Decoder(_Evaluation)
_BATCH = msgspec.json.Decoder(_Batch)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was decided on which question, in which mode, at which time (Unix seconds); ``sub`` as it was asked."""

    evaluation: _Evaluation
    recipient: str
    mode: str
    at_s: float
    decision: Decision


async def decide_consents(services: Services, call: Call) -> Reply:
    """Decide on one question or on up to 100; each question and its answer is kept."""
    is_batch = bool(bytes(call.read(_PROBE).evaluations))
    evaluations = call.read(_BATCH).evaluations if is_batch else [call.read(_ONE)]
    faults = [
        Fault(f"/evaluations/{number}{pointer}" if is_batch else pointer, "unknown")
        for number, evaluation in enumerate(evaluations)
        for pointer in _unknown_codes(evaluation)
    ]
    if faults:
        raise ApiError("validation", faults=faults)
    answers = [await _answer(services, call, evaluation) for evaluation in evaluations]
    await _audit(services, call, answers)
    shown = [_shown(services, answer) for answer in answers]
    return json_reply({"evaluations": shown} if is_batch else shown[0], headers={"cache-control": "no-store"})


def _unknown_codes(evaluation: _Evaluation) -> list[str]:
    catalogue = load_consent_catalogue()
    recipient = evaluation.recipient
    checks = {
        "/purpose": evaluation.purpose in catalogue.purposes,
        "/category": evaluation.category in catalogue.categories,
        "/action/name": evaluation.action.name in catalogue.actions,
        "/recipient/id": recipient is None or is_recipient(recipient.id),
    }
    return [pointer for pointer, known in checks.items() if not known]


async def _answer(services: Services, call: Call, evaluation: _Evaluation) -> _Answer:
    token = call.token
    sub = local_sub(services, token, evaluation.subject.id)
    row = None
    if sub is not None and token.subject in (None, sub):
        row = await services.store.one("SELECT district, neighbourhood FROM account WHERE sub = ?", (sub,))
    free = WHAT_IF in token.scopes or (speaks_for_person(token) and token.subject == sub)
    names = _names(call, evaluation, row[1] if row else None, free=free)
    held = "normal" if row is None else mode_of(await modes(services), row[0], row[1])
    asked, at_s = evaluation.context.mode or held, call.now_s
    if free and evaluation.context.time is not None:
        at_s = unix_s(evaluation.context.time, "/context/time")
    if sub is None or row is None:
        return _Answer(evaluation, names[0], asked, at_s, UNKNOWN)
    decision = Decision(permit=False, basis="none", reason="mode")
    if free or asked == held:
        records = await consents_of(services, sub)
        decision = decide_as(services, records, names, (evaluation.purpose, evaluation.category, asked), at_s)
    if not decision.permit and not free and not await is_linked(services, token, sub):
        decision = UNKNOWN
    return _Answer(evaluation, names[0], asked, at_s, decision)


def _names(call: Call, evaluation: _Evaluation, neighbourhood: str | None, *, free: bool) -> tuple[str, ...]:
    """As which recipient is asked: the names that a consent may give it.

    Raises:
        ApiError: insufficient-scope, if a client asks for somebody else.
    """
    own = names_towards(call.token, neighbourhood)
    asked = own[0] if evaluation.recipient is None else evaluation.recipient.id
    kind = call.token.recipient.partition(":")[0]
    if asked in own or asked == kind == "association":
        return own
    if free:
        return (asked,)
    raise ApiError("insufficient-scope", "a client asks what itself may see")


async def _audit(services: Services, call: Call, answers: list[_Answer]) -> None:
    """Keep who asked what about whom, and what was answered (obligation audit)."""
    async with services.store.transaction():
        await services.store.many(_KEEP, [_row(call, answer) for answer in answers])


def _row(call: Call, answer: _Answer) -> tuple[object, ...]:
    decision, evaluation = answer.decision, answer.evaluation
    return (
        call.now_s,
        call.token.client_id,
        call.token.subject or "",
        evaluation.subject.id,
        answer.recipient,
        evaluation.purpose,
        evaluation.category,
        answer.mode,
        int(decision.permit),
        decision.basis,
        decision.clause,
        decision.reason,
    )


def _shown(services: Services, answer: _Answer) -> dict[str, object]:
    decision = answer.decision
    context: dict[str, object] = {
        "basis": decision.basis,
        "obligations": decision.obligations,
        "evaluated_at": instant(answer.at_s),
    }
    if decision.clause:
        context["clause"] = decision.clause
    if decision.ring:
        context |= {"ring": decision.ring, "items": decision.items}
    if decision.reason:
        consent_uri = notice_uri(services.settings, answer.evaluation.purpose)
        context |= {"reason": decision.reason, "consent_uri": consent_uri}
    return {"decision": decision.permit, "context": context}
