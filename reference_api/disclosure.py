"""Disclosure: what an asker may see of a person, and the log of what it was shown.

Nothing of the consents is kept between requests: a withdrawal holds for the next decision.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from reference_api.call import Call, Token
from reference_api.consent import OWN, ConsentRecord, Decision
from reference_api.disaster import mode_of, modes
from reference_api.errors import ApiError
from reference_api.notices import notice_uri
from reference_api.notify_after import owe_notice
from reference_api.services import Services

STATUTORY_MARK = "=statutory:"
"""By this a text of ``access_grant`` shows that something in it rests on law."""

Decisions = Mapping[str, Decision]
"""Decision for each category."""

Consents = tuple[ConsentRecord, ...]
"""All consents of a person, as the store has them."""


class Person(msgspec.Struct, frozen=True):
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


def speaks_for_person(token: Token) -> bool:
    """Whether a token is a person's own, by an app of the city; a third party's service is a recipient like others."""
    return token.subject is not None and token.recipient == "family"


def names_towards(token: Token, neighbourhood: str | None) -> tuple[str, ...]:
    """The names under which a consent of a person of a neighbourhood may speak of the asker.

    The association of the person's own neighbourhood may be named by its code as well.
    """
    name = recipient_towards(token, neighbourhood)
    return (name,) if name == token.recipient else (name, token.recipient)


def decide_as(
    services: Services,
    records: Sequence[ConsentRecord],
    names: Sequence[str],
    about: tuple[str, str, str],
    at_s: float,
) -> Decision:
    """Decide about purpose, category and mode for a recipient with these names: what one of them permits holds."""
    purpose, category, mode = about
    first = services.decide(records, names[0], purpose, category, mode, at_s)
    for name in names[1:]:
        if first.permit:
            break
        other = services.decide(records, name, purpose, category, mode, at_s)
        first = other if other.permit else first
    return first


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
    stands: dict[tuple[str | None, str | None], _Stand] = {}
    decided: dict[tuple[tuple[int, ...], _Stand], Decisions] = {}
    answers: list[Decisions] = []
    for person in people:
        if person.own:
            answers.append(own)
            continue
        home = (person.district, person.neighbourhood)
        if home not in stands:
            stands[home] = (names_towards(call.token, home[1]), mode_of(held, *home))
        records, stand = consents.get(person.sub or "", ()), stands[home]
        # By identity, since ``consents`` holds every record and consents that say the same are one: to compare what
        # they say would take as long as to decide.
        case = (tuple(map(id, records)), stand)
        if case not in decided:
            decided[case] = _decide_all(services, call, (records, stand), purpose, categories)
        answers.append(decided[case])
    return answers


_Stand = tuple[tuple[str, ...], str]
"""Names of the asker towards a person, and the mode that holds where the person lives."""


def _decide_all(
    services: Services, call: Call, case: tuple[Consents, _Stand], purpose: str, categories: Sequence[str]
) -> Decisions:
    records, (names, mode) = case
    return {
        category: decide_as(services, records, names, (purpose, category, mode), call.now_s) for category in categories
    }


async def log(services: Services, call: Call, purpose: str, shown: Sequence[tuple[str, Decisions]]) -> None:
    """Write down what was shown of whom (person keys) and on which basis; the asker's own data are not counted."""
    # People who agreed alike share their decisions: these are put into words once.
    texts = {id(decisions): _grants(decisions) for decisions in {id(one): one for _, one in shown}.values()}
    grants = [(key, text) for key, decisions in shown if (text := texts[id(decisions)])]
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
        written = [value for key, text in grants for value in (request_id, key, known[text])]
        await store.run(_insert_log(len(grants)), written)
        by_law = [(key, known[text], text) for key, text in grants if STATUTORY_MARK in text]
        if by_law:
            await owe_notice(services, call, purpose, request_id, by_law)


@lru_cache(maxsize=1024)
def _insert_log(rows: int) -> str:
    """One statement for all rows of a page: less work than one for each."""
    return f"INSERT INTO access_log (request_id, person, grant_id) VALUES {', '.join(['(?, ?, ?)'] * rows)}"


