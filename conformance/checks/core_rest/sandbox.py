"""Sandbox: back to its start, its clock set; and none of it in production."""

from datetime import datetime, timedelta

from conformance.check import check
from conformance.context import Context
from conformance.contract.operations import load_operations
from conformance.generated.making import Making
from conformance.generated.offer import offers_operation, takes_json
from conformance.outcomes import Unmet
from conformance.target import Target, with_sandbox
from conformance.text import Text

SLACK_S = 20.0
"""How far a clock may have run on between setting and reading it, in seconds. Confidence C."""


def without_sandbox(target: Target) -> Text | None:
    """A condition: the target tells of no sandbox."""
    return Text("the target is a sandbox", "対象は試験環境である") if target.city_os.get("sandbox") else None


def _now(ctx: Context) -> datetime:
    reply = ctx.city.call("getSandboxClock", "sandbox_admin")
    ctx.expect_status(Text("the sandbox's clock", "試験環境の時計"), reply, 200)
    told = datetime.fromisoformat(str(reply.members.get("now")))
    if told.tzinfo is None:
        raise Unmet(f"the sandbox's clock shows a time without offset: {told}")
    return told


@check("REST-046", "reset", when=(with_sandbox, offers_operation("createShelter", "listShelters")), alone=True)
def reset_brings_the_start_back(ctx: Context) -> None:
    """A shelter is opened and a sandbox set back: the shelter is gone, and those of the start are there again."""
    ctx.afterwards(ctx.sandbox.reset)
    first = ctx.city.call("resetSandbox", "sandbox_admin")
    ctx.expect_status(Text("a reset", "リセット"), first, 204, 200)
    ctx.city._tokens.clear()  # noqa: SLF001 - tokens end with a reset
    before = _shelters(ctx)
    made = ctx.city.call("createShelter", "city_office", Making(ctx).request("createShelter").body)
    with ctx.control("a shelter is opened"):
        ctx.expect_status("createShelter", made, 201)
        ctx.expect_in("shelters", expected=_shelters(ctx), actual=made.members.get("id"))
    again = ctx.city.call("resetSandbox", "sandbox_admin")
    ctx.expect_status("a second reset", again, 204, 200)
    ctx.city._tokens.clear()  # noqa: SLF001 - tokens end with a reset
    ctx.expect(Text("shelters after a reset", "リセット後の避難所"), expected=before, actual=_shelters(ctx))


def _shelters(ctx: Context) -> list[str]:
    return sorted(str(one.get("id")) for one in ctx.city.call("listShelters").members.get("items", ()))


@check("REST-046", "clock", when=(with_sandbox,), alone=True)
def clock_can_be_set(ctx: Context) -> None:
    """The clock is set a day ahead, is read again, and shows the real time after a reset."""
    ctx.afterwards(ctx.sandbox.reset)
    start = _now(ctx)
    later = start + timedelta(days=1)
    reply = ctx.city.call("setSandboxClock", "sandbox_admin", {"now": later.isoformat()})
    ctx.expect_status(Text("setting the clock", "時計合わせ"), reply, 200)
    ctx.city._tokens.clear()  # noqa: SLF001 - tokens are too old by then
    apart_s = (_now(ctx) - later).total_seconds()
    ctx.require(
        Text("the clock after setting it a day ahead", "一日進めた時計"),
        -1 <= apart_s <= SLACK_S,
        expected=later.isoformat(),
        actual=f"{apart_s:.0f} s from it",
    )
    ctx.sandbox.reset()
    back_s = (_now(ctx) - start).total_seconds()
    ctx.require(
        "the clock after a reset", -1 <= back_s <= SLACK_S, expected="the real time", actual=f"{back_s:.0f} s from it"
    )


@check("REST-046", "others", when=(with_sandbox,))
def controls_are_of_the_admin(ctx: Context) -> None:
    """The clock is read by the sandbox's own client, and by nobody else."""
    with ctx.control("the sandbox's own client reads it"):
        _now(ctx)
    for operation in ("getSandboxClock", "resetSandbox"):
        who = ctx.city.person()
        for caller, status in ((who, 403), (None, 401)):
            reply = ctx.city.call(operation, caller)
            ctx.refused_status(
                Text(f"{operation} by {'a person' if caller else 'nobody'}", f"{operation}(権限なし)"), reply, status
            )


@check("REST-046", "production", when=(without_sandbox,))
def production_has_no_controls(ctx: Context) -> None:
    """Outside a sandbox its operations answer 404."""
    for operation in load_operations():
        if operation.profile != "sandbox":
            continue
        body: dict[str, object] | None = {} if takes_json(operation) else None
        reply = ctx.city.call(operation.operation_id, json_body=body)
        told = Text(f"{operation.operation_id} outside a sandbox", f"試験環境でない {operation.operation_id}")
        ctx.expect_status(told, reply, 404)
