"""People are received, with or without an ID, and counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.moments import moment, shifted
from conformance.checks.disaster.reception import DESK, Reception, done, resident, stranger
from conformance.context import Context
from conformance.text import Text

CHANNELS = ("app", "qr", "card", "web", "tablet", "paper", "ic_card")
"""Source: contract, schema Channel."""

PERSONAL = frozenset(
    ("person", "unregistered", "name", "name_kana", "sex", "birth_date", "address", "phone", "sub", "temp_id")
)
"""Members that tell who somebody is. Source: contract, schemas PersonName and Unregistered."""

COUNTED = Text("headcount on the board", "状況一覧の人数")
BOTH_COUNTS = Text(
    "headcount on the board, in the shelter's status, and the list's length",
    "人数(一覧、避難所の状況、受付者の一覧の件数)",
)


@check("DIS-008")
def people_without_an_id_are_counted(ctx: Context) -> None:
    """Receive somebody who tells all, and somebody who tells nothing but a temporary ID, and count them."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    before = desk.headcount(shelter)
    told: dict[str, Any] = {"name": "𠮷野󠄁", "sex": "unknown", "household": ctx.fresh(), "household_size": 2}
    for number, more in enumerate(({}, told), start=1):
        reply = desk.send(shelter, stranger(ctx, **more), channel="paper")
        ctx.expect_status(Text("check-in of somebody without an ID", "IDのない人の受付"), reply, 201)
        ctx.expect(Text("state of the check-in", "受付の状態"), expected="in", actual=reply.members.get("state"))
        ctx.expect(COUNTED, expected=before + number, actual=desk.headcount(shelter))


@check("DIS-009")
def headcount_is_arrivals_less_departures(ctx: Context) -> None:
    """Receive and let go, repeat both, and let somebody go before they came; the headcount follows what happened."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    start = desk.counts(shelter)[0]
    people = [stranger(ctx) for _ in range(3)]
    arrived = moment()
    numbers = [desk.receive(shelter, who, arrived) for who in people]
    _counted(ctx, desk, shelter, start + 3)
    desk.send(shelter, people[0])
    _counted(ctx, desk, shelter, start + 3)
    _out_before_in(ctx, desk, numbers[1], shifted(arrived, -1800))
    _counted(ctx, desk, shelter, start + 3)
    for left, number in enumerate(numbers, start=1):
        for _ in range(2):
            done(desk.check_out(number), 200)
            _counted(ctx, desk, shelter, start + 3 - left)
    desk.receive(shelter, people[2])
    _counted(ctx, desk, shelter, start + 1)


def _counted(ctx: Context, desk: Reception, shelter: str, expected: int) -> None:
    seen = desk.counts(shelter)
    ctx.require(
        Text("a headcount that is not negative", "人数が負でない"), seen[0] >= 0, expected="0 or more", actual=seen[0]
    )
    ctx.expect(BOTH_COUNTS, expected=(expected,) * 3, actual=seen)


def _out_before_in(ctx: Context, desk: Reception, number: str, at: str) -> None:
    with ctx.control(Text("the check-in can be read", "受付が読める")):
        ctx.expect("state", expected="in", actual=desk.read(number).get("state"))
    reply = desk.check_out(number, at)
    ctx.refused_status(Text("check-out half an hour before the check-in", "受付より30分前の退所"), reply, 422, 409)
    ctx.expect(
        Text("state after a check-out that was refused", "断られた退所の後の状態"),
        expected="in",
        actual=desk.read(number).get("state"),
    )


@check("DIS-012")
def full_shelters_still_record(ctx: Context) -> None:
    """Receive people above the capacity, at a shelter that is full, and at one that is closed."""
    desk = Reception(ctx)
    shelter = desk.shelter(capacity_persons=1, capacity_standard_persons=1)
    before = desk.counting(shelter)
    for number in (1, 2):
        _recorded(ctx, desk, shelter, before + number, "open")
    for number, status in enumerate(("full", "closed"), start=3):
        done(desk.say(shelter, status), 200)
        _recorded(ctx, desk, shelter, before + number, status)
    item = {
        "client_item_id": ctx.fresh(), "kind": "check_in", **stranger(ctx), "shelter_id": shelter,
        "channel": "paper", "observed_at": moment(),
    }  # fmt: skip
    desk.upload([item])
    ctx.expect(COUNTED, expected=before + 5, actual=desk.headcount(shelter))


def _recorded(ctx: Context, desk: Reception, shelter: str, expected: int, status: str) -> None:
    reply = desk.send(shelter, stranger(ctx))
    what = Text(f"check-in at a shelter that is {status}", f"{status} の避難所での受付")
    ctx.expect_status(what, reply, 201)
    ctx.expect(COUNTED, expected=expected, actual=desk.headcount(shelter))


@check("DIS-033")
def channels_are_recorded(ctx: Context) -> None:
    """Receive somebody by each channel, and read how they were received."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    for channel in CHANNELS:
        with ctx.control(Text(f"check-in by {channel}", f"{channel} での受付")):
            reply = desk.send(shelter, stranger(ctx), channel=channel)
            ctx.expect_status("checkIn", reply, 201)
        number = str(reply.members.get("id"))
        what = Text("channel of the check-in", "受付の手段")
        ctx.expect(what, expected=channel, actual=desk.read(number).get("channel"))
    listed = ctx.city.items("listCheckIns", DESK, {"shelter": shelter})
    what = Text("channels in the list of who is there", "受付者の一覧の手段")
    ctx.require(what, set(CHANNELS) <= {one.get("channel") for one in listed}, expected=CHANNELS, actual=listed)
    reply = desk.send(shelter, stranger(ctx), channel="telepathy")
    ctx.refused_status(Text("a channel that there is not", "存在しない手段"), reply, 422, 400)


