"""Evacuee cards: filled in beforehand, numbered so that nothing can be read off, and erased when asked."""

import re
from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.moments import is_instant
from conformance.checks.disaster.reception import DESK, Reception, done, resident, stranger
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

SOURCES = ("city-os", "reception", "pre-registered", "entered")
"""Source: contract, schema EvacueeCardItem."""

NUMBER = re.compile(r"\d{12}")
"""Source: contract, schema EvacueeCard."""

NEAR = 1000
"""Random numbers of twelve digits are not so near to each other: of six, the chance is less than 1 in 10 million."""

CARDS = 6


def _write(ctx: Context, number: str, **items: Any) -> Reply:
    """Write the card of a check-in."""
    path = {"check_in_id": number}
    tag = ctx.city.call("getEvacueeCard", DESK, path=path).header("etag")
    headers = {"if-match": tag} if tag else {}
    return ctx.city.call("putEvacueeCard", DESK, items, headers=headers, path=path)


def _own(ctx: Context, operation: str, person: PersonAccount, items: Any = None) -> Reply:
    """Write or erase a person's own card."""
    path = {"sub": person.user}
    tag = ctx.city.call("getOwnCard", person, path=path).header("etag")
    return ctx.city.call(operation, person, items, headers={"if-match": tag} if tag else {}, path=path)


@check("DIS-023")
def card_numbers_tell_nothing(ctx: Context) -> None:
    """Write cards of several people whose temporary IDs are numbers, and compare the cards' numbers."""
    desk = Reception(ctx)
    shelter, numbers, wholes = desk.shelter(), [], []
    for _ in range(CARDS):
        own = f"{ctx.draws.number(10**8):08}"
        who = {"unregistered": {"temp_id": f"{ctx.fresh()}-{own}"}}
        reply = _write(ctx, desk.receive(shelter, who), needs=["infant"])
        told = str(done(reply).get("number"))
        what = Text("number of a card: twelve digits", "避難者カード番号(12桁)")
        ctx.require(what, NUMBER.fullmatch(told), expected="twelve digits", actual=told)
        ctx.require(
            Text("a number without the person's", "本人の番号を含まない番号"),
            own not in told,
            expected=f"without {own}",
            actual=told,
        )
        numbers.append(told)
        wholes.append(int(told))
    what = Text("numbers that are not near each other", "互いに近くない番号")
    near = [(a, b) for a, b in combinations(wholes, 2) if abs(a - b) < NEAR]
    ctx.require(what, not near, expected="no two near each other", actual=numbers)
    steps = {b - a for a, b in pairwise(wholes)}
    what = Text("steps from card to card", "番号の差")
    ctx.require(what, len(steps) > 1, expected="no constant step", actual=sorted(steps))
    fixed = [place for place in range(12) if len({told[place] for told in numbers}) == 1]
    what = Text("digits that are the same in all numbers", "すべての番号で同じ桁")
    ctx.require(what, len(fixed) <= 3, expected="three at most, by chance", actual=numbers)


@check("DIS-024", alone=True)
def cards_are_prefilled(ctx: Context) -> None:
    """Read the card of a person before and after it is written, alone and at the shelter: each item has its source."""
    person, desk = ctx.city.person(0), Reception(ctx)
    known = done(ctx.city.call("getUser", person, path={"sub": person.user}), 200).get("data", {})
    ctx.afterwards(lambda: _own(ctx, "deleteOwnCard", person))
    path = {"sub": person.user}
    card = done(ctx.city.call("getOwnCard", person, path=path), 200)
    _sourced(ctx, card)
    for name in ("name", "address"):
        item = (card.get("items") or {}).get(name, {})
        what = Text(f"{name} on the card, and where it comes from", f"カードの {name} とその出所")
        ctx.expect(what, expected=(known.get(name), "city-os"), actual=(item.get("value"), item.get("source")))
    done(_own(ctx, "putOwnCard", person, {"pets": ["犬"], "note": "事前"}))
    number = desk.receive(desk.shelter(), resident(person))
    at_shelter = done(ctx.city.call("getEvacueeCard", person, path={"check_in_id": number}), 200)
    _sourced(ctx, at_shelter)
    items = at_shelter.get("items") or {}
    told = (
        items.get("name", {}).get("source"),
        items.get("pets", {}).get("source"),
        items.get("pets", {}).get("value"),
    )
    what = Text("sources of the name and of what was written beforehand", "氏名と事前登録の項目の出所")
    ctx.expect(what, expected=("city-os", "pre-registered", ["犬"]), actual=told)
    _stranger(ctx, desk)


