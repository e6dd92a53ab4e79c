"""Individual evacuation plans: where each field comes from, who sees them, and how they are changed and deleted."""

from collections.abc import Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.declaring import association_of, declare, permitted
from conformance.checks.disaster.moments import is_instant, moment
from conformance.checks.disaster.planning import change, erase, keep, make, own_plans, read, unseen_person
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

SOURCES = ("city-os", "care", "disaster-app", "municipality", "entered")
"""Source: contract, schema FieldSource."""

FIELDS: Mapping[str, Any] = {
    "supporters": {"value": [{"name": "支援 一", "phone": "0242-00-0000"}]},
    "sites": {"value": [{"name": "鶴城小学校"}], "source": "disaster-app"},
    "considerations": {"value": "人工呼吸器の電源"},
}


@check("DIS-016", alone=True)
def fields_have_source_and_date(ctx: Context) -> None:
    """Make a plan that is prefilled, read it, change a field, and look at source and date of each field."""
    person = ctx.city.person(0)
    reply = make(ctx, person, fields=FIELDS)
    ctx.expect_status(Text("making one's plan", "計画の作成"), reply, 201, 200)
    plan = str(reply.members.get("id"))
    done(change(ctx, person, plan, fields={"considerations": {"value": "階段を降りられない"}}), 200)
    for seen in (reply.members, done(read(ctx, person, plan), 200)):
        fields = seen.get("fields") or {}
        lacking = sorted(
            name
            for name, field in fields.items()
            if field.get("source") not in SOURCES or not is_instant(field.get("as_of"))
        )
        ctx.expect(Text("fields without source or date", "出所や時点のない項目"), expected=[], actual=lacking)
        told = {name: fields.get(name, {}).get("source") for name in ("name", "sites", "supporters")}
        wanted = {"name": "city-os", "sites": "disaster-app", "supporters": "entered"}
        ctx.expect(Text("where fields come from", "項目の出所"), expected=wanted, actual=told)


@check("DIS-027", alone=True)
def plans_are_seen_by_consent_or_law(ctx: Context) -> None:
    """Read a person's plan as their association: normally, in a drill, in a disaster, after it, and shared."""
    person, home = unseen_person(ctx, ("normal", "drill"), "evacuation_support", "plan")
    helper = association_of(ctx, home)
    plan = str(done(make(ctx, person, fields=FIELDS)).get("id"))
    with ctx.control(Text("the person reads the plan", "本人が計画を読む")):
        ctx.expect_status("getEvacuationPlan", read(ctx, person, plan), 200)
    _unseen(ctx, helper, plan, home, "normal")
    done(declare(ctx, "drill", [home]))
    _unseen(ctx, helper, plan, home, "drill")
    done(declare(ctx, "disaster", [home]))
    seen = read(ctx, helper, plan)
    ctx.expect_status(Text("the plan, read by its helpers in a disaster", "災害時の支援者の読み取り"), seen, 200)
    what = Text("medication, which always needs consent of its own", "同意の要る服薬の項目")
    ctx.expect(what, expected=False, actual="medication" in (seen.members.get("fields") or {}))
    done(declare(ctx, "normal", [home]))
    _unseen(ctx, helper, plan, home, "normal")
    done(change(ctx, person, plan, sharing=[{"audience": "association", "items": ["name", "sites"]}]), 200)
    seen = read(ctx, helper, plan)
    ctx.expect_status(Text("the plan, shared with the association", "町内会と共有した計画"), seen, 200)
    what = Text("fields of a plan of which two are shared", "二項目を共有した計画の項目")
    ctx.expect(what, expected=["name", "sites"], actual=sorted(seen.members.get("fields") or {}))
    _not_by_strangers(ctx, person, plan)


def _not_by_strangers(ctx: Context, person: PersonAccount, plan: str) -> None:
    """Other citizens see nothing, where the person lets no family see it."""
    purposes = ("evacuation_support", "disaster_support", "family_sharing")
    if any(permitted(ctx, person, "family", purpose, "plan", "normal") for purpose in purposes):
        return
    for other in [one for one in ctx.target.people if one.user != person.user][:3]:
        what = Text("the plan, read by another citizen", "他の市民による計画の読み取り")
        ctx.refused_status(what, read(ctx, other, plan), 404, 403)


