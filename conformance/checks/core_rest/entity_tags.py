"""Entity tags: conditional reads and changes, and how long an answer may be kept."""

import re
from collections.abc import Iterator

from conformance.check import check
from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.making import Made, Making, Request, answered
from conformance.generated.offer import (
    described,
    has_parameter,
    links_of,
    may_write,
    offers_operation,
    rest_operations,
)
from conformance.outcomes import NotApplicable, Unmet
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
"""A strong entity tag (RFC 9110 8.8.3)."""

FRESH_S = 30
"""How long a public read may be kept at most, in seconds. Source: contract C7 freshness."""

TRIES = 4
"""How often a read is repeated where another check changed it in between. Confidence C."""


def tagged_reads(ctx: Context) -> list[Operation]:
    """Public reads whose answers the document gives an entity tag and a 304."""
    reads = [one for one in rest_operations(ctx.target) if one.is_public and has_parameter(one, "If-None-Match")]
    if not reads:
        ctx.omit("no public read with an ETag is offered", "ETagのある公開の読み取りを提供していない")
    return reads


@check("REST-005")
def public_reads_have_tags(ctx: Context) -> None:
    """Every public read has a strong ETag, answers 304 without a body to it, and 200 to another one."""
    making = Making(ctx)
    for request, first in answered(making, tagged_reads(ctx)):
        etag = first.header("etag")
        told = Text(f"ETag of {request.name}", f"{request.name} のETag")
        ctx.require(told, STRONG.fullmatch(etag), expected="a strong entity tag", actual=etag or "none")
        other = making.send(request, headers={"if-none-match": '"never-given"'})
        ctx.expect_status(f"{request.name} with another If-None-Match", other, 200)
        for form in ("{}", "W/{}", '"never-given", {}'):
            _judge_304(ctx, making, request, form)


def _judge_304(ctx: Context, making: Making, request: Request, form: str) -> None:
    """Ask with the present tag in a form; asked again where the content changed in between."""
    etag = making.send(request).header("etag")
    again = making.send(request, headers={"if-none-match": form.format(etag)})
    for _ in range(TRIES):
        now = making.send(request).header("etag")
        if again.status == 304 or now == etag:
            break
        etag, again = now, making.send(request, headers={"if-none-match": form.format(now)})
    told = f"{request.name} with If-None-Match: {form.format('its ETag')}"
    ctx.expect_status(Text(f"status: {told}", f"ステータス: {told}"), again, 304)
    ctx.expect(f"body: {told}", expected=b"", actual=again.body)


@check(
    "REST-005", "change", when=(may_write, offers_operation("createShelter", "setShelterStatus", "listShelterStatus"))
)
def tags_change_with_content(ctx: Context) -> None:
    """Shelters are read, changed and read again: each read that shows the change has another ETag."""
    making = Making(ctx)
    board, places = making.request("listShelterStatus"), making.request("listShelters")
    before = [making.send(one) for one in (board, places)]
    shelter = making.shelter()
    one, status = making.request("getShelter"), making.request("getShelterStatus")
    before += [making.send(read) for read in (one, status)]
    opened = making.send(making.request("setShelterStatus"))
    with ctx.control("a shelter's status can be set"):
        ctx.expect_status("setShelterStatus", opened, 200)
    path = {"shelter_id": shelter}
    tag = making.send(one).header("etag")
    changed = ctx.city.call(
        "updateShelter", making.who("updateShelter"), {"capacity_persons": 61}, path=path, headers={"if-match": tag}
    )
    with ctx.control("a shelter can be changed"):
        ctx.expect_status("updateShelter", changed, 200)
    for request, old in zip((board, places, one, status), before, strict=True):
        new = making.send(request)
        ctx.require(
            f"content of {request.name}", new.body != old.body, expected="another than before", actual=new.text[:200]
        )
        told = Text(f"ETag of {request.name} after a change", f"変更後の {request.name} のETag")
        ctx.require(
            told,
            new.header("etag") != old.header("etag"),
            expected=f"another than {old.header('etag')}",
            actual=new.header("etag"),
        )
        stale = making.send(request, headers={"if-none-match": old.header("etag")})
        ctx.expect_status(f"{request.name} with the old ETag", stale, 200)


@check("REST-005", "state", when=(with_sandbox, offers_operation("declareDisaster", "getDisasterState")), alone=True)
def tag_of_the_state_changes(ctx: Context) -> None:
    """A drill is declared: the disaster state has another ETag than before."""
    making = Making(ctx)
    ctx.afterwards(ctx.sandbox.reset)
    state = making.request("getDisasterState")
    old = making.send(state)
    declare = making.request("declareDisaster")
    other = "drill" if old.members.get("mode") == "normal" else "normal"
    with ctx.control(f"{other} is declared"):
        ctx.expect_status("declareDisaster", making.send(declare, json_body={**declare.body, "mode": other}), 200, 201)
    new = making.send(state)
    ctx.require("content of the state", new.body != old.body, expected="another than before", actual=new.text[:200])
    ctx.require(
        "ETag of the state",
        new.header("etag") != old.header("etag"),
        expected=f"another than {old.header('etag')}",
        actual=new.header("etag"),
    )
    stale = making.send(state, headers={"if-none-match": old.header("etag")})
    ctx.expect_status("state with the old ETag", stale, 200)


