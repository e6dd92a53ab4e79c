"""Planning: individual evacuation plans that checks make for people of the sandbox, and delete when they end."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.checks.disaster.declaring import associations, permitted
from conformance.checks.disaster.reception import done
from conformance.context import Context
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

ITEMS = (
    "name", "name_kana", "birth_date", "sex", "address", "phone", "reasons", "supporters", "sites", "routes",
    "contacts", "medication", "considerations",
)  # fmt: skip
"""Source: contract, schema PlanItem."""


def make(ctx: Context, person: PersonAccount, **body: Any) -> Reply:
    """Ask to make a person's own plan, in place of one that is there; it is deleted when the check ends.

    A plan that cannot be deleted is changed to what is wanted.
    """
    for plan in own_plans(ctx, person):
        erase(ctx, person, str(plan.get("id")))
    for plan in own_plans(ctx, person):
        return change(ctx, person, str(plan.get("id")), **{"sharing": [], **body})
    reply = ctx.city.call("createEvacuationPlan", person, body)
    keep(ctx, person, reply)
    return reply


def keep(ctx: Context, who: Any, reply: Reply) -> None:
    """A plan that is to be deleted when the check ends."""
    if reply.status == 201:
        ctx.afterwards(lambda: erase(ctx, who, str(reply.members.get("id"))))


def own_plans(ctx: Context, person: PersonAccount) -> list[Mapping[str, Any]]:
    """Plans of the person's own that the person sees."""
    listed = ctx.city.items("listEvacuationPlans", person)
    return [one for one in listed if one.get("audience") == "own"]


def read(ctx: Context, who: Any, plan: str) -> Reply:
    """A plan, as somebody sees it."""
    return ctx.city.call("getEvacuationPlan", who, path={"plan_id": plan})


def change(ctx: Context, who: Any, plan: str, **changed: Any) -> Reply:
    """Ask to change a plan."""
    tag = {"if-match": read(ctx, who, plan).header("etag")}
    return ctx.city.call("updateEvacuationPlan", who, changed, headers=tag, path={"plan_id": plan})


def erase(ctx: Context, who: Any, plan: str) -> Reply:
    """Ask to delete a plan."""
    return ctx.city.call("deleteEvacuationPlan", who, path={"plan_id": plan})


def home_of(ctx: Context, person: PersonAccount) -> str:
    """Code of a person's neighbourhood, by a plan that is made and deleted for it; empty if it is not told."""
    there = own_plans(ctx, person)
    plan = there[0] if there else done(make(ctx, person, fields={"considerations": {"value": "-"}}))
    home = plan.get("neighbourhood")
    if not there:
        erase(ctx, person, str(plan.get("id")))
    return home if isinstance(home, str) else ""


def unseen_person(ctx: Context, modes: Sequence[str], purpose: str, category: str) -> tuple[PersonAccount, str]:
    """A person of whom an association may not see something in these modes, and their neighbourhood.

    Raises:
        Unmet: There is none whose association is among the clients.
    """
    known = {client.recipient.partition(":")[2] for client in associations(ctx)}
    for person in ctx.target.people:
        if any(permitted(ctx, person, "association", purpose, category, mode) for mode in modes):
            continue
        home = home_of(ctx, person)
        if home in known:
            return person, home
    raise Unmet(
        Text(
            "needs a person without consent towards an association that is among the clients",
            "町内会への同意のない住民と、その町内会のクライアントが要る",
        )
    )
