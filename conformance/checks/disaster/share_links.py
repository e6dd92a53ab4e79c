"""Links by which people without an account see chosen items of a plan for a while."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.planning import make
from conformance.checks.disaster.reception import done
from conformance.context import Context
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

SECRET_LENGTH = 22
"""Characters of base64url that hold 128 bits. Source: RFC 6749 10.10 asks for 128 bits of what must not be guessed."""

SECRET_FIELDS: Mapping[str, Any] = {
    "sites": {"value": [{"name": "鶴城小学校"}]},
    "supporters": {"value": [{"name": "支援 一", "phone": "0242-11-1111"}]},
    "considerations": {"value": "人工呼吸器の電源"},
    "medication": {"value": {"needed": True, "note": "インスリン"}},
}

LEFT_OUT = ("0242-11-1111", "人工呼吸器の電源", "インスリン")
"""What the fields say that are left out of the links."""


def _plan(ctx: Context, person: PersonAccount) -> str:
    return str(done(make(ctx, person, fields=SECRET_FIELDS)).get("id"))


def _link(ctx: Context, person: PersonAccount, plan: str, items: Sequence[str] = ("sites",), **more: Any) -> Reply:
    body = {"items": list(items), "ttl_s": 3600, "note": "姉", **more}
    return ctx.city.call("createPlanShareLink", person, body, path={"plan_id": plan})


def _secret(ctx: Context, link: Reply) -> str:
    url = str(link.members.get("url", ""))
    secret = url.rpartition("/")[2].partition("?")[0].partition("#")[0]
    ctx.require(Text("address that the link tells once", "一度だけ示す宛先"), secret, expected="an address", actual=url)
    return secret


def _view(ctx: Context, secret: str, accept: str = "application/json") -> Reply:
    return ctx.city.call("getSharedPlan", None, headers={"accept": accept}, path={"share_token": secret})


def _read(ctx: Context, person: PersonAccount, plan: str, link: Reply) -> Reply:
    path = {"plan_id": plan, "link_id": str(link.members.get("id"))}
    return ctx.city.call("getPlanShareLink", person, path=path)


@check("DIS-028", alone=True)
def links_are_secret_counted_and_revoked(ctx: Context) -> None:
    """Make links, compare their secrets, view one, guess, count the views, revoke it and view again."""
    person = ctx.city.person(0)
    plan = _plan(ctx, person)
    links = [_link(ctx, person, plan) for _ in range(3)]
    for link in links:
        ctx.expect_status(Text("making a link", "リンクの作成"), link, 201)
    secrets = [_secret(ctx, link) for link in links]
    _not_guessed(ctx, secrets)
    with ctx.control(Text("the link shows the plan", "リンクが計画を示す")):
        ctx.expect_status("getSharedPlan", _view(ctx, secrets[0]), 200)
    for guess in (secrets[0][:-1] + ("A" if secrets[0][-1] != "A" else "B"), secrets[0][:-2], ctx.fresh(24)):
        ctx.refused_status(Text("a secret that is guessed", "推測した秘密"), _view(ctx, guess), 404, 410)
    done(_view(ctx, secrets[0]), 200)
    read = done(_read(ctx, person, plan, links[0]), 200)
    told = (read.get("views"), read.get("state"), read.get("last_viewed_at") is not None)
    ctx.expect(
        Text("views, state, and whether the last is told", "閲覧回数、状態、最終閲覧"),
        expected=(2, "active", True),
        actual=told,
    )
    _ends(ctx, read)
    other = done(_read(ctx, person, plan, links[1]), 200)
    ctx.expect(
        Text("views of a link that nobody used", "使われないリンクの回数"), expected=0, actual=other.get("views")
    )
    path = {"plan_id": plan, "link_id": str(links[0].members.get("id"))}
    reply = ctx.city.call("revokePlanShareLink", person, path=path)
    ctx.expect_status(Text("revoking a link", "リンクの取り消し"), reply, 204, 200)
    ctx.refused_status(Text("a link that was revoked", "取り消したリンク"), _view(ctx, secrets[0]), 410, 404)
    ctx.expect_status(Text("another link of the plan", "同じ計画の別のリンク"), _view(ctx, secrets[1]), 200)


def _not_guessed(ctx: Context, secrets: Sequence[str]) -> None:
    for secret in secrets:
        what = Text("length of a link's secret", "リンクの秘密の長さ")
        ctx.require(what, len(secret) >= SECRET_LENGTH, expected=f"{SECRET_LENGTH} or more", actual=secret)
    alike = [
        (one, other)
        for one, other in pairwise(secrets)
        if sum(a == b for a, b in zip(one, other, strict=False)) > len(one) // 2
    ]
    ctx.expect(Text("secrets that are alike", "似た秘密"), expected=[], actual=alike)


def _ends(ctx: Context, link: Mapping[str, Any]) -> None:
    made, ends = (datetime.fromisoformat(str(link.get(name))) for name in ("created_at", "expires_at"))
    lives_s = (ends - made).total_seconds()
    what = Text("life of a link made for an hour, in seconds", "1時間のリンクの有効期間(秒)")
    ctx.require(what, abs(lives_s - 3600) <= 1, expected=3600, actual=lives_s)


@check("DIS-028", "expiry", when=(with_sandbox,), alone=True)
def links_end(ctx: Context) -> None:
    """Make a link for a minute, view it, set the sandbox's clock forward, and view it again."""
    person, box = ctx.city.person(0), ctx.sandbox
    plan = _plan(ctx, person)
    secret = _secret(ctx, _link(ctx, person, plan, ttl_s=60))
    with ctx.control(Text("the link shows the plan", "リンクが計画を示す")):
        ctx.expect_status("getSharedPlan", _view(ctx, secret), 200)
    box.advance(90)
    ctx.refused_status(Text("a link after its time", "期限を過ぎたリンク"), _view(ctx, secret), 410, 404)