def _stranger(ctx: Context, desk: Reception) -> None:
    """What was told at reception is on the card already."""
    number = desk.receive(desk.shelter(), stranger(ctx, name="辻󠄀"))
    card = done(ctx.city.call("getEvacueeCard", DESK, path={"check_in_id": number}), 200)
    _sourced(ctx, card)
    item = (card.get("items") or {}).get("name", {})
    what = Text("name told at reception, on the card", "受付で聞いた氏名のカードでの出所")
    ctx.expect(what, expected=("辻󠄀", "reception"), actual=(item.get("value"), item.get("source")))


def _sourced(ctx: Context, card: Mapping[str, Any]) -> None:
    items = card.get("items") or {}
    ctx.require(Text("items of the card", "カードの項目"), items, expected="some", actual=card)
    without = {name: item for name, item in items.items() if item.get("source") not in SOURCES or "as_of" not in item}
    ctx.expect(Text("items without their source", "出所のない項目"), expected={}, actual=without)
    times = [item["as_of"] for item in items.values() if item["as_of"] is not None]
    wrong = [told for told in times if not is_instant(told)]
    ctx.expect(Text("times of items", "項目の時点"), expected=[], actual=wrong)


@check("DIS-038", alone=True)
def cards_are_made_and_erased(ctx: Context) -> None:
    """Make a card beforehand, read it, erase it and read again; the same with a card at a shelter."""
    person, other = ctx.city.person(0), ctx.city.person(1)
    ctx.afterwards(lambda: _own(ctx, "deleteOwnCard", person))
    secret, path = f"秘密 {ctx.fresh()}", {"sub": person.user}
    reply = _own(ctx, "putOwnCard", person, {"note": secret, "needs": ["hearing"]})
    ctx.expect_status(Text("making one's card", "カードの事前登録"), reply, 201, 200)
    read = ctx.city.call("getOwnCard", person, path=path)
    note = read.members.get("items", {}).get("note", {}).get("value")
    ctx.expect(Text("what was written", "書いた項目"), expected=secret, actual=note)
    with ctx.control(Text("the person reads it", "本人が読む")):
        ctx.expect_status("getOwnCard", read, 200)
    ctx.refused_status(Text("another's card", "他人のカード"), ctx.city.call("getOwnCard", other, path=path), 403, 404)
    reply = _own(ctx, "deleteOwnCard", person)
    ctx.expect_status(Text("erasing one's card", "カードの消去"), reply, 204, 200)
    _erased(ctx, ctx.city.call("getOwnCard", person, path=path), secret)
    desk = Reception(ctx)
    number = desk.receive(desk.shelter(), stranger(ctx))
    done(_write(ctx, number, note=secret))
    where = {"check_in_id": number}
    tag = ctx.city.call("getEvacueeCard", DESK, path=where).header("etag")
    reply = ctx.city.call("deleteEvacueeCard", DESK, headers={"if-match": tag}, path=where)
    ctx.expect_status(Text("erasing a card at a shelter", "避難所でのカードの消去"), reply, 204, 200)
    _erased(ctx, ctx.city.call("getEvacueeCard", DESK, path=where), secret)


def _erased(ctx: Context, reply: Reply, secret: str) -> None:
    what = Text("what was written, after it was erased", "消した後に読めるもの")
    ctx.refused(what, secret not in reply.text, expected="nothing of it", actual=reply.text[:300])
    ctx.expect(
        Text("number of an erased card", "消したカードの番号"), expected=None, actual=reply.members.get("number")
    )
