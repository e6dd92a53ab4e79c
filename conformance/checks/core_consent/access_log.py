"""Access log and inbox: every disclosure is on record for the person, and one by law is told to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import OFFICE, Scene, basis_of
from conformance.context import Context
from conformance.text import Text

PURPOSE = "disaster_support"
Entry = Mapping[str, Any]


@check("CONS-011", alone=True)
def disclosures_by_consent_are_on_record(ctx: Context) -> None:
    """Reads somebody who agreed, by each operation of the city office: it is in the log, a refused read is not."""
    scene = Scene(ctx, fresh_clock=True)
    person, silent = scene.people(2)
    scene.give(person, PURPOSE, ["profile.contact", "safety"], ["municipality"], modes=["normal"])
    scene.city.call("reportSafety", person, {"status": "safe", "observed_at": scene.town.now()})
    before, nothing = _log(scene, person), _log(scene, silent)
    reads = _reads(scene, person)
    hidden = {**basis_of(scene.user(OFFICE, silent)), **scene.listed(silent)}
    with ctx.control(Text("each operation shows the person", "どの操作でもその人が示される")):
        ctx.expect("shown of a person who did not agree", expected={}, actual=hidden)
        ctx.expect(
            "shown by consent",
            expected=[],
            actual=[name for name, seen in reads.items() if "consent" not in seen.values()],
        )
    fresh = _since(_log(scene, person), before)
    for operation, shown in reads.items():
        _logged(ctx, scene, fresh, operation, shown)
    ctx.require(
        "times of the log, the newest first", _is_newest_first(fresh), expected="newest first", actual=_times(fresh)
    )
    refused = [one for one in _since(_log(scene, silent), nothing) if one.get("disclosures")]
    what = Text("log of a person of whom nothing was shown", "何も示されていない人の記録")
    ctx.expect(what, expected=[], actual=refused)


@check("CONS-011", "statutory", alone=True)
def disclosures_by_law_are_on_record(ctx: Context) -> None:
    """Reads a person in a disaster by law: the log names the clause, and can be asked for what rests on law."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person(reached=True)
    scene.city.call("reportSafety", person, {"status": "safe", "observed_at": scene.town.now()})
    before = _log(scene, person)
    scene.town.declare("disaster")
    reads = _reads(scene, person)
    with ctx.control(Text("each operation shows the person by law", "どの操作でもその人が法令により示される")):
        ctx.expect(
            "shown by law",
            expected=[],
            actual=[name for name, seen in reads.items() if "statutory" not in seen.values()],
        )
    fresh = _since(_log(scene, person), before)
    for operation, shown in reads.items():
        _logged(ctx, scene, fresh, operation, shown)
    by_law = _since(_log(scene, person, basis="statutory"), before)
    what = Text("operations in the log with basis=statutory", "basis=statutory で引いた記録の操作")
    ctx.expect(what, expected=sorted(reads), actual=sorted({str(one.get("operation")) for one in by_law}))
    clauses = [
        row.get("clause") for one in by_law for row in one.get("disclosures", ()) if row.get("basis") == "statutory"
    ]
    ctx.require("clause of each disclosure by law", clauses and all(clauses), expected="clauses", actual=clauses)


@check("CONS-028", alone=True)
def people_are_told_of_disclosures_by_law(ctx: Context) -> None:
    """Reads a person twice by law, for two purposes: one message for each purpose waits; none after one by consent."""
    scene = Scene(ctx, fresh_clock=True)
    person, agreeing = scene.people(2, reached=True)
    scene.give(agreeing, PURPOSE, ["profile.contact"], ["municipality"], modes=["normal"])
    consented = _inbox(scene, agreeing)
    by_consent = basis_of(scene.user(OFFICE, agreeing))
    told_by_consent = _inbox(scene, agreeing) - consented
    scene.town.declare("disaster")
    before = _inbox(scene, person)
    shown = [basis_of(scene.user(OFFICE, person)) for _ in range(2)]
    with ctx.control(Text("shown by law in a disaster, by consent before", "災害時は法令で、その前は同意で示される")):
        ctx.expect("by consent", expected={"profile.contact": "consent"}, actual=by_consent)
        for one in shown:
            ctx.require("by law", "statutory" in one.values(), expected="statutory", actual=one)
    new = _inbox(scene, person) - before
    what = Text(
        "messages after two disclosures by law to one client for one purpose",
        "同じ相手・目的に法令で2回示した後の通知の数",
    )
    ctx.expect(what, expected=1, actual=len(new))
    what = Text("messages after a disclosure by consent", "同意により示した後の通知の数")
    ctx.refused(what, not told_by_consent, expected=0, actual=len(told_by_consent))


