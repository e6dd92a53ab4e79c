"""What the service does is what the document says: generated requests, alone and along the document's links."""

from typing import Any

from schemathesis import Case, GenerationMode
from schemathesis.core.transport import Response

from conformance.check import check
from conformance.checks.core_rest.errors import judge_problem, judge_standing
from conformance.context import Context
from conformance.generated.engine import Bounds, judge_by_document, run_cases, run_links
from conformance.generated.making import Making
from conformance.generated.offer import links_of, may_write, rest_operations, takes_json
from conformance.generated.schema import ALONE, generated_operations, linked_operations
from conformance.outcomes import NotApplicable, Unmet
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

QUICK = Bounds(cases=5, time_s=8.0)
"""Cases an operation and seconds of each ordinary run. Source: issue 4, everything within 90 s. Confidence C."""

LINKS = Bounds(cases=25, time_s=5.0, steps=8)
WRONG = Bounds(cases=6, time_s=5.0)
LONG = Bounds(cases=120, time_s=80.0, steps=12)
"""Of a run with ``--slow``."""


def _proved(ctx: Context, count: int) -> None:
    ctx.require(Text("generated requests sent", "送った生成要求の数"), count, expected="some", actual=count)


@check("REST-017", "generated", when=(may_write,))
def answers_are_documented(ctx: Context) -> None:
    """Each operation gets generated requests that fit the document, and so do the answers."""
    operations = generated_operations(ctx.target, alone=False)
    _proved(ctx, run_cases(ctx, operations, GenerationMode.POSITIVE, QUICK, judge_by_document))


@check("REST-017", "alone", when=(with_sandbox,), alone=True)
def answers_of_the_rest_are_documented(ctx: Context) -> None:
    """Operations that others would notice get generated requests; their answers fit the document."""
    ctx.afterwards(ctx.sandbox.reset)
    operations = [one for one in generated_operations(ctx.target, alone=True) if one.operation_id in ALONE]
    _proved(ctx, run_cases(ctx, operations, GenerationMode.POSITIVE, QUICK, judge_by_document))


@check("REST-017", "stateful", when=(with_sandbox,), alone=True)
def links_hold(ctx: Context) -> None:
    """Things are made and the document's links followed: answers fit, made things are there, deleted ones gone."""
    ctx.afterwards(ctx.sandbox.reset)
    _judge_lives(ctx)
    _proved(ctx, run_links(ctx, linked_operations(ctx.target), LINKS))


def _judge_lives(ctx: Context) -> None:
    """Along the links of what was made: it is read, deleted, and gone; chance leads there too seldom."""
    making = Making(ctx)
    for operation in rest_operations(ctx.target):
        if not {"read", "delete"} <= set(links_of(operation)) or operation.method != "POST":
            continue
        making.next_person()
        try:
            made = making.made(operation.operation_id)
        except (NotApplicable, Unmet):
            continue
        read, delete = making.follow(made, "read"), making.follow(made, "delete")
        if read is None or delete is None:
            continue
        told, there = read.name, making.send(read)
        ctx.expect_status(Text(f"{told} of what was made", f"作ったものの {told}"), there, 200)
        etag = there.header("etag")
        gone = making.send(delete, headers={"if-match": etag} if etag else {})
        if gone.status < 300:
            what = Text(f"{told} of what was deleted", f"消したものの {told}")
            ctx.expect_status(what, making.send(read), 404, 410)


@check("REST-017", "long", when=(with_sandbox,), alone=True, slow=True)
def everything_is_documented(ctx: Context) -> None:
    """Ten times as many generated requests, each alone and along the links."""
    ctx.afterwards(ctx.sandbox.reset)
    operations = generated_operations(ctx.target, alone=True)
    count = run_cases(ctx, operations, GenerationMode.POSITIVE, LONG, judge_by_document)
    _proved(ctx, count + run_links(ctx, linked_operations(ctx.target), LONG))


@check("REST-021", "generated", when=(may_write,))
def wrong_input_is_no_5xx(ctx: Context) -> None:
    """Each operation gets generated requests that break the document: none is answered with 5xx or a stack trace."""

    def judge(case: Case[Any], _: Response, reply: Reply) -> None:
        judge_standing(ctx, f"{case.method} {case.path}", reply)

    operations = [one for one in generated_operations(ctx.target, alone=False) if takes_json(one)]
    _proved(ctx, run_cases(ctx, operations, GenerationMode.NEGATIVE, WRONG, judge))


@check("REST-001", "generated", when=(may_write,))
def generated_errors_are_problems(ctx: Context) -> None:
    """Each operation but those of FHIR gets generated wrong requests: each error is a problem."""

    def judge(case: Case[Any], _: Response, reply: Reply) -> None:
        if reply.status >= 400:
            judge_problem(ctx, f"{case.method} {case.path}", reply)

    asked = [one for one in generated_operations(ctx.target, alone=False) if one.error_format == "problem"]
    operations = [one for one in asked if takes_json(one)]
    _proved(ctx, run_cases(ctx, operations, GenerationMode.NEGATIVE, Bounds(cases=4, time_s=3.0), judge))
