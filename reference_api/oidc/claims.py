"""Claims about people: which ones a client asked for, and which of them it may be told."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api import disclosure
from reference_api.call import Call
from reference_api.oidc.clients import ClientRecord
from reference_api.services import Services
from reference_api.store.protocol import Row

_ACCOUNT = "sub, name, name_kana, birth_date, sex, address, phone, email, changed_at_s, district, neighbourhood"
_GENDERS = ("female", "male")
"""Source: OpenID Connect Core 1.0 section 5.1; what is not known is left out."""


class ClaimRule(msgspec.Struct, frozen=True):
    """The scopes that ask for a claim, and the data categories of which one must be consented to."""

    scopes: frozenset[str]
    categories: tuple[str, ...]


class ScopeConsent(msgspec.Struct, frozen=True):
    """What a person consents to by granting a scope of claims."""

    purpose: str
    categories: tuple[str, ...]


class _Rules(msgspec.Struct):
    claims: dict[str, ClaimRule]
    scopes: dict[str, ScopeConsent]


@cache
def load_rules() -> _Rules:
    """Read ``claims.toml``."""
    text = files("reference_api.oidc").joinpath("claims.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Rules)


def supported_claims() -> tuple[str, ...]:
    """Names of all claims about people that can be asked for, ``sub`` and those on the sign-in included."""
    return ("sub", "auth_time", "acr", "amr", *load_rules().claims)


def individual_claims(requested: Iterable[str], may_ask: Iterable[str]) -> frozenset[str]:
    """Of the claims asked for one by one, those that a client with these scopes may ask for.

    A name without a language tag stands for all its tags. Source: OpenID Connect Core 1.0 sections 5.2 and 5.5.
    """
    asked, scopes = set(requested), frozenset(may_ask)
    return frozenset(
        name
        for name, rule in load_rules().claims.items()
        if (name in asked or name.partition("#")[0] in asked) and not rule.scopes.isdisjoint(scopes)
    )


def scope_claims(scope: Iterable[str]) -> frozenset[str]:
    """The claims that scopes ask for. Source: OpenID Connect Core 1.0 section 5.4."""
    granted = frozenset(scope)
    return frozenset(name for name, rule in load_rules().claims.items() if not rule.scopes.isdisjoint(granted))


async def told_claims(
    services: Services, call: Call, client: ClientRecord, sub: str, wanted: frozenset[str]
) -> dict[str, Any]:
    """Of the claims wanted about a person (local ID), those that are known and that the client may be told.

    What is left out is left out silently, essential or not. What is told stands in the log of disclosures.
    Source: OpenID Connect Core 1.0 sections 5.3.2 and 5.5.1.
    """
    row = await services.store.one(f"SELECT {_ACCOUNT} FROM account WHERE sub = ?", (sub,)) if wanted else None
    if row is None:
        return {}
    known = {name: value for name, value in _known(services, row).items() if name in wanted and value is not None}
    permitted = await _permitted(services, call, client, row, known)
    rules = load_rules().claims
    return {name: value for name, value in known.items() if not permitted.isdisjoint(rules[name].categories)}


async def id_token_claims(
    services: Services, call: Call, client: ClientRecord, sub: str, requested: bytes
) -> dict[str, Any]:
    """Claims about the person (local ID) that the claims parameter (JSON) wants in the ID token."""
    asked = requested_claims(requested, "id_token")
    return await told_claims(services, call, client, sub, individual_claims(asked, client.scopes))


def requested_claims(requested: bytes, place: str) -> Iterable[str]:
    """Names that the claims parameter (JSON) asks for in ``userinfo`` or ``id_token``."""
    whole = msgspec.json.decode(requested, type=dict[str, dict[str, object]])
    return whole.get(place, {})


async def _permitted(
    services: Services, call: Call, client: ClientRecord, row: Row, names: Iterable[str]
) -> frozenset[str]:
    """Categories that the client may see for these claims; the log is written."""
    rules = load_rules()
    asked = {category for name in names for category in rules.claims[name].categories}
    token = replace(
        call.token, client_id=client.client_id, subject=row[0], role=client.role, recipient=client.recipient
    )
    asking = replace(call, token=token)
    own = disclosure.speaks_for_person(token)
    person = disclosure.Person(disclosure.person_key(row[0], None), row[0], row[9], row[10], own=own)
    permitted: set[str] = set()
    for purpose in dict.fromkeys(consent.purpose for consent in rules.scopes.values()):
        of_purpose = set(load_consent_catalogue().purposes[purpose].categories)
        categories = sorted((asked & of_purpose) - permitted)
        if categories:
            decisions = (await disclosure.judge(services, asking, [person], purpose, categories))[0]
            await disclosure.log(services, asking, purpose, [(person.key, decisions)])
            permitted |= {category for category, decision in decisions.items() if decision.permit}
    return frozenset(permitted)


def _known(services: Services, row: Row) -> Mapping[str, Any]:
    """All claims about a person, in the types of OpenID Connect Core 1.0 section 5.1; None where nothing is known."""
    _, name, kana, birth_date, sex, address, phone, email, changed_at_s = row[:9]
    return {
        **_names(name, ""),
        **_names(kana, "#ja-Kana-JP"),
        "gender": sex if sex in _GENDERS else None,
        "birthdate": birth_date or None,
        "updated_at": int(changed_at_s),
        "email": email or None,
        # The city was told the address and number; nobody has tried them.
        "email_verified": False if email else None,
        "address": {"formatted": address} if address else None,
        "phone_number": phone or None,
        "phone_number_verified": False if phone else None,
        "birth_year": int(birth_date[:4]) if birth_date[:4].isdigit() else None,
        "residence_municipality": services.settings.municipality,
    }


def _names(name: str, tag: str) -> dict[str, str | None]:
    """The name, and its parts where a blank separates family name and given name."""
    parts: Sequence[str] = name.split()
    family, given = parts if len(parts) == 2 else (None, None)
    return {f"name{tag}": name or None, f"family_name{tag}": family, f"given_name{tag}": given}
