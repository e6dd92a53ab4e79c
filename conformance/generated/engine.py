"""Engine: runs generated cases, within bounds and the same for the same seed, and tells the smallest that failed."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import HypothesisException
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ensure_resource_availability,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)

from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.schema import read_schema
from conformance.generated.sender import Sender
from conformance.outcomes import Violation
from conformance.text import Text
from conformance.wire import Reply

BY_DOCUMENT = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
"""What of an answer is compared with the document: status, content type, headers, schema."""

OVER_TIME = (use_after_free, ensure_resource_availability)
"""What shows only over several requests: a deleted thing is gone, a made one is there."""

_one_at_a_time = threading.Lock()
"""Generation compiles what it makes, which CPython 3.12 may not do in two threads (ast.parse); nor is it quicker."""

Judge = Callable[[Case[Any], Response, Reply], None]


@dataclass(frozen=True)
class Bounds:
    """How much is generated: cases an operation, at most ``time_s`` in all (seconds); ``steps`` of a stateful run."""

    cases: int
    time_s: float
    steps: int = 8


class _OutOfTime(BaseException):
    """The time for generated cases is over; no Exception, which hypothesis would take for a failing case."""


def quiet(bounds: Bounds, *, shrink: bool = True) -> settings:
    """Settings of a run: no example database, no deadline for a case."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    return settings(
        max_examples=bounds.cases,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        stateful_step_count=bounds.steps,
        print_blob=False,
        report_multiple_bugs=False,
    )


@dataclass
class Found:
    """The last case that failed: hypothesis tries smaller ones, so it is the smallest."""

    case: Case[Any] | None = None
    failures: Sequence[Failure] = ()
    exchanges: Sequence[Any] = ()


def run_cases(ctx: Context, operations: Sequence[Operation], mode: GenerationMode, bounds: Bounds, judge: Judge) -> int:
    """Generate cases for each operation in turn and judge every answer; how many were sent.

    Raises:
        Violation: An answer was not as judged; the smallest case is told.
    """
    with _one_at_a_time:
        return _run_cases(ctx, operations, mode, bounds, judge)


def _run_cases(
    ctx: Context, operations: Sequence[Operation], mode: GenerationMode, bounds: Bounds, judge: Judge
) -> int:
    sender = Sender(ctx)
    schema = read_schema([one for one in operations if sender.may_ask(one)])
    asked = ctx.draws.shuffled([one for one in operations if sender.may_ask(one)])
    begin_s, seed = time.monotonic(), ctx.draws.number(2**32)
    for number, operation in enumerate(asked):
        left_s = bounds.time_s - (time.monotonic() - begin_s)
        if left_s <= 0:
            break
        share_s = max(0.2, left_s / (len(asked) - number))
        sender.turn_to(operation)
        described = schema[operation.path][operation.method]
        _run_operation(ctx, sender, described, mode, _Share(operation, bounds, seed, time.monotonic() + share_s, judge))
    return sender.count


@dataclass(frozen=True)
class _Share:
    """One operation's part of a run."""

    operation: Operation
    bounds: Bounds
    seed: int
    until_s: float
    judge: Judge


def _run_operation(
    ctx: Context, sender: Sender, described: APIOperation[Any, Any, Any, Any], mode: GenerationMode, share: _Share
) -> None:
    found = Found()
    kept, begun = len(ctx.wire.exchanges), sender.count
    fixed = sender.fixed_path(share.operation) if mode is GenerationMode.POSITIVE else {}

    def one(case: Case[Any]) -> None:
        if time.monotonic() > share.until_s and sender.count > begun and found.case is None:
            raise _OutOfTime
        response, reply = sender.send(case)
        try:
            share.judge(case, response, reply)
        except (FailureGroup, Violation) as reason:
            _note(ctx, found, case, reason, kept)
            raise
        sender.forget(kept)

    strategy = described.as_strategy(mode, path_parameters=fixed or None)
    test = hypothesis.seed(share.seed)(quiet(share.bounds)(given(case=strategy)(one)))
    _run(ctx, test, found)


def _note(ctx: Context, found: Found, case: Case[Any], reason: BaseException, kept: int) -> None:
    found.case = case
    found.failures = reason.exceptions if isinstance(reason, FailureGroup) else (_as_failure(reason),)
    found.exchanges = tuple(ctx.wire.exchanges[kept:])
    del ctx.wire.exchanges[kept:]


def _as_failure(reason: BaseException) -> Any:
    return reason


def _run(ctx: Context, test: Callable[[], None], found: Found) -> None:
    """Run a test; tell the smallest case that failed, as the check's violation, with its exchanges."""
    try:
        test()
    except (_OutOfTime, HypothesisException, FailureGroup, Violation, AssertionError) as reason:
        if found.case is None:
            if isinstance(reason, (_OutOfTime, HypothesisException)):
                return
            raise
    if found.case is None:
        return
    ctx.wire.exchanges.extend(found.exchanges)
    raise _violation(found)


def _violation(found: Found) -> Violation:
    first = found.failures[0]
    assert found.case is not None  # noqa: S101 - only told of a case
    name = str(found.case.operation.label)
    if isinstance(first, Violation):
        what = Text(f"{name}: {first.text.en}", f"{name}: {first.text.ja}")
        return Violation(what, expected=first.expected, actual=first.actual)
    told = f"{first.title}: {first.message}".strip()
    return Violation(
        Text(f"{name} ({first.title})", f"{name}({first.title})"),
        expected="as the OpenAPI document says",
        actual=told[:600],
    )


def judge_by_document(case: Case[Any], response: Response, reply: Reply) -> None:
    """Compare an answer with the document."""
    del reply
    case.validate_response(response, checks=list(BY_DOCUMENT))


def run_links(ctx: Context, operations: Sequence[Operation], bounds: Bounds) -> int:
    """Follow the document's links over several requests; how many were sent.

    Raises:
        Violation: An answer was not as the document says, or a thing was not there, or not gone.
    """
    sender = Sender(ctx)
    schema = read_schema([one for one in operations if sender.may_ask(one)])
    found, kept = Found(), len(ctx.wire.exchanges)
    until_s = time.monotonic() + bounds.time_s
    base: type[APIStateMachine] = schema.as_state_machine()

    class Machine(base):  # type: ignore[misc, valid-type]  # made for the schema at run time
        """Steps that are sent over the wire."""

        def setup(self) -> None:
            """Each scenario keeps its own exchanges, and none begins when the time is over."""
            if time.monotonic() > until_s and found.case is None:
                raise _OutOfTime
            sender.forget(kept)

        def call(self, case: Case[Any], **_: Any) -> Response:
            """Send a step."""
            if time.monotonic() > until_s and found.case is None:
                raise _OutOfTime
            return sender.send(case)[0]

        def validate_response(self, response: Response, case: Case[Any], *_: Any, **__: Any) -> None:
            """Judge a step by the document, and by what came before it."""
            try:
                case.validate_response(response, checks=[*BY_DOCUMENT, *OVER_TIME], recorder=self.recorder)
            except FailureGroup as reason:
                _note(ctx, found, case, reason, kept)
                raise

    seed = ctx.draws.number(2**32)
    with _one_at_a_time:
        _run(ctx, lambda: _steps(Machine, bounds, seed), found)
    sender.forget(kept) if found.case is None else None
    return sender.count


def _steps(machine: type[APIStateMachine], bounds: Bounds, seed: int) -> None:
    hypothesis.seed(seed)(machine)
    machine.run(settings=quiet(bounds))
