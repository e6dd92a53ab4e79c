"""Users: who is listed, with which decision, and that nobody is given away by how an error looks."""

from typing import Any

from conformance.accounts import ClientAccount
from conformance.check import check
from conformance.checks.core_rest.deltas import consented
from conformance.checks.core_rest.paging import MOST_ITEMS, items_of
from conformance.context import Context
from conformance.contract.operations import load_document
from conformance.generated.offer import may_write, offers_operation
from conformance.outcomes import Unmet
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

VOLATILE = (
    "date", "age", "ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-request-id", "x-correlation-id",
    "traceparent", "server-timing", "connection", "keep-alive", "x-response-time", "set-cookie",
)  # fmt: skip
"""Headers that differ from answer to answer and say nothing of the person asked about."""

PURPOSES = ("disaster_support", "personal_service", "shelter_life")
"""Purposes for which the municipality may be told something. Source: contract, consent.toml."""

TOTALS = ("total", "count", "total_count", "size", "total_items")


def users(ctx: Context) -> list[str]:
    """Local IDs of the sandbox's made-up people."""
    people = [one.user for one in ctx.target.people]
    if not people:
        ctx.omit("no made-up person is known", "架空の住民が分からない")
    return people


def _face(reply: Reply, asked: str) -> dict[str, Any]:
    """What an answer shows to whoever asked about somebody, the ID that was asked for apart."""
    headers = {name: value.replace(asked, "{sub}") for name, value in reply.headers if name not in VOLATILE}
    return {"status": reply.status, "headers": headers, "body": reply.text.replace(asked, "{sub}")}


def _like(ctx: Context, user: str) -> str:
    """An ID of nobody, of the length and kind of a known one."""
    digits = "".join(str(ctx.draws.number(10)) for _ in user)
    made_up = "".join(new if old.isdigit() else old for old, new in zip(user, digits, strict=True))
    return made_up if made_up not in users(ctx) else made_up + "99"


def _judge_alike(ctx: Context, told: str, replies: dict[str, Reply], none: Reply, asked: str) -> None:
    """None of those who are not shown looks otherwise than nobody does."""
    hidden = {user: reply for user, reply in replies.items() if reply.status != 200}
    expected = _face(none, asked)
    name = Text(f"{told}: somebody who does not consent, beside nobody", f"{told}: 同意していない人と知らない人")
    for user, reply in hidden.items():
        ctx.expect(name, expected=expected, actual=_face(reply, user))


def _strangers(ctx: Context, client: ClientAccount) -> list[str]:
    """People with whom a client has no link: no consent of theirs names it, and it was shown nothing of them.

    "association" may name that of the person's home, and "service" any; so the kind of recipient is enough for a link.
    """
    kind = client.recipient.partition(":")[0]
    found = list[str]()
    for person in ctx.target.people:
        records = ctx.city.items("listConsents", person)
        named = {str(one).partition(":")[0] for record in records for one in record.get("recipients", ())}
        named |= {str(record.get("client_id")) for record in records}
        shown = [one.get("client") for one in ctx.city.items("listAccessLog", person, {"limit": 500})]
        named |= {str(one.get("client_id")) for one in shown if isinstance(one, dict)}
        if not named & {kind, client.client_id}:
            found.append(person.user)
    return found


def _readers(ctx: Context) -> list[ClientAccount]:
    """Clients that read users' data with a token of their own."""
    roles = [ctx.target.of_role(role) for role in ("city_office", "service")]
    ready = [[one for one in role if "client_credentials" in one.grant_types] for role in roles]
    return [role[0] for role in ready if role]


@check("REST-018", when=(offers_operation("getUser", "listConsents", "listAccessLog"),), alone=True)
def unknown_looks_like_refused(ctx: Context) -> None:
    """Clients ask for the data of made-up people with whom they have no link, and of nobody: they look alike."""
    people = users(ctx)
    if ctx.target.has_sandbox:
        ctx.sandbox.reset()
    readers = _readers(ctx)
    if not readers:
        ctx.omit(
            "no client reads users' data with a token of its own", "自分のトークンで利用者を読むクライアントがない"
        )
    for client in readers:
        strangers = _strangers(ctx, client)
        for purpose in PURPOSES:
            nobody = _like(ctx, people[0])
            query = {"purpose": purpose}
            none = ctx.city.call("getUser", client, path={"sub": nobody}, query=query)
            ctx.expect_status(
                Text(f"{client.role} asks about nobody", f"{client.role} が知らない人を尋ねる"), none, 404
            )
            replies = {one: ctx.city.call("getUser", client, path={"sub": one}, query=query) for one in strangers}
            _judge_alike(ctx, f"getUser by {client.role}", replies, none, nobody)


@check("REST-018", "people", when=(offers_operation("getLocation"),))
def people_cannot_probe(ctx: Context) -> None:
    """A person asks for data and position of others and of nobody: the answers look alike."""
    people = users(ctx)
    if len(people) < 4:
        ctx.omit("needs four made-up people", "架空の住民が四人要る")
    asker = ctx.city.person(len(people) - 1)
    for operation in ("getUser", "getLocation", "getHousehold"):
        nobody = _like(ctx, people[0])
        none = ctx.city.call(operation, asker, path={"sub": nobody})
        others = [one for one in people if one != asker.user]
        replies = {one: ctx.city.call(operation, asker, path={"sub": one}) for one in others}
        _judge_alike(ctx, f"{operation} by a person", replies, none, nobody)