def _unseen(ctx: Context, helper: Any, plan: str, home: str, mode: str) -> None:
    what = Text(f"the plan, read by the association in mode {mode} without consent", f"{mode} での同意のない読み取り")
    ctx.refused_status(what, read(ctx, helper, plan), 404, 403)
    listed = [one.get("id") for one in ctx.city.items("listEvacuationPlans", helper, {"area": home})]
    what = Text(f"whether its list has the plan in mode {mode}", f"{mode} での一覧にあるか")
    ctx.refused(what, plan not in listed, expected=False, actual=plan in listed)


@check("DIS-046", alone=True)
def plans_change_by_etag_and_go(ctx: Context) -> None:
    """Change a plan without an ETag, with the right one and the old one; delete it and read it."""
    person = ctx.city.person(0)
    plan = str(done(make(ctx, person, fields=FIELDS)).get("id"))
    path, changed = {"plan_id": plan}, {"fields": {"considerations": {"value": "犬と避難"}, "sites": None}}
    old = read(ctx, person, plan).header("etag")
    with ctx.control(Text("a change with the right ETag", "正しいETagでの変更")):
        reply = ctx.city.call("updateEvacuationPlan", person, changed, headers={"if-match": old}, path=path)
        ctx.expect_status("updateEvacuationPlan", reply, 200)
    reply = ctx.city.call("updateEvacuationPlan", person, changed, path=path)
    ctx.refused_status(Text("a change without If-Match", "If-Matchの無い変更"), reply, 428)
    reply = ctx.city.call("updateEvacuationPlan", person, changed, headers={"if-match": old}, path=path)
    ctx.refused_status(Text("a change with the ETag from before", "前のETagでの変更"), reply, 412)
    fields = done(read(ctx, person, plan), 200).get("fields") or {}
    told = (fields.get("considerations", {}).get("value"), "sites" in fields, "supporters" in fields)
    what = Text("a field changed, one taken away, one that stays", "変えた項目、消した項目、残る項目")
    ctx.expect(what, expected=("犬と避難", False, True), actual=told)
    ctx.expect_status(Text("deleting a plan", "計画の削除"), erase(ctx, person, plan), 204, 200)
    ctx.refused_status(Text("a plan that was deleted", "消した計画"), read(ctx, person, plan), 410, 404)
    listed = [one.get("id") for one in own_plans(ctx, person)]
    ctx.expect(Text("own plans in the list", "一覧にある自分の計画"), expected=[], actual=listed)


@check("DIS-050", "plans", alone=True)
def nobody_else_shares_a_plan(ctx: Context) -> None:
    """Make and change a plan as the municipality with more sharing than the person chose, then as the person."""
    person = ctx.city.person(0)
    for one in own_plans(ctx, person):
        erase(ctx, person, str(one.get("id")))
    shared = [{"audience": "association", "items": ["name", "sites"]}]
    made = _by_city(ctx, person.user)
    with ctx.control(Text("a plan that the municipality makes without sharing", "市が共有なしで作る計画")):
        ctx.expect_status("createEvacuationPlan", made, 201)
    plan = str(made.members.get("id"))
    reply = change(ctx, OFFICE, plan, sharing=shared)
    ctx.refused_status(Text("sharing that the municipality widens", "市による共有範囲の拡大"), reply, 422)
    with ctx.control(Text("the person shares the plan", "本人が計画を共有する")):
        ctx.expect_status("updateEvacuationPlan", change(ctx, person, plan, sharing=shared), 200)
    for wider in (
        [{"audience": "association", "items": ["name", "sites", "supporters"]}],
        [*shared, {"audience": "family", "items": ["name"]}],
    ):
        reply = change(ctx, OFFICE, plan, sharing=wider)
        ctx.refused_status(Text("sharing beyond the person's choice", "本人の選択を超える共有"), reply, 422)
    told = done(read(ctx, person, plan), 200).get("sharing")
    ctx.expect(Text("sharing, as the person chose it", "本人が選んだ共有範囲"), expected=shared, actual=told)
    done(erase(ctx, person, plan))
    reply = _by_city(ctx, person.user, sharing=shared)
    ctx.refused_status(Text("a plan that the municipality makes and shares", "市が作り共有する計画"), reply, 422)


def _by_city(ctx: Context, sub: str, **more: Any) -> Reply:
    body = {"subject": {"sub": sub}, "fields": FIELDS, "agreed_at": moment(), **more}
    reply = ctx.city.call("createEvacuationPlan", OFFICE, body)
    keep(ctx, OFFICE, reply)
    return reply