@check("CONS-028", "others", alone=True)
def each_client_that_was_shown_is_told_of(ctx: Context) -> None:
    """Reads a person by law as the city office, and in the report of safety as the association of the person's home."""
    scene = Scene(ctx, fresh_clock=True)
    person = scene.person(reached=True)
    scene.city.call("reportSafety", person, {"status": "safe", "observed_at": scene.town.now()})
    scene.town.declare("disaster")
    start = _inbox(scene, person)
    first = basis_of(scene.user(OFFICE, person))
    after_first = _inbox(scene, person)
    second = _register_shows(scene, person)
    with ctx.control(Text("shown by law", "法令により示される")):
        ctx.require("city office", "statutory" in first.values(), expected="statutory", actual=first)
    what = Text("messages after the city office was shown", "市に示した後の通知の数")
    ctx.expect(what, expected=1, actual=len(after_first - start))
    if second:
        what = Text("further messages after an association was shown", "町内会に示した後に増えた通知の数")
        ctx.expect(what, expected=1, actual=len(_inbox(scene, person) - after_first))


def _reads(scene: Scene, person: PersonAccount) -> dict[str, dict[str, str]]:
    """What the city office is shown of a person, on which basis, by operation."""
    reports = scene.city.items("listSafetyReports", OFFICE, {"audience": "municipality", "limit": 500})
    mine = [one for one in reports if isinstance(one, dict) and one.get("person", {}).get("sub") == person.user]
    return {
        "getUser": basis_of(scene.user(OFFICE, person)),
        "listUsers": scene.listed(person),
        "listSafetyReports": _bases(mine[0]) if mine else {},
    }


def _bases(item: Entry) -> dict[str, str]:
    rows = [one for one in item.get("disclosure", ()) if isinstance(one, dict) and one.get("decision") == "permit"]
    return {str(one.get("category")): str(one.get("basis")) for one in rows}


def _register_shows(scene: Scene, person: PersonAccount) -> bool:
    """Whether an association is shown a person's entry in the register."""
    for account in scene.ctx.target.of_role("association"):
        code = account.recipient.partition(":")[2]
        items = scene.city.items("listSupportRegister", account, {"area": code}) if code else []
        if any(isinstance(one, dict) and one.get("sub") == person.user for one in items):
            return True
    return False


def _log(scene: Scene, person: PersonAccount, **query: str) -> list[Entry]:
    return [one for one in scene.city.items("listAccessLog", person, query) if isinstance(one, dict)]


def _since(after: Sequence[Entry], before: Sequence[Entry]) -> list[Entry]:
    known = {one.get("id") for one in before}
    return [one for one in after if one.get("id") not in known]


def _logged(ctx: Context, scene: Scene, entries: Sequence[Entry], operation: str, shown: Mapping[str, str]) -> None:
    """Demand an entry for what an operation showed: to whom, what for, what and on which basis."""
    client_id = scene.city.role(OFFICE).client_id
    found = [
        {str(row.get("category")): str(row.get("basis")) for row in one.get("disclosures", ())}
        for one in entries
        if one.get("operation") == operation
        and one.get("client", {}).get("client_id") == client_id
        and one.get("recipient") == "municipality"
        and one.get("purpose") == PURPOSE
        and one.get("time")
    ]
    what = Text(
        f"entry of the access log for {operation} to {client_id}, {PURPOSE}: categories and bases",
        f"アクセス記録にある {client_id} への {operation}({PURPOSE})の項目と根拠",
    )
    ctx.require(what, shown in found, expected=dict(shown), actual=found)


def _times(entries: Sequence[Entry]) -> list[str]:
    return [str(one.get("time")) for one in entries]


def _is_newest_first(entries: Sequence[Entry]) -> bool:
    return _times(entries) == sorted(_times(entries), reverse=True)


def _inbox(scene: Scene, person: PersonAccount) -> set[str]:
    """Ids of the messages that wait for a person."""
    items = scene.city.items("listReceivedNotifications", person, path={"sub": person.user})
    return {str(one.get("id", one.get("notification_id"))) for one in items if isinstance(one, dict)}