def _listed(ctx: Context, purpose: str) -> tuple[dict[str, Any], bool]:
    """The list of all users by ID, and whether it was read to its end: of a longer one, MOST_ITEMS are read."""
    found = dict[str, Any]()
    query = {"purpose": purpose, "limit": 500}
    for reply in ctx.city.pages("listUsers", "city_office", query):
        if reply.status != 200:
            raise Unmet(f"listUsers: {reply.status} {reply.text[:120]}")
        found |= {str(one.get("sub")): one for one in items_of(reply) if isinstance(one, dict)}
        if len(found) >= MOST_ITEMS:
            return found, not reply.members.get("next_cursor")
    return found, True


@check("REST-031", when=(with_sandbox, offers_operation("listUsers", "getUser", "createConsent")), alone=True)
def list_is_the_decisions(ctx: Context) -> None:
    """Two people agree; each made-up person is on the list of all users exactly if their data are shown one by one."""
    agreed = consented(ctx, 2)
    people = users(ctx)
    is_long = False
    for purpose in PURPOSES:
        if is_long:
            break  # to ask everybody of a great town for what few agree to keeps the service from others
        listed, whole = _listed(ctx, purpose)
        is_long = not whole
        if purpose == PURPOSES[0]:
            with ctx.control("people who agreed are listed"):
                ctx.require("list of all users", set(agreed) <= set(listed), expected=agreed, actual=sorted(listed))
        for user in people:
            one = ctx.city.call("getUser", "city_office", path={"sub": user}, query={"purpose": purpose})
            shown = one.status == 200
            name = Text(f"{user} on the list for {purpose}", f"{purpose} の一覧の {user}")
            right = shown if user in listed else not (shown and whole)
            ctx.refused(name, right, expected=f"listed: {shown}", actual=f"listed: {user in listed}")
            if user in listed and shown:
                ctx.expect(
                    f"data of {user} on the list", expected=one.members.get("data"), actual=listed[user].get("data")
                )


@check("REST-031", "total", when=(offers_operation("listUsers"),))
def list_tells_no_total(ctx: Context) -> None:
    """A page of the list of all users holds no total, neither in its body nor in its headers."""
    reply = ctx.city.call("listUsers", "city_office", query={"purpose": "disaster_support", "limit": 1})
    if reply.status != 200:
        raise Unmet(f"listUsers: {reply.status} {reply.text[:120]}")
    names = [one for one in reply.members if one.lower() in TOTALS]
    headers = [name for name, _ in reply.headers if name.endswith(("total-count", "total", "content-range"))]
    ctx.expect(Text("members and headers that tell a total", "総数を言う項目"), expected=[], actual=names + headers)


def categories_of_data() -> dict[str, str]:
    """The category of each member of a user's data, as the document's schema says it."""
    known = load_document()["components"]["schemas"]["UserData"]["properties"]
    return {name: str(one.get("description", "")) for name, one in known.items()}


def _judge_disclosure(ctx: Context, told: str, user: dict[str, Any]) -> None:
    entries = user.get("disclosure")
    ctx.require(
        Text(f"disclosure: {told}", f"開示の判定: {told}"),
        isinstance(entries, list) and entries,
        expected="a decision for each category",
        actual=entries,
    )
    decisions = {one.get("category"): one for one in entries or () if isinstance(one, dict)}
    for one in decisions.values():
        what = f"decision on {one.get('category')}: {told}"
        ctx.expect_in(what, expected=("permit", "deny"), actual=one.get("decision"))
        ctx.expect_in(f"basis of the {what}", expected=("own", "consent", "statutory", "none"), actual=one.get("basis"))
        permitted = one.get("decision") == "permit"
        ctx.require(
            f"basis beside the {what}",
            permitted == (one.get("basis") != "none"),
            expected="none exactly with deny",
            actual=one,
        )
        clause = one.get("basis") != "statutory" or one.get("clause")
        ctx.require(f"clause of the {what}", clause, expected="the clause of law", actual=one)
    for member, category in categories_of_data().items():
        if member in (user.get("data") or {}):
            decision = decisions.get(category, {}).get("decision")
            name = Text(f"decision for {member} ({category}): {told}", f"{member}({category})の判定: {told}")
            ctx.expect(name, expected="permit", actual=decision)


@check("REST-032", when=(offers_operation("getUser"),))
def data_come_with_decisions(ctx: Context) -> None:
    """Every made-up person reads their own data: each member of the data has a decision with its basis."""
    people = ctx.target.people[:6]
    if not people:
        ctx.omit("no made-up person is known", "架空の住民が分からない")
    for person in people:
        reply = ctx.city.call("getUser", person, path={"sub": person.user})
        ctx.expect_status(f"{person.user} reads their own data", reply, 200)
        _judge_disclosure(ctx, f"own data of {person.user}", dict(reply.members))


@check(
    "REST-032",
    "consent",
    when=(may_write, with_sandbox, offers_operation("getUser", "listUsers", "createConsent")),
    alone=True,
)
def shown_by_consent(ctx: Context) -> None:
    """A person agrees to basic data: the city sees these with basis consent, and nothing else of the person."""
    (user,) = consented(ctx, 1)
    reply = ctx.city.call("getUser", "city_office", path={"sub": user}, query={"purpose": "disaster_support"})
    with ctx.control("the data of who agreed are shown"):
        ctx.expect_status("getUser", reply, 200)
    _judge_disclosure(ctx, f"data of {user} for the city", dict(reply.members))
    listed = _listed(ctx, "disaster_support")[0].get(user, {})
    _judge_disclosure(ctx, f"data of {user} on the list", listed)
