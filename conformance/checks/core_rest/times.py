"""Times, and how the end of an operation is announced."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making, Request, answered, possible
from conformance.generated.members import is_instant, members_where, replaced
from conformance.generated.offer import (
    has_parameter,
    may_write,
    request_schema,
    response_schema,
    rest_operations,
    takes_json,
)
from conformance.text import Text
from conformance.wire import Reply

INSTANT = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
"""A time of RFC 3339 5.6, with its offset."""

IMF_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    r" \d{2}:\d{2}:\d{2} GMT"
)
"""An HTTP date (RFC 9110 5.6.7)."""

NOTICE = timedelta(days=180)
"""From the announcement to the end at least. Source: contract C6 versioning."""

RISKY = ("declareDisaster", "updateDisasterEvent", "createEvacuationPlan", "sendNotification")


def _replies(ctx: Context, making: Making) -> Iterator[tuple[Request, Reply]]:
    """Answers of every operation that can be asked: reads first, and what is made where things may be made."""
    yield from answered(making, [one for one in rest_operations(ctx.target) if one.method == "GET"])
    if may_write(ctx.target) is None:
        writes = [one for one in rest_operations(ctx.target) if one.method == "POST" and takes_json(one)]
        wanted = [one for one in writes if one.operation_id not in RISKY]
        yield from answered(making, wanted)


@check("REST-014")
def times_carry_offsets(ctx: Context) -> None:
    """Every member of format date-time in the answers of all operations is RFC 3339 with an offset."""
    making, judged = Making(ctx), 0
    for request, reply in _replies(ctx, making):
        schema = response_schema(request.operation, reply.status, reply.media_type)
        found: list[tuple[str, Any]] = list(members_where(dict(reply.members), schema, is_instant)) if schema else []
        for place, value in found:
            if value is None:
                continue
            judged += 1
            name = Text(f"{place} of {request.name}", f"{request.name} の {place}")
            ctx.require(
                name,
                isinstance(value, str) and INSTANT.fullmatch(value),
                expected="RFC 3339 with an offset",
                actual=value,
            )
    if not judged:
        ctx.skip("no answer holds a time", "日時のある答えがない")


WRONG_TIMES: tuple[object, ...] = ("2027-02-30T00:00:00+09:00", "2027-01-15", "yesterday", 1800000000)
"""No time at all."""


@check("REST-014", "sent", when=(may_write,))
def times_without_offset_are_refused(ctx: Context) -> None:
    """Every time that can be sent is sent without an offset, as no date, and as a number: each is refused."""
    making, judged = Making(ctx), 0
    takers = [one for one in rest_operations(ctx.target) if takes_json(one) and one.operation_id not in RISKY]
    for request in possible(making, takers):
        places = [place for place, _ in members_where(request.body, request_schema(request.operation), is_instant)]
        for place in places if request.operation.method == "POST" else ():
            with ctx.control(f"{request.name} takes a time with its offset"):
                right = making.send(making.request(request.name))
                ctx.require(
                    request.name, right.status < 300, expected="2xx", actual=f"{right.status} {right.text[:120]}"
                )
            judged += 1
            local = making.now()[:19]
            for wrong in (local, f"{local}.5", *WRONG_TIMES):
                fresh = making.request(request.name)
                reply = making.send(fresh, json_body=replaced(fresh.body, place, wrong))
                name = Text(f"{request.name} with {place} = {wrong!r}", f"{request.name} の {place} = {wrong!r}")
                ctx.refused_status(name, reply, 400, 422)
    if not judged:
        ctx.skip("no operation that takes a time can be asked", "日時を受け取る操作に尋ねられない")


@check("REST-014", "asked")
def deltas_since_a_local_time_are_refused(ctx: Context) -> None:
    """Every list that takes updated_since refuses a time without an offset."""
    making = Making(ctx)
    lists = [one for one in rest_operations(ctx.target) if has_parameter(one, "updated_since")]
    if not lists:
        ctx.omit("no list with updated_since is offered", "updated_since のある一覧を提供していない")
    for request, _ in answered(making, lists):
        now = making.now()
        with ctx.control(f"{request.name} takes a time with its offset"):
            ctx.expect_status(request.name, making.send(request, query={"updated_since": now}), 200)
        for wrong in (now[:19], "yesterday", "1800000000"):
            reply = making.send(request, query={"updated_since": wrong})
            name = Text(f"{request.name} with updated_since={wrong}", f"{request.name} updated_since={wrong}")
            ctx.refused_status(name, reply, 400, 422)


def _announced(ctx: Context) -> list[tuple[Request, Reply]]:
    """Answers that announce the end of their operation."""
    found = [
        (request, reply)
        for request, reply in _replies(ctx, Making(ctx))
        if reply.header("deprecation") or reply.header("sunset")
    ]
    if not found:
        ctx.omit("no operation is deprecated", "廃止予定の操作がない")
    return found


def _sunset(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.header("sunset"))
    except ValueError:
        return None


@check("REST-016")
def ends_are_announced(ctx: Context) -> None:
    """Deprecation and Sunset in the answers of all operations: @seconds, an HTTP date, and 180 days between them."""
    for request, reply in _announced(ctx):
        begin, end = reply.header("deprecation"), reply.header("sunset")
        name = Text(f"Deprecation of {request.name}", f"{request.name} のDeprecation")
        ctx.require(
            name, not begin or re.fullmatch(r"@-?\d+", begin), expected="@ and seconds (RFC 9651 date)", actual=begin
        )
        name = Text(f"Sunset of {request.name}", f"{request.name} のSunset")
        ctx.require(name, not end or IMF_DATE.fullmatch(end), expected="an HTTP date", actual=end)
        ends = _sunset(reply) if end else None
        if begin and ends is not None:
            begins = datetime.fromtimestamp(int(begin[1:]), UTC)
            ctx.require(
                Text(f"time from Deprecation to Sunset of {request.name}", f"{request.name} の廃止までの期間"),
                ends - begins >= NOTICE,
                expected=f"{NOTICE.days} days at least",
                actual=f"{(ends - begins).days} days",
            )


@check("REST-040")
def disaster_operations_stay_in_summer(ctx: Context) -> None:
    """No Sunset of an operation of the disaster profile lies between June and October (Japan's time)."""
    announced = [pair for pair in _announced(ctx) if pair[0].operation.profile == "disaster" and _sunset(pair[1])]
    if not announced:
        ctx.omit("no operation of the disaster profile has a Sunset", "Sunsetのある災害の操作がない")
    for request, reply in announced:
        end = _sunset(reply)
        month = end.astimezone(timezone(timedelta(hours=9))).month if end else 0
        name = Text(f"month of the Sunset of {request.name}", f"{request.name} のSunsetの月")
        ctx.require(name, not 6 <= month <= 10, expected="none of June to October", actual=month)
