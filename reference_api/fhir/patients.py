"""Patients: the accounts of the city OS as FHIR and JP Core show them.

Read-only here: who lives in the city is the register's to say. Nothing is stored twice, so nothing can differ; the
version of a Patient is the hash of what is shown, and no time of its last change is known.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.clock import JST
from reference_api.fhir.categories import PROFILE
from reference_api.fhir.compartment import Asker, Grant
from reference_api.fhir.search.criteria import Criterion
from reference_api.fhir.search.dates import DateTest
from reference_api.fhir.search.references import IdTest, account_of, patient_id
from reference_api.fhir.search.tokens import TextTest, TokenTest, fold
from reference_api.oidc.subjects import local_sub
from reference_api.store.protocol import Row

CITY_OS_ID = "https://citytwin.example/fhir/NamingSystem/city-os-id"
"""System of the identifier that a client knows a person by in the city OS. Source: none; ours. Confidence C."""

_REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
_KANJI, _KANA = "IDE", "SYL"
"""Source: JP Core 1.2.0, JP_Patient, name."""

_ACCOUNT = "SELECT id, sub, name, name_kana, birth_date, sex, address, phone, email FROM account"
_GENDERS = ("male", "female", "other")

Narrowing = tuple[str, list[Any]]
"""A condition on accounts that is true of every one that can match, and its parameters."""


def patient_resource(row: Row, city_os_id: str) -> dict[str, Any]:
    """A Patient of JP Core from a row of accounts; the city-OS ID is the one that the asker knows."""
    account, _, name, name_kana, birth_date, sex, address, phone, email = row
    return {
        "resourceType": "Patient",
        "id": patient_id(account),
        "identifier": [{"system": CITY_OS_ID, "value": city_os_id}],
        "active": True,
        "name": [_name(name, _KANJI), _name(name_kana, _KANA)],
        "telecom": [
            {"system": system, "value": value} for system, value in (("phone", phone), ("email", email)) if value
        ],
        "gender": sex if sex in _GENDERS else "unknown",
        "birthDate": birth_date,
        "address": [{"text": address, "country": "JP"}],
    }


def _name(text: str, representation: str) -> dict[str, Any]:
    """A name as written; split where it has one blank, as Japanese names are: family name first."""
    parts = text.split()
    split = {"family": parts[0], "given": [parts[1]]} if len(parts) == 2 else {}
    return {
        "extension": [{"url": _REPRESENTATION, "valueCode": representation}],
        "use": "official",
        "text": text,
        **split,
    }


async def accounts(
    asker: Asker, grants: Sequence[Grant], criteria: Sequence[Criterion], after: int, count: int
) -> list[Row]:
    """At most ``count`` accounts after a row that may be asked for; whether they may be seen is not judged."""
    narrowed = [*_reached(asker, grants), *_asked(asker, criteria)]
    where = " AND ".join(["id > ?", *(text for text, _ in narrowed)])
    values = [after, *(value for _, of_one in narrowed for value in of_one), count]
    return await asker.services.store.all(f"{_ACCOUNT} WHERE {where} ORDER BY id LIMIT ?", values)


def _reached(asker: Asker, grants: Sequence[Grant]) -> list[Narrowing]:
    """Accounts within the scopes' reach; of everybody, those who consented to anything for the asker's purpose.

    Where a clause of the law may stand in for consent, there is no such bound.
    """
    reached = [grant.accounts for grant in grants]
    if None not in reached:
        return [_among("id", {account for of_grant in reached for account in of_grant or ()})]
    rules = load_consent_catalogue().statutory
    if any(rule.purpose == asker.purpose and PROFILE in rule.categories for rule in rules):
        return []
    return [("sub IN (SELECT subject FROM consent WHERE purpose = ?)", [asker.purpose])]


def _asked(asker: Asker, criteria: Sequence[Criterion]) -> list[Narrowing]:
    """What criteria say that SQL can ask, so that one person is not looked for among all."""
    narrowed: list[Narrowing] = []
    for criterion in criteria:
        ids = [account_of(test.logical_id) for test in criterion if isinstance(test, IdTest)]
        codes = [test.code for test in criterion if isinstance(test, TokenTest) and test.parameter == "identifier"]
        days = [test for test in criterion if isinstance(test, DateTest) and test.prefix == "eq"]
        if len(ids) == len(criterion):
            narrowed.append(_among("id", (account for account in ids if account is not None)))
        elif len(codes) == len(criterion) and all(codes):
            subs = (local_sub(asker.services, asker.call.token, code or "") for code in codes)
            narrowed.append(_among("sub", (sub for sub in subs if sub is not None)))
        elif len(days) == len(criterion) == 1:
            narrowed.append(_born(days[0]))
    return narrowed


def _among(column: str, wanted: Iterable[Any]) -> Narrowing:
    values = sorted(set(wanted))
    return (f"{column} IN ({', '.join('?' * len(values))})", values) if values else ("1 = 0", [])


def _born(test: DateTest) -> Narrowing:
    """Birth dates within an interval; as texts they have the order of dates."""
    try:
        first, last = (datetime.fromtimestamp(at_s, JST).date().isoformat() for at_s in test.interval)
    except (ValueError, OverflowError, OSError):
        return "1 = 1", []
    return "birth_date >= ? AND birth_date <= ?", [first, last]


def may_be_named(row: Row, criteria: Sequence[Criterion]) -> bool:
    """False for an account that surely has not the name that is asked for; cheaper than to make a Patient of it."""
    named = [criterion for criterion in criteria if all(isinstance(test, TextTest) for test in criterion)]
    if not named:
        return True
    folded = (fold(row[2]), fold(row[3]))
    return all(
        any(test.folded in text for test in criterion if isinstance(test, TextTest) for text in folded)
        for criterion in named
    )
