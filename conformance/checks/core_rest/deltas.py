"""Deltas: what changed since a time, with tombstones, so that a copy is brought up to date."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_rest.paging import IN_LIST, MOST_ITEMS, items_of, key_of, lists_of, pages_of
from conformance.context import Context
from conformance.contract.operations import Operation
from conformance.generated.making import Made, Making, Request, possible
from conformance.generated.offer import has_parameter, may_write, offers_operation, response_schema
from conformance.outcomes import NotApplicable, Unmet
from conformance.target import with_sandbox
from conformance.text import Text

PAGES_READ = 20
"""Pages on which as_of is compared at most. Confidence C."""

CHANGE_LINKS = ("change", "lift")
"""Links of the document that lead from a thing to a change of it."""


def delta_lists(ctx: Context) -> list[Operation]:
    """Lists that take updated_since and that things can be added to."""
    return [one for one in lists_of(ctx) if has_parameter(one, "updated_since") and one.operation_id in IN_LIST]


def tells_as_of(operation: Operation) -> bool:
    """Whether the pages of a list say as of when they are."""
    return "as_of" in response_schema(operation, 200, "application/json").get("required", ())


def everything(making: Making, request: Request, limit: int = 500) -> tuple[dict[str, Any], list[str]]:
    """Items by key, with the as_of of each page; of a list longer than MOST_ITEMS its beginning."""
    found, told = dict[str, Any](), list[str]()
    for reply in pages_of(making, request, limit):
        if reply.status != 200:
            raise Unmet(f"{request.name}: {reply.status} {reply.text[:120]}")
        found |= {key_of(item): item for item in items_of(reply)}
        told.append(str(reply.members.get("as_of", "")))
        if len(found) >= MOST_ITEMS:
            break
    return found, told


def since(making: Making, request: Request, as_of: str) -> dict[str, Any]:
    """Items of the delta since a time, by key."""
    return everything(making, replace(request, query={**request.query, "updated_since": as_of}))[0]


def is_tombstone(item: Any) -> bool:
    """Whether an item says that something went."""
    return isinstance(item, dict) and item.get("removed") is True


def applied(before: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """A copy brought up to date."""
    gone = {key for key, item in delta.items() if is_tombstone(item)}
    return {key: item for key, item in {**before, **delta}.items() if key not in gone}


def made_in(making: Making, maker: str, count: int) -> Iterator[Made]:
    """Things made in a list."""
    for _ in range(count):
        yield making.made(maker)


def _do(making: Making, made: Made, *links: str) -> bool:
    """Change or delete what was made, by the first link that there is; whether it was done."""
    for link in links:
        request = making.follow(made, link)
        if request is None:
            continue
        read = making.follow(made, "read")
        etag = making.send(read).header("etag") if read else made.etag
        return making.send(request, headers={"if-match": etag or None}).status < 300
    return False


@check("REST-025", when=(may_write,))
def delta_brings_up_to_date(ctx: Context) -> None:
    """Lists are read in full, things are made, changed and deleted: a copy with the delta is the present list."""
    making, judged = Making(ctx), 0
    for request in possible(making, delta_lists(ctx)):
        try:
            made = list(made_in(making, IN_LIST[request.name], 3))
            before, told = everything(making, request)
            as_of = told[0] if tells_as_of(request.operation) else _moment(making)
            deleted = _do(making, made[0], "delete")
            changed = _do(making, made[1], *CHANGE_LINKS)
            added = making.made(IN_LIST[request.name])
        except (NotApplicable, Unmet):
            continue
        judged += 1
        mine = [key_of(one.reply.members) for one in (*made, added)]
        delta = since(making, request, as_of)
        _judge_delta(ctx, making, request, before, delta)
        if deleted and mine[0] in before:
            told_gone = Text(f"tombstone of what was deleted: {request.name}", f"消したものの墓標: {request.name}")
            ctx.require(
                told_gone, is_tombstone(delta.get(mine[0])), expected="removed: true", actual=delta.get(mine[0])
            )
        if changed and mine[1] in before:
            ctx.require(
                f"what was changed is in the delta: {request.name}",
                mine[1] in delta,
                expected=mine[1],
                actual=sorted(delta),
            )
    if not judged:
        ctx.skip("no list with updated_since could be added to", "updated_since のある一覧に何も追加できない")


WITH_SURVEYS = offers_operation("listSurveyResponses", "createSurveyResponse", "createSurvey", "deleteSurvey")


@check("REST-025", "survey", when=(may_write, WITH_SURVEYS))
def delta_of_what_goes_with_another(ctx: Context) -> None:
    """A survey is answered and then deleted: its responses that were on the list leave tombstones."""
    making = Making(ctx)
    survey = making.made("createSurvey")
    answering, request = making.request("createSurveyResponse"), making.request("listSurveyResponses")
    body = {**answering.body, "survey_id": survey.reply.members.get("id")}
    answer = making.send(replace(answering, body=body))
    if answer.status != 201:
        raise Unmet(f"a response is not taken: {answer.status} {answer.text[:200]}")
    key = key_of(answer.members)
    before, told = everything(making, request)
    as_of = told[0] if tells_as_of(request.operation) else _moment(making)
    with ctx.control(Text("the response is on the list", "回答が一覧にある")):
        ctx.expect_in("listSurveyResponses", expected=before, actual=key)
    _do(making, survey, "delete")
    delta, now = since(making, request, as_of), everything(making, request)[0]
    if key in now:
        ctx.skip("responses stay when their survey is deleted", "アンケートを消しても回答は残る")
    name = Text("tombstone of a response to a survey that was deleted", "消したアンケートの回答の墓標")
    ctx.require(name, is_tombstone(delta.get(key)), expected="removed: true", actual=delta.get(key))


def _moment(making: Making) -> str:
    """A time a little before now, for lists that do not say as of when they are; a delta may tell more than changed."""
    return (datetime.fromisoformat(making.now(0)) - timedelta(seconds=60)).isoformat()


def _judge_delta(ctx: Context, making: Making, request: Request, before: dict[str, Any], delta: dict[str, Any]) -> None:
    """The copy with the delta applied holds what a full read holds, the items of other checks apart."""
    now = everything(making, request)[0]
    copy = applied(before, _with_later(delta, since(making, request, _moment(making))))
    again = everything(making, request)[0]
    missing = sorted(key for key in now if key in again and key not in copy)
    left = sorted(key for key in copy if key not in now and key not in again)
    name = request.name
    ctx.expect(
        Text(f"items that the delta does not bring: {name}", f"差分に出ないもの: {name}"), expected=[], actual=missing
    )
    ctx.expect(
        Text(f"items that the delta does not take away: {name}", f"差分で消えないもの: {name}"),
        expected=[],
        actual=left,
    )
    stale = sorted(key for key in now if key in copy and now[key] == again.get(key) and copy[key] != now[key])
    ctx.expect(
        Text(f"items that the delta leaves as they were: {name}", f"差分で直らないもの: {name}"),
        expected=[],
        actual=stale,
    )


def _with_later(delta: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """A delta, and what other checks did after it: items it does not know, and tombstones of those it knows alive."""
    return later | {key: item for key, item in delta.items() if not is_tombstone(later.get(key))}


USERS = {"purpose": "disaster_support"}


def consented(ctx: Context, count: int) -> list[str]:
    """Local IDs of people who have just agreed that the city sees name and address in normal times.

    Whoever called the service too often of late is asked last.

    Raises:
        Unmet: Their consent is not taken.
    """
    agreed, busy = list[PersonAccount](), list[PersonAccount]()
    for person in reversed(ctx.target.people):
        if len(agreed) == count:
            break
        (agreed if _agree(ctx, person, "profile.basic", patient=False) else busy).append(person)
    for person in busy[: count - len(agreed)]:
        _agree(ctx, person, "profile.basic")
        agreed.append(person)
    return [person.user for person in agreed]


def _agree(ctx: Context, person: PersonAccount, category: str, *, patient: bool = True) -> bool:
    """A person agrees that the city sees a category, until the check ends; False where they are put off."""
    body = {"purpose": USERS["purpose"], "data_categories": [category], "recipients": ["municipality"]}
    reply = ctx.city.call("createConsent", person, {**body, "modes": ["normal"]}, patient=patient)
    if reply.status in (429, 503) and not patient:
        return False
    if reply.status != 201:
        raise Unmet(f"a person's consent is not taken: {reply.status} {reply.text[:200]}")
    path = {"consent_id": str(reply.members.get("record_id"))}
    ctx.afterwards(lambda: ctx.city.call("withdrawConsent", person, {}, path=path))
    return True


def withdraw(ctx: Context, user: str) -> None:
    """End every consent of a person for disaster support that names the municipality in normal times."""
    person = next(one for one in ctx.target.people if one.user == user)
    for record in ctx.city.items("listConsents", person):
        named = "municipality" in record.get("recipients", ()) and record.get("purpose") == USERS["purpose"]
        if named and record.get("state") in ("given", "renewed") and "normal" in record.get("modes", ()):
            reply = ctx.city.call("withdrawConsent", person, {}, path={"consent_id": str(record["record_id"])})
            if reply.status >= 300:
                raise Unmet(f"a consent cannot be withdrawn: {reply.status} {reply.text[:200]}")


NEEDED = offers_operation("listUsers", "createConsent", "withdrawConsent")


@check("REST-025", "users", when=(with_sandbox, NEEDED), alone=True)
def delta_of_users(ctx: Context) -> None:
    """People agree, and one of them withdraws: the delta of all users brings a tombstone, and who agreed since."""
    making = Making(ctx)
    users = consented(ctx, 3)
    request = replace(making.request("listUsers"), query=USERS)
    before, told = everything(making, request)
    with ctx.control("people who agreed are listed, and not everybody"):
        ctx.expect_in(f"{users[0]} on the list", expected=before, actual=users[0])
        others = [one.user for one in ctx.target.people if one.user not in before]
        ctx.require("people who are not listed", others, expected="somebody", actual=sorted(before))
    withdraw(ctx, users[0])
    delta = since(making, request, told[0])
    seen = delta.get(users[0])
    name = Text("tombstone of who withdrew", "撤回した人の墓標")
    ctx.require(name, is_tombstone(seen), expected={"sub": users[0], "removed": True}, actual=seen)
    copy, now = applied(before, delta), everything(making, request)[0]
    if len(before) >= MOST_ITEMS:  # the beginning of a list reaches further when somebody goes
        copy, now = ({key: one[key] for key in one if key in before} for one in (copy, now))
    ctx.expect(Text("the copy with the delta applied", "差分を当てた写し"), expected=sorted(now), actual=sorted(copy))


@check("REST-048", when=(may_write,))
def as_of_is_one(ctx: Context) -> None:
    """Lists are read page by page while things change: as_of is one, and the next delta has the change."""
    making, judged = Making(ctx), 0
    lists = [one for one in delta_lists(ctx) if tells_as_of(one)]
    for request in possible(making, lists):
        try:
            made = list(made_in(making, IN_LIST[request.name], 4))
        except (NotApplicable, Unmet):
            continue
        judged += 1
        size = max(2, len(everything(making, request)[0]) // 8)
        pages = pages_of(making, request, size)
        first = next(pages)
        changed = _do(making, made[0], *CHANGE_LINKS) and key_of(made[0].reply.members)
        added = key_of(making.made(IN_LIST[request.name]).reply.members)
        told = [str(one.members.get("as_of")) for one in (first, *pages)]
        name = Text(f"as_of on the pages of {request.name}", f"{request.name} の各ページの as_of")
        ctx.expect(name, expected=[told[0]] * len(told), actual=told)
        delta = since(making, request, told[0])
        listed = everything(making, request)[0]
        for key in (changed, added):
            if key and key in listed:
                what = Text(
                    f"what changed while reading {request.name} is in the next delta",
                    f"読む間の変化が次の差分に出る: {request.name}",
                )
                ctx.require(what, key in delta, expected=key, actual=sorted(delta)[:50])
    if not judged:
        ctx.omit("no list that tells as_of could be added to", "as_of を示す一覧に何も追加できない")


@check("REST-048", "users", when=(with_sandbox, NEEDED), alone=True)
def as_of_of_users(ctx: Context) -> None:
    """A person on a page that was read agrees to more: as_of stays, and the next delta has it."""
    making = Making(ctx)
    users = consented(ctx, 4)
    request = replace(making.request("listUsers"), query=USERS)
    pages = pages_of(making, request, 2, PAGES_READ)
    first = next(pages)
    with ctx.control("people who agreed are listed"):
        ctx.expect_status("listUsers", first, 200)
        ctx.require("a first page", items_of(first), expected="somebody", actual=first.text[:200])
    listed = key_of(items_of(first)[0])
    who = listed if listed in users else users[0]
    _agree(ctx, next(one for one in ctx.target.people if one.user == who), "profile.contact")
    told = [str(one.members.get("as_of")) for one in (first, *pages) if one.status == 200]
    name = Text("as_of on the pages of listUsers", "listUsers の各ページの as_of")
    ctx.expect(name, expected=[told[0]] * len(told), actual=told)
    delta = since(making, request, told[0])
    what = Text(
        "who agreed to more while the list was read is in the next delta", "読む間に同意を増やした人が次の差分に出る"
    )
    ctx.require(what, who in delta, expected=who, actual=sorted(delta))
