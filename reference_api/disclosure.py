"""Disclosure: what an asker may see of a person, and the log of what it was shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from reference_api.call import Call, Token
from reference_api.consent import OWN, ConsentRecord, Decision
from reference_api.disaster import mode_of, modes
from reference_api.services import Services
from reference_api.store.protocol import Row

Decisions = Mapping[str, Decision]
"""Decision for each category."""

Consents = tuple[Row, ...]
"""All consents of a person, as the store has them."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom something is asked.

    ``key`` names them in the log (s:<sub> or t:<temp_id>); ``district`` and ``neighbourhood`` are those of the home.
    ``own`` says that the asker is the person, or recorded itself what is asked for.
    """

    key: str
    sub: str | None
    district: str | None
    neighbourhood: str | None
    own: bool = False


def person_key(sub: str | None, temp_id: str | None) -> str:
    """One name for people with and without an account."""
    return f"s:{sub}" if sub is not None else f"t:{temp_id}"


def recipient_towards(token: Token, neighbourhood: str | None) -> str:
    """As which recipient of the consent catalogue the asker stands towards a person of a neighbourhood.

    The association of the person's own neighbourhood is "association"; another one is named with its code.
    """
    return "association" if token.association is not None and token.association == neighbourhood else token.recipient


async def judge(
    services: Services, call: Call, people: Sequence[Person], purpose: str, categories: Sequence[str]
) -> list[Decisions]:
    """Decide for each person on each category, in order of ``people``.

    People with the same consents, under the same mode, seen by the same recipient are decided once: the decision
    depends on nothing else.
    """
    consents = await _consents(services, [person.sub for person in people if person.sub and not person.own])
    held = await modes(services)
    own: Decisions = dict.fromkeys(categories, OWN)
    decided: dict[tuple[Consents, str, str], Decisions] = {}
    answers: list[Decisions] = []
    for person in people:
        if person.own:
            answers.append(own)
            continue
        recipient = recipient_towards(call.token, person.neighbourhood)
        case = (consents.get(person.sub or "", ()), recipient, mode_of(held, person.district))
        if case not in decided:
            decided[case] = _decide_all(services, call, case, purpose, categories)
        answers.append(decided[case])
    return answers


def _decide_all(
    services: Services, call: Call, case: tuple[Consents, str, str], purpose: str, categories: Sequence[str]
) -> Decisions:
    rows, recipient, mode = case
    records = [_record(row) for row in rows]
    return {
        category: services.decide(records, recipient, purpose, category, mode, call.now_s) for category in categories
    }


async def log(services: Services, call: Call, purpose: str, shown: Sequence[tuple[str, Decisions]]) -> None:
    """Write down what was shown of whom (person keys) and on which basis; the asker's own data are not counted."""
    grants = [(key, _grants(decisions)) for key, decisions in shown]
    grants = [(key, text) for key, text in grants if text]
    if not grants:
        return
    store = services.store
    async with store.transaction():
        await store.many(
            "INSERT INTO access_grant (grants) VALUES (?) ON CONFLICT (grants) DO NOTHING",
            [(text,) for text in {text for _, text in grants}],
        )
        row = await store.one(
            "INSERT INTO access_request (at_s, operation_id, client_id, recipient, purpose) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            (call.now_s, call.operation.operation_id, call.token.client_id, call.token.recipient, purpose),
        )
        known: dict[str, int] = dict(await store.all("SELECT grants, id FROM access_grant"))
        request_id = row[0] if row else 0
        await store.many(
            "INSERT INTO access_log (request_id, person, grant_id) VALUES (?, ?, ?)",
            [(request_id, key, known[text]) for key, text in grants],
        )


def _grants(decisions: Decisions) -> str:
    """For example ``checkin=consent profile.basic=statutory:災害対策基本法90-3``; own data are not counted."""
    parts = [
        f"{category}={decision.basis}" + (f":{decision.clause}" if decision.clause else "")
        for category, decision in sorted(decisions.items())
        if decision.permit and decision is not OWN
    ]
    return " ".join(parts)


def entries(decisions: Decisions) -> list[msgspec.Raw]:
    """The decisions as the contract's schema DisclosureList."""
    return [_entry(category, decision) for category, decision in decisions.items()]


@lru_cache(maxsize=1024)
def _entry(category: str, decision: Decision) -> msgspec.Raw:
    members = {"category": category, "decision": "permit" if decision.permit else "deny", "basis": decision.basis}
    if decision.clause:
        members["clause"] = decision.clause
    if decision.reason:
        members["reason"] = decision.reason
    return msgspec.Raw(msgspec.json.encode(members))


async def _consents(services: Services, subjects: Sequence[str]) -> Mapping[str, Consents]:
    """All consents of the subjects (at most a page of them), by subject."""
    if not subjects:
        return {}
    marks = ", ".join("?" * len(subjects))
    rows = await services.store.all(
        "SELECT subject, purpose, categories, recipients, modes, state, valid_from_s, valid_until_s FROM consent"
        f" WHERE subject IN ({marks})",
        subjects,
    )
    found: dict[str, Consents] = {}
    for row in rows:
        found[row[0]] = (*found.get(row[0], ()), row[1:])
    return found


def _record(row: Row) -> ConsentRecord:
    purpose, categories, recipients, modes_text, state, valid_from_s, valid_until_s = row
    return ConsentRecord(
        purpose, _codes(categories), _codes(recipients), _codes(modes_text), state, valid_from_s, valid_until_s
    )


@lru_cache(maxsize=4096)
def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())
