"""Who sees which fields of an individual evacuation plan, and on which basis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reference_api import disclosure
from reference_api.call import Call
from reference_api.city.plan_fields import FIELD_NAMES, Fields
from reference_api.clock import instant
from reference_api.consent import BY_CONSENT, Decision
from reference_api.errors import ApiError
from reference_api.oidc.subjects import shown_sub
from reference_api.services import Services
from reference_api.store.protocol import Row

COLUMNS = (
    "evacuation_plan.id, evacuation_plan.sub, evacuation_plan.temp_id, evacuation_plan.district,"
    " evacuation_plan.neighbourhood, evacuation_plan.household, evacuation_plan.fields, evacuation_plan.sharing,"
    " evacuation_plan.agreed_at_s, evacuation_plan.created_at_s, evacuation_plan.updated_at_s,"
    " evacuation_plan.deleted_at_s, evacuation_plan.version"
)
MEDICATION = "medication"
LISTED = tuple(name for name in FIELD_NAMES if name != MEDICATION)
"""Fields of category plan (災対法 49-14(3)); whether medicine must come along is medication_condition."""
_CATEGORIES = ("plan", "medication_condition")
_PURPOSES: Mapping[str, str] = {"family": "family_sharing"}
"""Purpose by audience, evacuation_support for all others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A row of evacuation_plan; ``sharing`` are the fields that the person shares, by audience."""

    number: int
    sub: str | None
    temp_id: str | None
    district: str | None
    neighbourhood: str | None
    household: str | None
    fields: Fields
    sharing: Mapping[str, Sequence[str]]
    agreed_at_s: float
    created_at_s: float
    updated_at_s: float
    deleted_at_s: float | None
    version: int

    @property
    def key(self) -> str:
        """The person, as the access log names them."""
        return disclosure.person_key(self.sub, self.temp_id)

    @property
    def etag(self) -> str:
        """Strong entity tag of the whole plan, as those see it who may write it."""
        return f'"{self.number}-{self.version}"'


@dataclass(frozen=True, slots=True)
class View:
    """What an asker sees of a plan: names of fields, and the decisions that opened them."""

    audience: str
    names: tuple[str, ...]
    decisions: disclosure.Decisions


def read_plan(row: Row) -> Plan:
    """A row of ``COLUMNS``."""
    values = dict(zip(Plan.__dataclass_fields__, row, strict=True))
    return Plan(**values | {name: msgspec.json.decode(values[name]) for name in ("fields", "sharing")})


async def find_plan(services: Services, number: int) -> Plan:
    """A plan by number, deleted ones included.

    Raises:
        ApiError: not-found.
    """
    row = await services.store.one(f"SELECT {COLUMNS} FROM evacuation_plan WHERE id = ?", (number,))
    if row is None:
        raise ApiError("not-found")
    return read_plan(row)


def may_write(call: Call, plan: Plan) -> bool:
    """The person, and the municipality, which makes the plans (災対法 49-14(1))."""
    if call.token.recipient == "municipality":
        return True
    return disclosure.speaks_for_person(call.token) and call.token.subject == plan.sub


async def views(services: Services, call: Call, plans: Sequence[Plan]) -> list[View | None]:
    """What the asker sees of each plan, None where nothing."""
    asking = await _standing(services, call)
    agreed = await _agreed_in_peace(services, [plan.key for plan in plans])
    return [await _view(services, call, plan, asking, agreed) for plan in plans]


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a citizen stands to others: the household, and the plans in which they are named as supporter."""

    household: str | None = None
    supported: frozenset[int] = frozenset()


async def _standing(services: Services, call: Call) -> _Standing:
    if not disclosure.speaks_for_person(call.token):
        return _Standing()
    sub = call.token.subject
    row = await services.store.one("SELECT household FROM account WHERE sub = ?", (sub,))
    rows = await services.store.all("SELECT plan_id FROM plan_supporter WHERE sub = ?", (sub,))
    return _Standing(row[0] if row else None, frozenset(one[0] for one in rows))


