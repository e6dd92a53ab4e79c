"""Pages: complete, opaque, steady while others write."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from conformance.check import check
from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.making import Making, Request, answered
from conformance.generated.offer import has_parameter, may_write, rest_operations
from conformance.outcomes import NotApplicable, Unmet
from conformance.text import Text
from conformance.wire import Reply

FEW = 5
"""How many things are made in a list before its pages are read. Confidence C."""

MOST_PAGES = 12
"""Pages read of a list in a size that is small for it; such a reading stops before the list's end. Confidence C."""

MOST_ITEMS = 2000
"""Items read of a list: a longer one (everybody of a town) is judged by its beginning. Confidence C."""

LINKS_FOLLOWED = 2
"""Pages of a reading whose link is followed. Confidence C."""

IN_LIST = {
    "listCheckIns": "checkIn",
    "listEvacuationOrders": "issueEvacuationOrder",
    "listEventStreams": "createEventStream",
    "listPostedHazardReports": "postHazardReport",
    "listShelterRequests": "createShelterRequest",
    "listOffShelter": "reportOffShelter",
    "listSurveys": "createSurvey",
    "listSurveyResponses": "createSurveyResponse",
    "listSafetyReports": "reportSafety",
}
"""What makes an item of a list."""

NAMES = ("id", "record_id", "sub", "ref")


def lists_of(ctx: Context) -> list[Operation]:
    """Operations that answer pages."""
    found = [one for one in rest_operations(ctx.target) if one.method == "GET" and has_parameter(one, "cursor")]
    if not found:
        ctx.omit("no list with pages is offered", "ページのある一覧を提供していない")
    return found


def filled(making: Making, operations: Sequence[Operation], count: int = FEW) -> Iterator[tuple[Request, Reply]]:
    """Requests for lists with their first page, after some items were made where the suite can make them."""
    for operation in operations:
        maker = IN_LIST.get(operation.operation_id)
        try:
            for _ in range(count if maker else 0):
                making.made(str(maker))
        except (NotApplicable, Unmet):
            continue
    yield from answered(making, operations)


def key_of(item: Any) -> str:
    """What tells an item of a list apart."""
    if isinstance(item, dict):
        name = next((one for one in NAMES if item.get(one) is not None), "")
        person = item.get("person")
        if name:
            return str(item[name])
        if isinstance(person, dict):
            return str(person.get("sub") or person.get("temp_id") or json.dumps(item, sort_keys=True))
    return json.dumps(item, sort_keys=True, ensure_ascii=False)


def pages_of(making: Making, request: Request, limit: int, most: int = 200) -> Iterator[Reply]:
    """A list's pages of a size, by their cursors, at most so many."""
    asked: dict[str, Any] = {"limit": limit}
    for _ in range(most):
        reply = making.send(request, query=asked)
        yield reply
        cursor = reply.members.get("next_cursor")
        if reply.status != 200 or not cursor:
            return
        asked["cursor"] = cursor


def items_of(reply: Reply) -> list[Any]:
    """Items of a page; none where it is no page."""
    items = reply.members.get("items", ())
    return list(items) if isinstance(items, list) else []