def _grants(decisions: Decisions) -> str:
    """For example ``checkin=consent profile.basic=statutory:災害対策基本法90-3``; own data are not counted."""
    parts = [
        f"{category}={decision.basis}" + (f":{decision.clause}" if decision.clause else "")
        for category, decision in sorted(decisions.items())
        if decision.permit and decision is not OWN
    ]
    return " ".join(parts)


async def refusal(services: Services, call: Call, sub: str, purpose: str, categories: Iterable[str]) -> ApiError:
    """Why nothing of a person (local ID) is disclosed, as far as the asker may know.

    Whoever had nothing to do with the person before is told the same as of somebody who does not exist.
    """
    row = await services.store.one("SELECT district, neighbourhood FROM account WHERE sub = ?", (sub,))
    if row is None or not await is_linked(services, call.token, sub):
        return ApiError("not-found")
    person = Person(person_key(sub, None), sub, row[0], row[1])
    (decisions,) = await judge(services, call, [person], purpose, tuple(categories))
    missing = {category: decision.reason for category, decision in decisions.items() if not decision.permit}
    if set(missing.values()) == {"mode"}:
        return ApiError("mode-not-allowed", "the person agreed to this in another mode")
    members = {"missing_categories": list(missing), "consent_uri": notice_uri(services.settings, purpose)}
    return ApiError("consent-required", members=members)


async def is_linked(services: Services, token: Token, sub: str) -> bool:
    """Whether a client had to do with a person before: by a consent that names it, or by what it was shown."""
    rows = await services.store.all(
        "SELECT consent.client_id, recipients, neighbourhood FROM consent JOIN account ON account.sub = consent.subject"
        " WHERE consent.subject = ?",
        (sub,),
    )
    for asked_by, named, area in rows:
        if asked_by == token.client_id or not set(names_towards(token, area)).isdisjoint(named.split()):
            return True
    shown = await services.store.one(
        "SELECT 1 FROM access_log JOIN access_request ON access_request.id = access_log.request_id"
        " WHERE access_log.person = ? AND access_request.client_id = ? LIMIT 1",
        (person_key(sub, None), token.client_id),
    )
    return shown is not None


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
    if decision.ring:
        return msgspec.Raw(msgspec.json.encode({**members, "ring": decision.ring}))
    return msgspec.Raw(msgspec.json.encode(members))


async def consents_of(services: Services, sub: str) -> list[ConsentRecord]:
    """All consents of a person (local ID), as the decision takes them."""
    found = await _consents(services, [sub])
    return list(found.get(sub, ()))


async def _consents(services: Services, subjects: Sequence[str]) -> Mapping[str, Consents]:
    """All consents of the subjects (at most a page of them), by subject."""
    if not subjects:
        return {}
    marks = ", ".join("?" * len(subjects))
    rows = await services.store.all(f"{_RECORDS} WHERE subject IN ({marks})", subjects)
    found: dict[str, list[ConsentRecord]] = {}
    for subject, codes, valid_from_s, valid_until_s in rows:
        found.setdefault(subject, []).append(_record(codes, valid_from_s, valid_until_s))
    return {subject: tuple(several) for subject, several in found.items()}


_RECORDS = (
    "SELECT subject, purpose || '/' || categories || '/' || modes || '/' || state || '/' || recipients, valid_from_s,"
    " valid_until_s FROM consent"
)
"""Records of people, all their codes in one text: there are thousands on a page, and reading each takes time.

Only recipients, which come last, may hold names of others' making.
"""


@lru_cache(maxsize=16_384)
def _record(codes: str, valid_from_s: float | None, valid_until_s: float | None) -> ConsentRecord:
    purpose, categories, modes_text, state, recipients = codes.split("/", 4)
    return ConsentRecord(
        purpose, _codes(categories), _codes(recipients), _codes(modes_text), state, valid_from_s, valid_until_s
    )


@lru_cache(maxsize=4096)
def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())