def changes_of(ctx: Context, making: Making, *, risky: bool = False) -> Iterator[tuple[Made, Request]]:
    """What can be made, with each change of it that demands If-Match."""
    for operation in rest_operations(ctx.target):
        if operation.method not in ("POST", "PUT") or (operation.operation_id == "declareDisaster") is not risky:
            continue
        for link in ("change", "end", "delete"):
            if link not in links_of(operation):
                continue
            try:
                made = making.made(operation.operation_id)
                request = making.follow(made, link)
            except (NotApplicable, Unmet):
                continue
            if request and "precondition-required" in described(request.operation)["x-problems"]:
                yield made, request


def _judge_if_match(ctx: Context, making: Making, made: Made, change: Request) -> None:
    """Without If-Match 428, with another 412, both without effect; with the present one it is done."""
    read = making.follow(made, "read")
    before = making.send(read) if read else made.reply
    etag = before.header("etag") or made.etag
    refusals = (
        ({"if-match": None}, 428, "without If-Match"),
        ({"if-match": '"another"'}, 412, "with another If-Match"),
    )
    replies = [(making.send(change, headers=headers), status, told) for headers, status, told in refusals]
    after = making.send(read) if read else None
    done = making.send(change, headers={"if-match": etag})
    with ctx.control(f"{change.name} with the present ETag"):
        ctx.expect_in(change.name, expected=range(200, 300), actual=done.status)
    for reply, status, told in replies:
        name = Text(f"{change.name} {told}", f"{change.name}: {told}")
        ctx.refused_status(name, reply, status)
    if after is not None:
        ctx.expect(f"what {change.name} was refused for", expected=before.text[:400], actual=after.text[:400])
    now = making.send(read).header("etag") if read and change.operation.method != "DELETE" else etag
    if now != etag:
        late = making.send(change, headers={"if-match": etag})
        ctx.refused_status(f"{change.name} with the ETag from before the change", late, 412)


@check("REST-006", when=(may_write,))
def changes_demand_if_match(ctx: Context) -> None:
    """Everything shared that can be made is changed without If-Match, with a wrong, the right and the old one."""
    making, judged = Making(ctx), 0
    for made, change in changes_of(ctx, making):
        judged += 1
        _judge_if_match(ctx, making, made, change)
    if not judged:
        ctx.skip("nothing shared could be made", "共有のものを一つも作れない")


@check("REST-006", "declaration", when=(with_sandbox, offers_operation("updateDisasterEvent")), alone=True)
def declarations_demand_if_match(ctx: Context) -> None:
    """A drill is declared and ended, without If-Match, with a wrong one, and the right one."""
    making = Making(ctx)
    ctx.afterwards(ctx.sandbox.reset)
    judged = 0
    for made, change in changes_of(ctx, making, risky=True):
        _judge_if_match(ctx, making, made, change)
        judged += 1
    if not judged:
        ctx.skip("nothing could be declared whose answer leads to a change", "宣言の応答から変更に進めない")


def max_age_s(reply: Reply) -> int | None:
    """How long an answer may be kept, in seconds; None where Cache-Control does not say it."""
    told = reply.header("cache-control").lower()
    if "no-store" in told or "no-cache" in told:
        return 0
    found = [
        int(seconds) for seconds in re.findall(r"(?:max-age|s-maxage|stale-while-revalidate)\s*=\s*\"?(\d{1,18})", told)
    ]
    return max(found) if found else None


@check("REST-041")
def public_reads_stay_fresh(ctx: Context) -> None:
    """Every public read of what saves lives says by Cache-Control that it is kept for 30 s at most."""
    making = Making(ctx)
    urgent = ("getDisasterState", "listShelterStatus", "getShelterStatus", "listShelters", "getShelter")
    reads = [one for one in rest_operations(ctx.target) if one.operation_id in urgent]
    if not reads:
        ctx.omit("neither disaster state nor shelters are offered", "発災状態も避難所も提供していない")
    for request, reply in answered(making, reads):
        age = max_age_s(reply)
        told = Text(f"Cache-Control of {request.name}", f"{request.name} のCache-Control")
        seen = reply.header("cache-control") or "none"
        ctx.require(told, age is not None and age <= FRESH_S, expected=f"max-age of {FRESH_S} at most", actual=seen)


@check("REST-041", "seen", when=(may_write, offers_operation("createShelter", "setShelterStatus", "listShelterStatus")))
def change_is_seen(ctx: Context) -> None:
    """A shelter is opened: the board and the shelter's status show it at the next reading."""
    making = Making(ctx)
    shelter = making.shelter()
    with ctx.control("a shelter's status can be set"):
        ctx.expect_status("setShelterStatus", making.send(making.request("setShelterStatus")), 200)
    seen = making.send(making.request("getShelterStatus")).members.get("status")
    ctx.expect("status of the shelter that was opened", expected="open", actual=seen)
    board = {
        one.get("id"): one.get("status")
        for one in making.send(making.request("listShelterStatus")).members.get("items", ())
    }
    ctx.expect("status of it on the board", expected="open", actual=board.get(shelter))