async def _agreed_in_peace(services: Services, keys: Sequence[str]) -> frozenset[str]:
    """People whose register entry says that helpers may be given it in normal times (災対法 49-11(2), 49-15(2))."""
    subs = [key[2:] for key in keys if key.startswith("s:")]
    temps = [key[2:] for key in keys if key.startswith("t:")]
    found: set[str] = set()
    for column, ids in (("sub", subs), ("temp_id", temps)):
        if ids:
            rows = await services.store.all(
                f"SELECT {column} FROM register_entry WHERE peacetime_consent = 1"
                f" AND {column} IN ({', '.join('?' * len(ids))})",
                ids,
            )
            found |= {f"{column[0]}:{row[0]}" for row in rows}
    return frozenset(found)


async def _view(services: Services, call: Call, plan: Plan, asking: _Standing, agreed: frozenset[str]) -> View | None:
    if may_write(call, plan):
        (own,) = await _judge(services, call, plan, "evacuation_support", own=True)
        # The municipality has the plan by the person's agreement (agreed_at): the person finds in the log who read it.
        return View("own", FIELD_NAMES, own if call.token.subject else dict.fromkeys(_CATEGORIES, BY_CONSENT))
    for audience in _audiences(call, plan, asking):
        decisions = await _decide(services, call, plan, audience)
        if audience == "association" and plan.key in agreed and not decisions["plan"].permit:
            decisions = {**decisions, "plan": BY_CONSENT}
        names = set(LISTED if decisions["plan"].permit else ())
        names |= {MEDICATION} if decisions["medication_condition"].permit else set()
        shared = set(plan.sharing.get(audience, ())) - names
        if shared:
            names |= shared
            decisions = {**decisions, **_by_choice(shared, decisions)}
        if names & set(plan.fields):
            return View(audience, tuple(name for name in FIELD_NAMES if name in names), decisions)
    return None


def _by_choice(shared: set[str], decisions: disclosure.Decisions) -> dict[str, Decision]:
    """Decisions of the categories that the person's own sharing opened."""
    opened = {"medication_condition" if name == MEDICATION else "plan" for name in shared}
    return {category: BY_CONSENT for category in opened if not decisions[category].permit}


def _audiences(call: Call, plan: Plan, asking: _Standing) -> list[str]:
    """As whom the asker stands to the person, the nearest first."""
    if call.token.association is not None:
        return ["association"] if call.token.association == plan.neighbourhood else []
    standing = {
        "family": asking.household is not None and asking.household == plan.household,
        "supporter": plan.number in asking.supported,
    }
    return [audience for audience, holds in standing.items() if holds]


async def _decide(services: Services, call: Call, plan: Plan, audience: str) -> disclosure.Decisions:
    if audience != "association":
        call = replace(call, token=replace(call.token, recipient=audience))
    (decisions,) = await _judge(services, call, plan, _PURPOSES.get(audience, "evacuation_support"), own=False)
    return decisions


async def _judge(services: Services, call: Call, plan: Plan, purpose: str, *, own: bool) -> list[disclosure.Decisions]:
    person = disclosure.Person(plan.key, plan.sub, plan.district, plan.neighbourhood, own=own)
    return await disclosure.judge(services, call, [person], purpose, _CATEGORIES)


def shape(services: Services, call: Call, plan: Plan, view: View) -> dict[str, object]:
    """The plan as an asker sees it; only those who may write it see how it is shared."""
    subject = {"temp_id": plan.temp_id} if plan.sub is None else {"sub": shown_sub(services, call.token, plan.sub)}
    seen: dict[str, Any] = {
        "id": str(plan.number),
        "subject": subject,
        "neighbourhood": plan.neighbourhood,
        "audience": view.audience,
        "fields": {name: plan.fields[name] for name in view.names if name in plan.fields},
        "created_at": instant(plan.created_at_s),
        "updated_at": instant(plan.updated_at_s),
        "disclosure": disclosure.entries(view.decisions),
    }
    if view.audience == "own":
        sharing = [{"audience": audience, "items": items} for audience, items in plan.sharing.items()]
        seen |= {"sharing": sharing, "agreed_at": instant(plan.agreed_at_s)}
    return seen


async def log_view(services: Services, call: Call, seen: Sequence[tuple[Plan, View]]) -> None:
    """Note what was shown; as whom the asker stood is the recipient."""
    for audience in dict.fromkeys(view.audience for _, view in seen):
        as_audience = call
        if audience not in ("own", "association"):
            as_audience = replace(call, token=replace(call.token, recipient=audience))
        shown = [(plan.key, view.decisions) for plan, view in seen if view.audience == audience]
        await disclosure.log(services, as_audience, _PURPOSES.get(audience, "evacuation_support"), shown)