@check("REST-008", when=(may_write,))
def pages_are_the_list(ctx: Context) -> None:
    """Every list is read in pages of 1, 2, a tenth and 500: the same items, each once, and no next on the last."""
    making = Making(ctx)
    for request, _ in filled(making, lists_of(ctx)):
        before = beginning_of(making, request)
        for limit in dict.fromkeys((1, 2, len(before) // (MOST_PAGES - 2) + 1, 500)):
            _judge_pages(ctx, making, request, limit, before)


def beginning_of(making: Making, request: Request) -> list[str]:
    """Keys of a list's items in their order, at most MOST_ITEMS."""
    return [key_of(item) for reply in pages_of(making, request, 500, MOST_ITEMS // 500) for item in items_of(reply)]


def _judge_pages(ctx: Context, making: Making, request: Request, limit: int, before: list[str]) -> None:
    found, told = list[str](), f"{request.name} in pages of {limit}"
    for number, reply in enumerate(pages_of(making, request, limit, min(MOST_PAGES, 1 + MOST_ITEMS // limit))):
        ctx.expect_status(told, reply, 200)
        ctx.require(
            f"items of a page: {told}",
            len(items_of(reply)) <= limit,
            expected=f"{limit} at most",
            actual=len(items_of(reply)),
        )
        _judge_link(ctx, request, reply, told, follow=number < LINKS_FOLLOWED)
        found += [key_of(item) for item in items_of(reply)]
    expected = before if not reply.members.get("next_cursor") else _until(before, found)
    after = set(beginning_of(making, request))
    twice = sorted(key for key, number in Counter(found).items() if number > 1)
    ctx.expect(Text(f"items that come twice: {told}", f"重なるもの: {told}"), expected=[], actual=twice)
    seen, known = set(found), set(expected)
    missing = [one for one in expected if one in after and one not in seen]
    ctx.expect(Text(f"items that are missing: {told}", f"欠けるもの: {told}"), expected=[], actual=missing)
    steady = [one for one in found if one in known and one in after]
    right = [one for one in expected if one in after and one in seen]
    ctx.expect(f"order of the items: {told}", expected=right, actual=steady)


def _until(before: list[str], found: list[str]) -> list[str]:
    """What of a list was to be found by a reading that stopped: everything up to the last item that it came to."""
    known = set(found)
    last = max((at for at, key in enumerate(before) if key in known), default=-1)
    return before[: last + 1]


def next_of(reply: Reply) -> str:
    """Target of the link next of an answer (RFC 8288 3); empty if there is none."""
    for target, parameters in re.findall(r"<([^>]*)>([^<]*)", reply.header("link")):
        if re.search(r'(?i)\brel\s*=\s*"?(?:[^";]*\s)?next\b', parameters):
            return str(urljoin(reply.url, target))
    return ""


def _judge_link(ctx: Context, request: Request, reply: Reply, told: str, *, follow: bool) -> None:
    """The link next stands exactly where there is a next cursor, and leads to that page."""
    cursor, link = reply.members.get("next_cursor"), next_of(reply)
    ctx.require(
        Text(f"Link rel=next beside next_cursor {cursor!r}: {told}", f"next_cursor {cursor!r} とLinkのnext: {told}"),
        bool(cursor) == bool(link),
        expected="both or neither",
        actual=link or "no link",
    )
    if not link or not follow:
        return
    token = {"authorization": f"Bearer {ctx.city.token(request.who)}"} if request.who is not None else {}
    followed = ctx.wire.send("GET", link, headers={"accept": "application/json", **token})
    ctx.expect_status(f"the page behind Link: {told}", followed, 200)


def _altered(ctx: Context, cursor: str) -> Iterator[tuple[str, str]]:
    """Cursors that were never given: altered in each region, cut, lengthened, and plain numbers."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    for part in range(4):
        at = min(len(cursor) - 3, part * len(cursor) // 4 + ctx.draws.number(max(1, len(cursor) // 4)))
        if at < 0:
            continue
        other = ctx.draws.choice([one for one in letters if one != cursor[at]])
        yield f"altered at {at}", cursor[:at] + other + cursor[at + 1 :]
    yield "cut", cursor[: len(cursor) // 2]
    yield "lengthened", cursor + "AAAA"
    for plain in ("1", "2", '{"offset":1}', ctx.fresh(16)):
        yield f"made up ({plain})", plain
        yield f"made up (base64url of {plain})", base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@check("REST-009", when=(may_write,))
def altered_cursors_are_refused(ctx: Context) -> None:
    """Cursors of every list are altered in each region, cut, lengthened and made up: each gets 400."""
    making = Making(ctx)
    cursors = dict[str, str]()
    for request, _ in filled(making, lists_of(ctx), 2):
        first = making.send(request, query={"limit": 1})
        cursor = first.members.get("next_cursor")
        if not cursor:
            continue
        with ctx.control(f"the cursor of {request.name} is taken"):
            ctx.expect_status(request.name, making.send(request, query={"limit": 1, "cursor": cursor}), 200)
        for told, wrong in _altered(ctx, str(cursor)):
            reply = making.send(request, query={"limit": 1, "cursor": wrong})
            name = Text(f"{request.name} with a cursor {told}", f"{request.name}、カーソル: {told}")
            ctx.refused_status(name, reply, 400)
        cursors[request.name] = str(cursor)
        for other, foreign in cursors.items():
            if other != request.name:
                reply = making.send(request, query={"limit": 1, "cursor": foreign})
                ctx.refused_status(f"{request.name} with a cursor of {other}", reply, 400)
    if not cursors:
        ctx.skip("no list has a second page", "二ページ目のある一覧がない")


@check("REST-009", "others", when=(may_write,))
def cursors_are_of_their_client(ctx: Context) -> None:
    """A cursor of one client's list is used by another client: it gets 400."""
    making = Making(ctx)
    roles = [role for role in ("city_office", "shelter_desk") if ctx.target.of_role(role)]
    if len(roles) < 2:
        ctx.omit("needs two clients that may read who is in a shelter", "受付を読めるクライアントが二つ要る")
    for _ in range(2):
        making.made("checkIn")
    request = making.request("listCheckIns")
    first = making.send(replace(request, who=roles[1]), query={"limit": 1})
    cursor = first.members.get("next_cursor")
    asked = {"limit": 1, "cursor": cursor}
    with ctx.control("the cursor is taken from its own client"):
        ctx.require("next_cursor", cursor, expected="a cursor", actual=cursor)
        ctx.expect_status("its own client", making.send(replace(request, who=roles[1]), query=asked), 200)
    other = making.send(replace(request, who=roles[0]), query=asked)
    ctx.refused_status(Text("another client with the cursor", "別のクライアントがそのカーソルを使う"), other, 400)


@check("REST-024", when=(may_write,))
def lists_are_steady(ctx: Context) -> None:
    """Items are added between the pages of every list that can be added to: none is missed or doubled."""
    making, judged = Making(ctx), 0
    lists = [one for one in lists_of(ctx) if one.operation_id in IN_LIST]
    for request, _ in filled(making, lists):
        maker = IN_LIST[request.name]
        before = [key_of(one) for reply in pages_of(making, request, 500) for one in items_of(reply)]
        limit = max(2, len(before) // 10)
        with ctx.control(f"pages of {request.name} are right while nothing is added"):
            alone = [key_of(one) for reply in pages_of(making, request, limit) for one in items_of(reply)]
            ctx.expect("items that come twice", expected=len(set(alone)), actual=len(alone))
        found, added = list[str](), 0
        for reply in pages_of(making, request, limit):
            found += [key_of(one) for one in items_of(reply)]
            if added < FEW:
                added += _added(making, maker)
        if not added:
            continue
        judged += 1
        after = {key_of(one) for reply in pages_of(making, request, 500) for one in items_of(reply)}
        twice = sorted({one for one in found if found.count(one) > 1})
        name = f"{request.name} while items are added"
        ctx.expect(
            Text(f"items that come twice: {name}", f"追加中に重なるもの: {request.name}"), expected=[], actual=twice
        )
        missing = [one for one in before if one in after and one not in found]
        ctx.expect(
            Text(f"items that are missing: {name}", f"追加中に欠けるもの: {request.name}"), expected=[], actual=missing
        )
    if not judged:
        ctx.skip("nothing could be added to a list", "一覧に何も追加できない")


def _added(making: Making, maker: str) -> int:
    try:
        making.made(maker)
    except (NotApplicable, Unmet):
        return 0
    return 1


@check("REST-037")
def limit_has_bounds(ctx: Context) -> None:
    """Every list takes limit 1 and 500, and refuses 0, 501, a negative one and a text with 422."""
    making = Making(ctx)
    for request, _ in answered(making, lists_of(ctx)):
        with ctx.control(f"{request.name} takes limits within the bounds"):
            for limit in ("1", "500"):
                ctx.expect_status(f"limit={limit}", making.send(request, query={"limit": limit}), 200)
        for limit in ("0", "501", "-1", "ten", "1.5", "99999999999999999999"):
            reply = making.send(request, query={"limit": limit})
            ctx.refused_status(Text(f"{request.name} with limit={limit}", f"{request.name} limit={limit}"), reply, 422)
