"""What holds in one area holds there alone, and an association sees the people of its own."""

from collections.abc import Mapping
from typing import Any

from conformance.accounts import ClientAccount, PersonAccount
from conformance.check import check
from conformance.checks.disaster.declaring import area_of, associations, consent, declare, held, mode_in
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.planning import home_of
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

HERE: Mapping[str, Any] = {"type": "Point", "coordinates": [139.93, 37.49]}

CLOSED = ("checkin", "location", "family", "survey", "medication_condition")
"""Categories of disaster_support that people may agree to show the city in a disaster only."""


def _apart(ctx: Context) -> tuple[tuple[PersonAccount, str], tuple[PersonAccount, str]]:
    """Two people of different neighbourhoods where nothing holds, with those."""
    taken, found = held(ctx), dict[str, PersonAccount]()
    for person in ctx.target.people:
        home = home_of(ctx, person)
        if home and home not in taken:
            found.setdefault(home, person)
        if len(found) > 1:
            break
    if len(found) < 2:
        ctx.skip(
            "needs made-up people of two neighbourhoods where nothing holds",
            "訓練も災害もない二つの町内会の架空の住民が要る",
        )
    (area, person), (other_area, other) = found.items()
    return (person, area), (other, other_area)


def _decision(ctx: Context, person: PersonAccount, category: str) -> Mapping[str, Any]:
    """What the city is told when it asks for something of a person in the mode that holds at their home."""
    body = {"subject": {"id": person.user}, "purpose": "disaster_support", "category": category}
    return done(ctx.city.call("decideConsents", OFFICE, body), 200)


def _closed_to_all(ctx: Context, *people: PersonAccount) -> str:
    """A category that the city is not shown of these people in normal times.

    Raises:
        Unmet: There is none.
    """
    found = (one for one in CLOSED if not any(_decision(ctx, person, one).get("decision") is True for person in people))
    category = next(found, "")
    if not category:
        ctx.skip(
            "needs a category that two people have not agreed to show the city in normal times",
            "二人とも平時に市へ見せる同意をしていないカテゴリが要る",
        )
    return category


@check("DIS-002", alone=True)
def modes_hold_by_area(ctx: Context) -> None:
    """Declare a disaster in one person's neighbourhood: state and decisions change there and nowhere else."""
    (person, area), (other, elsewhere) = _apart(ctx)
    category = _closed_to_all(ctx, person, other)
    for one in (person, other):
        given = {"recipients": ["municipality"], "modes": ["disaster"]}
        consent(ctx, one, "disaster_support", [category], **given)
    done(declare(ctx, "disaster", [area]))
    modes = {code: mode_in(ctx, code) for code in (area, elsewhere)}
    what = Text("modes of the area that was declared and of another", "宣言した地区と別の地区のモード")
    ctx.expect(what, expected={area: "disaster", elsewhere: "normal"}, actual=modes)
    with ctx.control(
        Text("a consent for disasters counts where one was declared", "宣言した地区では災害時の同意が効く")
    ):
        ctx.expect("decision", expected=True, actual=_decision(ctx, person, category).get("decision"))
    told = _decision(ctx, other, category)
    what = Text("a consent for disasters, where none was declared", "宣言していない地区での災害時の同意")
    ctx.refused(what, told.get("decision") is False, expected=False, actual=told)
    done(declare(ctx, "drill", [elsewhere]))
    modes = {code: mode_in(ctx, code) for code in (area, elsewhere)}
    what = Text("modes of two areas with a declaration each", "別々に宣言した地区のモード")
    ctx.expect(what, expected={area: "disaster", elsewhere: "drill"}, actual=modes)
    done(declare(ctx, "normal", [area]))
    modes = {code: mode_in(ctx, code) for code in (area, elsewhere)}
    what = Text("modes after one of the two has ended", "一方を終えた後のモード")
    ctx.expect(what, expected={area: "normal", elsewhere: "drill"}, actual=modes)


@check("DIS-034", alone=True)
def associations_see_their_own_area(ctx: Context) -> None:
    """Let people consent to their association, and ask as every association for reports, positions and the register."""
    clients = associations(ctx)
    if len(clients) < 2:
        ctx.skip("needs the clients of two associations", "二つの町内会のクライアントが要る")
    person = _consenting(ctx, clients)
    homes = [client for client in clients if _sees_report(ctx, client, person)]
    with ctx.control(Text("the person's own association sees them", "本人の町内会には見える")):
        ctx.require("association", homes, expected="one", actual=homes)
    home = home_of(ctx, person)
    seen = sorted(area_of(one) for one in homes)
    what = Text("associations that see a person's report", "安否を見られる町内会")
    ctx.refused(what, seen == [home], expected=[home], actual=seen)
    placed = sorted(area_of(one) for one in clients if _sees_position(ctx, one, person))
    what = Text("associations that see a person's position", "位置を見られる町内会")
    ctx.refused(what, placed in ([home], []), expected=[home], actual=placed)
    _registers(ctx, clients, home)


def _consenting(ctx: Context, clients: list[ClientAccount]) -> PersonAccount:
    """A person of one of the areas who agreed that the association sees report and position, and told both."""
    areas = {area_of(client) for client in clients}
    person = next((one for one in ctx.target.people if home_of(ctx, one) in areas), None)
    if person is None:
        ctx.skip("needs a person who lives in an association's area", "町内会の区域に住む架空の住民が要る")
    categories = ["safety", "location", "profile.basic"]
    consent(ctx, person, "disaster_support", categories, recipients=["association"])
    done(ctx.city.call("reportSafety", person, {"status": "injured", "observed_at": moment()}))
    body: dict[str, Any] = {"position": HERE, "observed_at": moment(), "ttl_s": 600}
    done(ctx.city.call("putLocation", person, body, path={"sub": person.user}))
    return person


def _sees_report(ctx: Context, client: ClientAccount, person: PersonAccount) -> bool:
    listed = ctx.city.items("listSafetyReports", client, {"audience": "association"})
    return any((one.get("person") or {}).get("sub") == person.user for one in listed if not one.get("removed"))


def _sees_position(ctx: Context, client: ClientAccount, person: PersonAccount) -> bool:
    reply = ctx.city.call("listLocations", client)
    return reply.status == 200 and f'"{person.user}"' in reply.text


def _registers(ctx: Context, clients: list[ClientAccount], home: str) -> None:
    """In a disaster an association reads its own register, and of no other area anything."""
    done(declare(ctx, "disaster", [area_of(client) for client in clients]))
    for client in clients:
        with ctx.control(Text("an association reads its own register", "町内会が自分の名簿を読む")):
            ctx.expect_status("listSupportRegister", _register(ctx, client, area_of(client)), 200)
        other = next(area_of(one) for one in clients if one is not client)
        reply = _register(ctx, client, other)
        entries = reply.members.get("items", [])
        what = Text(
            f"the register of area {other}, asked for by {client.recipient}",
            f"{client.recipient} が読む {other} の名簿",
        )
        ctx.refused(what, not entries, expected="none of it", actual=f"{reply.status} {entries}")
        if area_of(client) != home:
            mixed = [
                one
                for one in _register(ctx, client, area_of(client)).members.get("items", [])
                if one.get("neighbourhood") != area_of(client)
            ]
            what = Text("entries of other areas in one's own register", "自分の名簿にある他の区域の人")
            ctx.refused(what, not mixed, expected=[], actual=mixed)


def _register(ctx: Context, client: ClientAccount, area: str) -> Reply:
    return ctx.city.call("listSupportRegister", client, query={"area": area})
