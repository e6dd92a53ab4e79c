"""Declaring: modes are declared for a check and ended with it, in areas where nothing holds; and where people live."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import ClientAccount, PersonAccount
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

ASSOCIATION = "association:"
"""How the recipient of an association's client begins; the code of its neighbourhood follows. Source: contract C4."""


def declare(ctx: Context, mode: str, areas: Sequence[str], hazard: str = "earthquake") -> Reply:
    """Ask to declare a mode; it is ended when the check ends."""
    body: dict[str, Any] = {"mode": mode, "areas": list(areas), "declared_at": moment()}
    if mode != "normal":
        body["hazard"] = hazard
        ctx.afterwards(lambda: declare(ctx, "normal", areas))
    return ctx.city.call("declareDisaster", OFFICE, body)


def held(ctx: Context) -> dict[str, Mapping[str, Any]]:
    """What holds in which area."""
    reply = ctx.city.call("getDisasterState")
    return {str(row["code"]): row for row in done(reply, 200).get("areas", [])}


def mode_in(ctx: Context, area: str) -> str:
    """The mode that the state tells of an area."""
    return str(held(ctx).get(area, {}).get("mode", "normal"))


def areas(ctx: Context) -> list[str]:
    """Codes of areas where nothing holds: neighbourhoods of associations, then districts of shelters and sites."""
    codes = [area_of(client) for client in associations(ctx)]
    for operation in ("listShelters", "listEvacuationSites"):
        listed = ctx.city.call(operation).members.get("items", [])
        codes += sorted({str(one["district"]) for one in listed if isinstance(one, dict) and one.get("district")})
    taken = held(ctx)
    return [code for code in dict.fromkeys(codes) if code not in taken]


def free_areas(ctx: Context, count: int = 1) -> list[str]:
    """So many areas where nothing holds.

    Raises:
        Unmet: There are not so many, or something holds there already.
    """
    found = areas(ctx)
    if len(found) < count:
        raise Unmet(
            Text(
                f"needs {count} areas where no drill or disaster holds; found {found}",
                f"訓練も災害もない地区が{count}要る。見つかったのは {found}",
            )
        )
    return found[:count]


def associations(ctx: Context) -> list[ClientAccount]:
    """Clients of associations whose neighbourhood is known."""
    return [one for one in ctx.target.of_role("association") if one.recipient.startswith(ASSOCIATION)]


def area_of(client: ClientAccount) -> str:
    """Code of an association's neighbourhood."""
    return client.recipient.removeprefix(ASSOCIATION)


def association_of(ctx: Context, area: str) -> ClientAccount:
    """The association of a neighbourhood.

    Raises:
        Unmet: None is known.
    """
    for client in associations(ctx):
        if area_of(client) == area:
            return client
    text = Text(f"no association of area {area} is among the clients", f"地区 {area} の町内会のクライアントがない")
    raise Unmet(text)


def permitted(ctx: Context, person: PersonAccount, recipient: str, purpose: str, category: str, mode: str) -> bool:
    """Whether something of a person may be disclosed, as the person is told."""
    body = {
        "subject": {"type": "person", "id": person.user},
        "recipient": {"type": "recipient", "id": recipient},
        "purpose": purpose,
        "category": category,
        "context": {"mode": mode},
    }
    return bool(done(ctx.city.call("decideConsents", person, body), 200).get("decision"))


def consent(ctx: Context, person: PersonAccount, purpose: str, categories: Sequence[str], **more: Any) -> str:
    """A consent that a person gives for all modes; it is withdrawn when the check ends. Its id."""
    body = {
        "purpose": purpose,
        "data_categories": list(categories),
        "modes": ["normal", "drill", "disaster"],
        **more,
    }
    number = str(done(ctx.city.call("createConsent", person, body)).get("record_id"))
    ctx.afterwards(lambda: withdraw(ctx, person, number))
    return number


def withdraw(ctx: Context, person: PersonAccount, number: str) -> Reply:
    """Withdraw a consent."""
    return ctx.city.call("withdrawConsent", person, path={"consent_id": number})
