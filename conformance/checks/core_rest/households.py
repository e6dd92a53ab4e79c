"""Households: of whom only those are named who agreed to it."""

from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.context import Context
from conformance.generated.offer import offers_operation
from conformance.outcomes import Unmet
from conformance.target import with_sandbox
from conformance.text import Text

SHARING = {"purpose": "family_sharing"}


def _household(ctx: Context, person: PersonAccount) -> dict[str, Any]:
    reply = ctx.city.call("getHousehold", person, path={"sub": person.user}, query=SHARING)
    if reply.status != 200:
        raise Unmet(f"a person's own household: {reply.status} {reply.text[:120]}")
    return dict(reply.members)


def _named(ctx: Context, person: PersonAccount) -> dict[str, dict[str, Any]]:
    """Members named to a person, by their ID."""
    return {str(one.get("sub")): one for one in _household(ctx, person).get("members", ()) if isinstance(one, dict)}


def _agree(ctx: Context, person: PersonAccount) -> str:
    body = {**SHARING, "data_categories": ["family", "profile.basic"], "recipients": ["family"], "modes": ["normal"]}
    reply = ctx.city.call("createConsent", person, body)
    if reply.status != 201:
        raise Unmet(f"a person's consent is not taken: {reply.status} {reply.text[:200]}")
    path = {"consent_id": str(reply.members.get("record_id"))}
    ctx.afterwards(lambda: ctx.city.call("withdrawConsent", person, {}, path=path))
    return path["consent_id"]


def _agreed(ctx: Context, person: PersonAccount, category: str) -> bool:
    """Whether a person's consent lets the family have a category in normal times, by the city's own point decision."""
    asked = {"subject": {"id": person.user}, "recipient": {"id": "family"}, "category": category, **SHARING}
    reply = ctx.city.call("decideConsents", person, {**asked, "context": {"mode": "normal"}})
    if reply.status != 200:
        raise Unmet(f"decideConsents: {reply.status} {reply.text[:120]}")
    return bool(reply.members.get("decision"))


NEEDED = offers_operation("getHousehold", "createConsent", "withdrawConsent", "decideConsents")


@check("REST-036", when=(with_sandbox, NEEDED), alone=True)
def households_follow_consent(ctx: Context) -> None:
    """Households are read before anybody agrees, after all did, and after one withdrew: named is who agreed."""
    people = {one.user: one for one in ctx.target.people[:10]}
    before = {user: _named(ctx, person) for user, person in people.items()}
    records = {user: _agree(ctx, person) for user, person in people.items()}
    pairs = [(asker, member) for asker in people for member in _named(ctx, people[asker]) if member in people]
    if not pairs:
        ctx.omit("no two of the made-up people share a household", "同じ世帯の架空の住民がいない")
    with ctx.control("a member who agreed is named"):
        ctx.require("members of households among the made-up people", pairs, expected="somebody", actual=pairs)
    asker, member = pairs[0]
    withdrawn = ctx.city.call("withdrawConsent", people[member], {}, path={"consent_id": records[member]})
    if withdrawn.status != 200:
        raise Unmet(f"a consent cannot be withdrawn: {withdrawn.status} {withdrawn.text[:120]}")
    others = _agreed(ctx, people[member], "family")
    seen = member in _named(ctx, people[asker])
    what = Text("a member who withdrew is named to the household", "撤回した人の名が世帯に示される")
    ctx.refused(what, seen == others, expected=f"named: {others}", actual=f"named: {seen}")
    size = _household(ctx, people[asker]).get("size")
    ctx.require(
        "size of the household", isinstance(size, int) and size >= 2, expected="2 or more, named or not", actual=size
    )
    for user, record in records.items():
        ctx.city.call("withdrawConsent", people[user], {}, path={"consent_id": record})
    for user, named in before.items():
        for one in (name for name in named if name in people):
            agreed = _agreed(ctx, people[one], "family")
            ctx.refused(
                Text(f"{one} is named to {user} without consent", f"同意のない {one} が {user} に示される"),
                agreed,
                expected="not named",
                actual=named[one],
            )


@check("REST-036", "others", when=(offers_operation("getHousehold"),))
def households_are_not_for_others(ctx: Context) -> None:
    """A person reads their own household, and is not shown the household of everybody else."""
    person = ctx.city.person()
    with ctx.control("one's own household is shown"):
        ctx.require("size", _household(ctx, person).get("size"), expected="a number", actual=None)
    statuses = {
        one.user: ctx.city.call("getHousehold", person, path={"sub": one.user}).status for one in ctx.target.people[1:8]
    }
    refused = [user for user, status in statuses.items() if status in (403, 404)]
    ctx.refused(Text("households of others", "他の人の世帯"), refused, expected="403 or 404 for most", actual=statuses)
