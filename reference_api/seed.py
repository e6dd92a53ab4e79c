"""What a city OS is filled with before a run: subjects, consents, shelters, areas, the register, clients."""

import secrets
from collections.abc import Mapping

import msgspec

from conformance.contract.catalogue import load_roles

SECRET_BYTES = 32
"""Entropy of a generated client secret. Source: RFC 6749 10.10 asks for at most 2**-128, better 2**-160, guessing odds."""


class District(msgspec.Struct, frozen=True):
    """A district (地区) for which disasters are declared and orders issued."""

    code: str
    name: str


class Neighbourhood(msgspec.Struct, frozen=True):
    """The area of an association (町内会・自主防災組織), inside one district."""

    code: str
    name: str
    district: str


class Shelter(msgspec.Struct, frozen=True):
    """A shelter as published; ``hazards`` maps hazard to suited, limited or unsuited. Degrees are WGS 84."""

    id: str
    name: str
    kind: str
    longitude_deg: float
    latitude_deg: float
    district: str
    capacity_persons: int
    capacity_standard_persons: int = 0
    name_kana: str = ""
    address: str = ""
    hazards: Mapping[str, str] = {}


class User(msgspec.Struct, frozen=True):
    """A subject with a city-OS ID. ``sub`` is the local ID; ``sex`` is male, female or unknown; ``birth_date`` ISO 8601."""

    sub: str
    name: str
    name_kana: str
    birth_date: str
    sex: str
    address: str
    phone: str
    email: str
    household: str
    district: str
    neighbourhood: str
    support_flag: bool
    push_device: bool


class Consent(msgspec.Struct, frozen=True):
    """A compact consent record: it covers every combination of its categories, recipients and modes.

    Codes are those of the contract's ``consent.toml``. ``valid_from_s`` and ``valid_until_s`` are Unix seconds; it holds
    from the first to just before the second, None is open.
    """

    subject: str
    purpose: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    modes: tuple[str, ...]
    state: str = "given"
    valid_from_s: float | None = None
    valid_until_s: float | None = None


class RegisterEntry(msgspec.Struct, frozen=True):
    """A person on the register of support-needing people (避難行動要支援者名簿), with ``sub`` or with ``temp_id``.

    ``peacetime_consent``: the entry and the plan may be given to helpers in normal times (災対法 49-11(2), 49-15(2)).
    ``plan_note`` is None where there is no individual evacuation plan.
    """

    id: str
    name: str
    name_kana: str
    birth_date: str
    sex: str
    address: str
    phone: str
    neighbourhood: str
    reason: str
    peacetime_consent: bool
    sub: str | None = None
    temp_id: str | None = None
    plan_note: str | None = None


class Client(msgspec.Struct, frozen=True):
    """A client of the authorization server; ``recipient`` is municipality, association:<code>, family or none."""

    client_id: str
    role: str
    recipient: str
    scopes: tuple[str, ...]
    secret: str


class SeedData(msgspec.Struct, frozen=True):
    """Everything a city OS is filled with. Codes and ids are unique within their kind."""

    municipality: str
    town: str
    people: int
    seed: int
    population_sha256: str
    districts: tuple[District, ...] = ()
    neighbourhoods: tuple[Neighbourhood, ...] = ()
    shelters: tuple[Shelter, ...] = ()
    users: tuple[User, ...] = ()
    consents: tuple[Consent, ...] = ()
    register: tuple[RegisterEntry, ...] = ()
    clients: tuple[Client, ...] = ()


def sandbox_client(role: str, neighbourhood: str | None = None) -> Client:
    """A client of a role of the contract's ``roles.toml`` with a random secret.

    ``neighbourhood`` is the association's area and demanded for role association only; the client is then named
    ``association-<code>``.

    Raises:
        KeyError: The role is not one of the contract.
        ValueError: An association without an area, or another role with one.
    """
    rules = load_roles()[role]
    if (role == "association") != (neighbourhood is not None):
        raise ValueError(f"role {role!r} with neighbourhood {neighbourhood!r}: an association has one, nobody else has")
    suffix = "" if neighbourhood is None else f"-{neighbourhood}"
    return Client(
        client_id=role.replace("_", "-") + suffix,
        role=role,
        recipient=rules.recipient if neighbourhood is None else f"{rules.recipient}:{neighbourhood}",
        scopes=rules.scopes,
        secret=secrets.token_urlsafe(SECRET_BYTES),
    )
