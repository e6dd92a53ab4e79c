"""Texts, codes and JSON itself: nothing is folded, lost or guessed."""

import json
import re
from typing import Any

from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Made, Making, Request, answered, possible
from conformance.generated.members import is_free_text, is_municipality, members_where, replaced
from conformance.generated.offer import (
    described,
    may_write,
    request_schema,
    response_schema,
    rest_operations,
    takes_json,
)
from conformance.text import Text
from conformance.wire import Reply

HARD = "𠮷野家 辻󠄀 葛󠄀城 ﾊﾝｶｸ ① ㍿ Å é が 👨‍👩‍👧 ｱﾞ"
"""Beyond the first plane, variation selectors (IVS), half-width kana, what NFKC and NFC change, joined emoji."""

BOM = b"\xef\xbb\xbf"

CODES = ("municipality", "municipality_code")

NOT_WRITTEN = ("declareDisaster", "createEvacuationPlan", "updateDisasterEvent")


def _texts_sent(request: Request) -> dict[str, Any]:
    """Free texts of a request by where they stand."""
    found = members_where(request.body, request_schema(request.operation), is_free_text)
    return {place: value for place, value in found if isinstance(value, str)}


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [one for member in value.values() for one in _strings(member)]
    if isinstance(value, list):
        return [one for member in value for one in _strings(member)]
    return [value] if isinstance(value, str) else []


@check("REST-012", when=(may_write,))
def texts_come_back(ctx: Context) -> None:
    """Every free text that can be written is written with hard characters, and comes back unchanged."""
    making, judged = Making(ctx), 0
    makers = [one for one in rest_operations(ctx.target) if takes_json(one) and one.operation_id not in NOT_WRITTEN]
    for request in possible(making, makers):
        for place in _texts_sent(request) if request.operation.method == "POST" else ():
            text = f"{HARD} {ctx.fresh(4)}"
            made = making.send(request, json_body=replaced(request.body, place, text))
            ascii_body = json.dumps(replaced(request.body, place, text), ensure_ascii=True).encode()
            escaped = making.send(request, body=ascii_body, headers={"idempotency-key": ctx.fresh()})
            for reply in (made, escaped):
                judged += _judge_text(ctx, making, request, reply, text)
    if not judged:
        ctx.skip("no text that was written could be read again", "書いた文字を読み返せない")


def _judge_text(ctx: Context, making: Making, request: Request, reply: Reply, text: str) -> int:
    """Judge the answer, and what is read of the thing made; how many texts were found again."""
    if reply.status >= 300:
        return 0
    seen = [reply]
    read = making.follow(Made(request, reply), "read")
    if read is not None:
        seen.append(making.send(read))
    tail, found = text.rpartition(" ")[2], 0
    for one in seen:
        for shown in (string for string in _strings(one.members) if tail in string):
            found += 1
            name = Text(f"text of {request.name} at {one.url}", f"{request.name} の文字({one.url})")
            ctx.expect(name, expected=text, actual=shown)
    return found


@check("REST-012", "check-in", when=(may_write,))
def names_come_back(ctx: Context) -> None:
    """A person is received under a name with hard characters: the desk's list shows it unchanged."""
    making = Making(ctx)
    request = making.request("checkIn")
    body = {**request.body, "unregistered": {**request.body["unregistered"], "name": HARD}}
    with ctx.control("a person is received"):
        ctx.expect_status("checkIn", making.send(request, json_body=body), 201)
    listed = making.send(making.request("listCheckIns"))
    names = [one["person"]["name"] for one in listed.members.get("items", ()) if (one.get("person") or {}).get("name")]
    if not names:
        ctx.omit("the desk is not shown the names that it wrote", "受付は自分が書いた氏名を見られない")
    ctx.expect_in(Text("name of the person received", "受け付けた人の氏名"), expected=[HARD], actual=names[-1])


@check("REST-012", "bom")
def answers_are_utf8(ctx: Context) -> None:
    """Every read answers UTF-8 without a byte order mark."""
    making = Making(ctx)
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET"]
    for request, reply in answered(making, reads):
        if "json" not in reply.media_type:
            continue
        start = reply.body[:3]
        ctx.require(
            Text(f"first bytes of {request.name}", f"{request.name} の最初のバイト"),
            start != BOM,
            expected="no BOM",
            actual=start,
        )
        ctx.require(f"encoding of {request.name}", _is_utf8(reply.body), expected="UTF-8", actual=reply.body[:60])


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def codes_in(value: Any, place: str = "") -> list[tuple[str, Any]]:
    """Municipality codes in an answer, by the names of their members."""
    if isinstance(value, dict):
        inner = [found for name, member in value.items() for found in codes_in(member, f"{place}/{name}")]
        return [(f"{place}/{name}", value[name]) for name in CODES if name in value] + inner
    if isinstance(value, list):
        return [found for number, member in enumerate(value) for found in codes_in(member, f"{place}/{number}")]
    return []


