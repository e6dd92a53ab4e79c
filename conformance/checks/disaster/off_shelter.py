"""People who live outside of shelters are counted where they are supplied from."""

from typing import Any

from conformance.check import check
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import DESK, OFFICE, Reception, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

COUNTED = Text("people and households outside, by the shelter's status", "避難所の状況の、避難所外の人数と世帯数")


def _report(ctx: Context, shelter: str, persons: int, households: int, **more: Any) -> Reply:
    """Ask to note people outside of shelters; they are no longer counted when the check ends."""
    body = {
        "place": "car", "description": "道の駅の駐車場", "persons": persons, "households": households,
        "needs": ["infant"], "shelter_id": shelter, "observed_at": moment(), "temp_id": f"suite-{ctx.fresh()}", **more,
    }  # fmt: skip
    reply = ctx.city.call("reportOffShelter", DESK, body)
    if reply.status in (200, 201):
        ctx.afterwards(lambda: _delete(ctx, str(reply.members.get("id"))))
    return reply


def _read(ctx: Context, number: str) -> Reply:
    return ctx.city.call("getOffShelter", DESK, path={"evacuees_id": number})


def _delete(ctx: Context, number: str) -> Reply:
    tag = _read(ctx, number).header("etag")
    return ctx.city.call("deleteOffShelter", DESK, headers={"if-match": tag}, path={"evacuees_id": number})


def _counts(ctx: Context, shelter: str) -> tuple[object, object]:
    status = done(ctx.city.call("getShelterStatus", path={"shelter_id": shelter}), 200)
    return status.get("off_shelter_persons"), status.get("off_shelter_households")


@check("DIS-020")
def people_outside_are_counted(ctx: Context) -> None:
    """Note two groups outside of shelters, read them alone and in the list, and count them."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    before, inside = _counts(ctx, shelter), desk.headcount(shelter)
    ctx.require(COUNTED, all(isinstance(one, int) for one in before), expected="two numbers", actual=before)
    numbers = []
    for persons, households in ((3, 1), (4, 2)):
        reply = _report(ctx, shelter, persons, households)
        ctx.expect_status(Text("a report of people outside", "避難所外の避難者の登録"), reply, 201)
        numbers.append(str(reply.members.get("id")))
        read = done(_read(ctx, numbers[-1]), 200)
        told = (read.get("persons"), read.get("households"), read.get("shelter_id"))
        ctx.expect(
            Text("people, households and shelter", "人数、世帯数、避難所"),
            expected=(persons, households, shelter),
            actual=told,
        )
    start = [one if isinstance(one, int) else 0 for one in before]
    ctx.expect(COUNTED, expected=(start[0] + 7, start[1] + 3), actual=_counts(ctx, shelter))
    for who in (DESK, OFFICE):
        listed = ctx.city.items("listOffShelter", who, {"shelter_id": shelter})
        there = {one.get("id"): one.get("persons") for one in listed if one.get("id") in numbers}
        ctx.expect(
            Text("groups in the list", "一覧の記録"), expected=dict(zip(numbers, (3, 4), strict=True)), actual=there
        )
    what = Text("headcount inside, of which they are no part", "避難所内の人数(含まない)")
    ctx.expect(what, expected=inside, actual=desk.headcount(shelter))


@check("DIS-042")
def records_of_people_outside_change(ctx: Context) -> None:
    """Change the record of a group, delete it, and read it after each."""
    shelter = Reception(ctx).shelter()
    number = str(done(_report(ctx, shelter, 3, 1), 201).get("id"))
    old = _read(ctx, number).header("etag")
    body = {"place": "tent", "persons": 5, "households": 2, "shelter_id": shelter, "observed_at": moment()}
    path = {"evacuees_id": number}
    reply = ctx.city.call("updateOffShelter", DESK, body, headers={"if-match": old}, path=path)
    ctx.expect_status(Text("changing the record", "記録の変更"), reply, 200)
    with ctx.control(Text("the record can be read", "記録が読める")):
        read = _read(ctx, number)
        ctx.expect_status("getOffShelter", read, 200)
    told = (read.members.get("persons"), read.members.get("households"))
    ctx.expect(Text("people and households after the change", "変更後の人数と世帯数"), expected=(5, 2), actual=told)
    ctx.expect_status(Text("deleting the record", "記録の削除"), _delete(ctx, number), 204, 200)
    ctx.refused_status(Text("a record that was deleted", "消した記録"), _read(ctx, number), 410, 404)
    listed = ctx.city.items("listOffShelter", DESK, {"shelter_id": shelter})
    names = [one.get("id") for one in listed if not one.get("removed")]
    ctx.expect(Text("whether the list has it", "一覧にあるか"), expected=False, actual=number in names)