@check("DIS-037", alone=True)
def a_check_in_shows_nobody(ctx: Context) -> None:
    """Read a check-in as the desk, as the person and as somebody else."""
    desk, person, other = Reception(ctx), ctx.city.person(0), ctx.city.person(1)
    shelter = desk.shelter()
    told = {"name": f"検査{ctx.fresh(4)}", "phone": f"090-{ctx.fresh(4)}", "address": f"町{ctx.fresh(4)}"}
    nameless = desk.receive(shelter, stranger(ctx, **told))
    own = desk.receive(shelter, resident(person), channel="app")
    path = {"check_in_id": own}
    with ctx.control(Text("the person reads their own check-in", "本人が自分の受付を読む")):
        reply = ctx.city.call("getCheckIn", person, path=path)
        ctx.expect_status("getCheckIn", reply, 200)
    for seen in (desk.read(nameless), desk.read(own), reply.members):
        shown = sorted(PERSONAL & set(_members(seen)))
        ctx.expect(Text("personal data in a check-in", "受付にある個人情報"), expected=[], actual=shown)
    text = str(desk.read(nameless))
    leaks = [value for value in told.values() if value in text]
    ctx.expect(Text("what was told at the desk, in the check-in", "受付で聞いたことの表示"), expected=[], actual=leaks)
    for what, number in (
        (Text("another's check-in", "他人の受付"), own),
        (Text("a stranger's check-in", "IDのない人の受付"), nameless),
    ):
        ctx.refused_status(what, ctx.city.call("getCheckIn", other, path={"check_in_id": number}), 404, 403)


def _members(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner)


@check("DIS-032", alone=True)
def linking_changes_no_count(ctx: Context) -> None:
    """Link a check-in without ID to a person twice, then to another person, and count after each."""
    desk, person, other = Reception(ctx), ctx.city.person(0), ctx.city.person(1)
    shelter = desk.shelter()
    desk.receive(shelter, stranger(ctx))
    told = stranger(ctx)
    number = desk.receive(shelter, told)
    with ctx.control(Text("whoever is there already is not counted again", "すでにいる人は再び数えない")):
        before = desk.counts(shelter)
        desk.send(shelter, told)
        ctx.expect("counts", expected=before, actual=desk.counts(shelter))
    for _ in range(2):
        reply = _link(ctx, number, person.user)
        ctx.expect_status(Text("linking a check-in to a person", "受付と本人の結び付け"), reply, 200)
        ctx.expect(BOTH_COUNTS, expected=before, actual=desk.counts(shelter))
        with ctx.control(Text("it is linked", "結び付いている")):
            ctx.expect_status("linkCheckIn", reply, 200)
    ctx.refused_status(
        Text("linking it to another person too", "別の人とも結び付ける"), _link(ctx, number, other.user), 409
    )
    ctx.expect(BOTH_COUNTS, expected=before, actual=desk.counts(shelter))
    for who in (resident(person), told):
        desk.send(shelter, who)
        ctx.expect(
            Text("count after the same person is received again", "同じ人を再び受け付けた後の人数"),
            expected=before,
            actual=desk.counts(shelter),
        )


def _link(ctx: Context, number: str, sub: str) -> Any:
    return ctx.city.call("linkCheckIn", DESK, {"sub": sub}, path={"check_in_id": number})