@check("DIS-047", alone=True)
def links_show_chosen_items_only(ctx: Context) -> None:
    """Make a link with two of five items, and look at what it shows as JSON and as a page, and what its list shows."""
    person, other = ctx.city.person(0), ctx.city.person(1)
    plan = _plan(ctx, person)
    link = _link(ctx, person, plan, ("sites", "address"))
    secret = _secret(ctx, link)
    view = _view(ctx, secret)
    ctx.expect_status(Text("what the link shows", "リンクが示すもの"), view, 200)
    shown = sorted(view.members.get("fields") or {})
    what = Text("items that a link with two of them shows", "二項目のリンクが示す項目")
    ctx.require(
        what, set(shown) <= {"sites", "address"} and "sites" in shown, expected=["address", "sites"], actual=shown
    )
    for accept in ("application/json", "text/html"):
        reply = _view(ctx, secret, accept)
        text = reply.text
        leaks = [
            word for word in (*LEFT_OUT, person.user) if f'"{word}"' in text or (word != person.user and word in text)
        ]
        ctx.expect(
            Text(f"what was left out, shown as {accept}", f"{accept} で示した、選ばなかった内容"),
            expected=[],
            actual=leaks,
        )
    read = _read(ctx, person, plan, link)
    ctx.expect(
        Text("items of the link", "リンクの項目"),
        expected=["address", "sites"],
        actual=sorted(read.members.get("items", [])),
    )
    listed = ctx.city.call("listPlanShareLinks", person, path={"plan_id": plan})
    with ctx.control(Text("the person reads the links", "本人がリンクを読む")):
        ctx.expect_status("listPlanShareLinks", listed, 200)
        ctx.expect_status("getPlanShareLink", read, 200)
    for reply in (read, listed):
        ctx.refused(
            Text("the secret, told again", "再び示した秘密"),
            secret not in reply.text,
            expected="told once",
            actual=reply.text[:300],
        )
    ctx.refused_status(
        Text("the link, read by somebody else", "他人によるリンクの読み取り"), _read(ctx, other, plan, link), 404, 403
    )
