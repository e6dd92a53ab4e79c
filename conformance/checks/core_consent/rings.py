"""Rings: of a safety report each audience is shown the items of its ring, and nothing else."""

from collections.abc import Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import Scene, wait_until
from conformance.consent_model import ALL_ITEMS, ring_of
from conformance.context import Context
from conformance.text import Text

ITEMS: Mapping[str, str] = {
    "condition": "broken arm",
    "whereabouts": "second floor of the school",
    "contact": "by the shelter's telephone",
    "nationality": "JP",
    "other_identifier": "wears a red cap",
}
"""What a report tells of the form's items that are the reporter's to tell."""
BESIDE = ("observed_at", "person", "disclosure")
"""Members of an answer that are no items of the form. Source: contract, schema SafetyReportItem, required."""
POSITION = {"type": "Point", "coordinates": [139.9, 37.5]}
OUTER = ("acquaintance", "employer", "public")
SEEN_S = 5.0


@check("CONS-024", alone=True)
def audiences_see_the_items_of_their_ring(ctx: Context) -> None:
    """Asks by name for somebody who agreed to be found by everybody: each audience is shown its ring's items only."""
    scene = Scene(ctx, fresh_clock=True)
    person, asker = scene.people(2)
    _report(scene, person)
    name = _name(scene, person)
    with ctx.control(Text("without a consent nobody finds the person", "同意がなければ誰も見つけない")):
        found = {who: len(_items(scene, asker, who, name)) for who in OUTER}
        ctx.expect("found", expected=dict.fromkeys(OUTER, 0), actual=found)
    scene.later()
    scene.give(person, "safety_inquiry", ["safety"], ["family", *OUTER], modes=["normal", "disaster"])
    _compare(ctx, scene, person, asker)


@check("CONS-024", "shared", alone=True)
def a_reports_own_choice_keeps_to_the_rings(ctx: Context) -> None:
    """Reports to be shared with each audience (share_with): it is shown its ring's items only, and others nothing."""
    scene = Scene(ctx, fresh_clock=True)
    person, asker = scene.people(2)
    _report(scene, person, share_with=list(OUTER))
    _compare(ctx, scene, person, asker)
    _report(scene, person, share_with=["family"])
    name = _name(scene, person)
    for who in OUTER:
        hidden = wait_until(lambda who=who: not _items(scene, asker, who, name), SEEN_S)  # type: ignore[misc]
        what = Text(
            f"reports for {who}, where share_with names the family only",
            f"share_with が家族だけのときの {who} への答え",
        )
        ctx.expect(what, expected=True, actual=hidden)


def _compare(ctx: Context, scene: Scene, person: PersonAccount, asker: PersonAccount) -> None:
    name = _name(scene, person)
    found = {who: _items(scene, asker, who, name) for who in OUTER}
    with ctx.control(Text("each audience finds who agreed to it", "どの相手も、同意した人を見つける")):
        ctx.expect("found", expected=dict.fromkeys(OUTER, 1), actual={who: len(items) for who, items in found.items()})
    for who, items in found.items():
        ring, allowed = ring_of(who)
        told = _told(items[0])
        extra = sorted(set(told) - set(allowed))
        what = Text(f"shown to {who} beyond ring {ring}", f"{who} に輪{ring}を超えて示されたもの")
        ctx.expect(what, expected=[], actual=extra)
        missing = sorted(
            name for name in ("name", "injured", "other_identifier") if name in allowed and name not in told
        )
        what = Text(f"items of ring {ring} not shown to {who}", f"{who} に示されない輪{ring}の項目")
        ctx.expect(what, expected=[], actual=missing)
        words = [word for name, word in ITEMS.items() if name not in allowed and word in str(items[0])]
        what = Text(f"words of other items in the answer to {who}", f"{who} への答えに混じるほかの項目の言葉")
        ctx.expect(what, expected=[], actual=words)


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer tells, by item of the form or by its own name."""
    person = item.get("person")
    told = {name: value for name, value in item.items() if name not in BESIDE and value is not None}
    return told | {name: one for name, one in (person if isinstance(person, dict) else {}).items() if one is not None}


def _report(scene: Scene, person: PersonAccount, **more: Any) -> None:
    body = {"status": "injured", "observed_at": scene.town.now(), "position": POSITION, **ITEMS, **more}
    reply = scene.city.call("reportSafety", person, body)
    if reply.status != 201:
        scene.ctx.skip(
            f"reportSafety: {reply.status} {reply.text[:120]}", f"reportSafety: {reply.status} {reply.text[:120]}"
        )


def _items(scene: Scene, asker: PersonAccount, audience: str, name: str) -> list[Any]:
    return scene.city.items("listSafetyReports", asker, {"audience": audience, "name": name})


def _name(scene: Scene, person: PersonAccount) -> str:
    found = scene.city.call("getUser", person, path={"sub": person.user}).members.get("data", {})
    name = found.get("name") if isinstance(found, dict) else None
    if not name:
        scene.ctx.skip("the person's own name is not shown to them", "本人の氏名が本人に示されない")
    return str(name)


assert set(ITEMS) <= set(ALL_ITEMS)  # noqa: S101 - a slip in the table above