@check("REST-013")
def codes_are_strings(ctx: Context) -> None:
    """Every municipality code in the discovery document and in every read is a string of six digits."""
    making, judged = Making(ctx), 0
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET"]
    for request, reply in answered(making, [one for one in reads if one.operation_id != "getOpenapi"]):
        schema = response_schema(request.operation, reply.status, reply.media_type)
        by_schema = list(members_where(dict(reply.members), schema, is_municipality)) if schema else []
        for place, code in dict(codes_in(reply.members) + by_schema).items():
            judged += 1
            name = Text(f"{place} of {request.name}", f"{request.name} の {place}")
            good = isinstance(code, str) and re.fullmatch(r"[0-9]{6}", code)
            ctx.require(name, good, expected="a string of six digits", actual=code)
    if not judged:
        ctx.skip("no answer holds a municipality code", "地方公共団体コードのある答えがない")


@check("REST-013", "same")
def codes_are_the_town(ctx: Context) -> None:
    """The codes in orders and shelters are the municipality's of the discovery document, leading zero kept."""
    making = Making(ctx)
    told = ctx.city.call("getCityOs").members.get("municipality")
    ctx.require("municipality", isinstance(told, str), expected="a string", actual=told)
    places = ("listShelters", "listEvacuationSites", "listEvacuationOrders")
    found = [one for one in rest_operations(ctx.target) if one.operation_id in places]
    if not found:
        return
    for request, reply in answered(making, found):
        for place, code in codes_in(reply.members):
            length = len(str(code))
            name = f"digits of {place} of {request.name}"
            ctx.require(name, isinstance(code, str) and length == 6, expected=f"as {told}", actual=code)


DEEP = b'{"x_deep":' + b"[" * 5000 + b"]" * 5000 + b"}"

BROKEN = {
    "truncated": b'{"name":"a"',
    "a trailing comma": b'{"name":"a",}',
    "single quotes": b"{'name':'a'}",
    "NaN": b'{"capacity_persons":NaN}',
    "text after the end": b'{"name":"a"} x',
    "two values": b'{"name":"a"}{"name":"b"}',
    "a comment": b'{"name":"a" /* b */}',
    "a raw control character": b'{"name":"a\x01b"}',
    "no UTF-8": b'{"name":"\xff\xfe"}',
    "nothing": b"",
    "doubled keys": b'{"x_a":1,"x_a":2}',
    "too deep nesting": DEEP,
}
"""What is no JSON (RFC 8259), says a name twice (section 4), or is nested 5000 deep (section 9)."""


@check("REST-042", when=(may_write,))
def broken_json_is_refused(ctx: Context) -> None:
    """Every operation that takes JSON gets it broken, with doubled keys and too deep, and answers 400 or 422."""
    making = Making(ctx)
    takers = [one for one in rest_operations(ctx.target) if takes_json(one) and one.operation_id not in NOT_WRITTEN]
    for request in possible(making, takers):
        with ctx.control(f"{request.name} takes JSON"):
            right = making.send(request)
            ctx.require(request.name, right.status not in (400, 415), expected="understood", actual=right.status)
        again = making.request(request.name) if request.operation.method == "POST" else request
        for told, body in BROKEN.items():
            if not body and not described(request.operation)["requestBody"].get("required"):
                continue
            spoiled = _spoiled(again, told, body)
            reply = making.send(again, body=spoiled, headers={"if-match": '"none"'} if _is_change(again) else {})
            name = Text(f"{request.name} with {told}", f"{request.name}: {told}")
            expected = (400, 412, 413, 422, 428) if _is_change(again) else (400, 413, 422)
            ctx.refused_status(name, reply, *expected)


def _is_change(request: Request) -> bool:
    return request.operation.method in ("PATCH", "PUT")


def _spoiled(request: Request, told: str, body: bytes) -> bytes:
    """The broken body; doubled keys and deep nesting stand in a body that is right otherwise."""
    if told not in ("doubled keys", "too deep nesting") or not isinstance(request.body, dict) or not request.body:
        return body
    whole = json.dumps(request.body, ensure_ascii=False).encode()
    first = next(iter(request.body))
    extra = json.dumps({first: request.body[first]}, ensure_ascii=False).encode() if told == "doubled keys" else body
    return whole[:-1] + b"," + extra[1:]
