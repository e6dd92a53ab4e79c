"""What saves lives comes first: what can be seen of it without load.

How it is served under load is seen by a load test (citytwin load) alone.
"""

import time
from collections.abc import Callable

from conformance.check import check
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import DESK, OFFICE, Reception, stranger
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

WITHIN_S = 1.0
"""Time in which P0 is answered. Source: contract C7: 95 % within 1 s."""

TRIES = 3
"""One slow answer of three is passed over: the contract speaks of 95 %."""

CLASSES = ("P3", "P2", "P1")
"""Service classes in the order in which they are put off. Source: contract C7."""


@check("DIS-017")
def life_comes_first(ctx: Context) -> None:
    """Tell first safety reports, check in and read state and board without patience: at once, never 429 or 503."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    for what, ask in (
        (Text("a first safety report", "最初の安否報告"), lambda: _first_report(ctx)),
        (Text("a check-in", "受付"), lambda: desk.send(shelter, stranger(ctx))),
        (Text("the disaster state", "発災の状態"), lambda: ctx.city.call("getDisasterState", patient=False)),
        (Text("the board of shelters", "避難所の状況一覧"), lambda: ctx.city.call("listShelterStatus", patient=False)),
    ):
        times = [_timed(ctx, what, ask) for _ in range(TRIES)]
        within = [one for one in times if one <= WITHIN_S]
        told = [round(one, 2) for one in times]
        ctx.require(what, len(within) >= TRIES - 1, expected=f"within {WITHIN_S} s", actual=told)


def _first_report(ctx: Context) -> Reply:
    subject = {"temp_id": f"suite-{ctx.fresh()}"}
    body = {"status": "safe", "observed_at": moment(), "subject": subject, "method": "visit"}
    return ctx.city.call("reportSafety", OFFICE, body, patient=False)


def _timed(ctx: Context, what: Text, ask: Callable[[], Reply]) -> float:
    """The time of an answer that is no refusal, in seconds; the token is there already."""
    for who in (DESK, OFFICE):
        ctx.city.token(who)
    begin_s = time.monotonic()
    reply = ask()
    lasted_s = time.monotonic() - begin_s
    ctx.require(what, reply.status not in (429, 503), expected="neither 429 nor 503", actual=reply.status)
    return lasted_s


@check("DIS-018")
def the_order_is_told(ctx: Context) -> None:
    """Look in the discovery document which classes are put off under load: P3 first, then P2, then P1, and never P0."""
    told = (ctx.target.city_os.get("disaster") or {}).get("sheds")
    if not told:
        ctx.omit(
            "the service tells no order; seen under load only (citytwin load)",
            "順序の記載がない。負荷の下でだけ確かめられる(citytwin load)",
        )
    known = [one for one in CLASSES if one in told]
    what = Text("classes that are put off under load, first to last", "負荷の下で後回しにする順")
    ctx.require(
        what, "P0" not in told and list(told) == known and known[:1] == ["P3"], expected=list(CLASSES), actual=told
    )
