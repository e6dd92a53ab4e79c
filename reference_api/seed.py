"""What a city OS is filled with before a run: subjects, consents, shelters, areas, the register, clients."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_bytes

import msgspec

from conformance.contract.catalogue import load_consent_catalogue, load_roles
from reference_api.errors import InvalidSeed
from reference_api.inline import run_inline
from reference_api.oidc.client_seed import CLIENT_COLUMNS, Client, client_row, new_secret
from reference_api.sandbox_state import remember_seeded
from reference_api.store.protocol import Store


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


class EvacuationSite(msgspec.Struct, frozen=True):
    """A designated emergency evacuation site (指定緊急避難場所); ``hazards`` as of a shelter. Degrees are WGS 84.

    ``for_communities`` names the neighbourhoods it is meant for (対象となる町会・自治会).
    """

    id: str
    name: str
    longitude_deg: float
    latitude_deg: float
    district: str = ""
    capacity_persons: int = 0
    name_kana: str = ""
    address: str = ""
    city: str = ""
    elevation_m: float | None = None
    hazards: Mapping[str, str] = {}
    for_communities: str = ""


class User(msgspec.Struct, frozen=True):
    """A subject with a city-OS ID.

    ``sub`` is the local ID; ``sex`` is male, female or unknown; ``birth_date`` ISO 8601.
    """

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

    Codes are those of the contract's ``consent.toml``. ``valid_from_s`` and ``valid_until_s`` are Unix seconds; it
    holds from the first to just before the second, None is open.
    """

    subject: str
    purpose: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    modes: tuple[str, ...]
    state: str = "given"
    valid_from_s: float | None = None
    valid_until_s: float | None = None


class EventStream(msgspec.Struct, frozen=True):
    """Where a client takes security event tokens (RFC 8935): ``events`` are names of ``events.toml``."""

    client_id: str
    url: str
    events: tuple[str, ...]


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
    event_streams: tuple[EventStream, ...] = ()
    consents_given_at_s: float = 1_735_657_200.0
    """When the consents were given (Unix seconds). Source: none; before any run, 2025-01-01 in Japan. Confidence C."""
    municipality_name: str = ""
    sites: tuple[EvacuationSite, ...] = ()


def load(store: Store, seed: SeedData, *, sandbox: bool = False) -> None:
    """Fill an empty embedded store; with ``sandbox`` the clients' secrets stay readable for the discovery document.

    Raises:
        InvalidSeed: with every contradiction.
    """
    run_inline(load_into(store, seed, sandbox=sandbox))


async def load_into(store: Store, seed: SeedData, *, sandbox: bool = False) -> None:
    """Fill an empty store, all or nothing.

    Raises:
        InvalidSeed: with every contradiction.
    """
    faults = _faults(seed)
    if faults:
        raise InvalidSeed(faults)
    async with store.transaction():
        for table in _tables(seed, sandbox=sandbox):
            marks = ", ".join("?" * len(table.columns))
            await store.many(
                f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})",
                table.rows,
            )
        await store.run(_HISTORY)
        if sandbox:
            await remember_seeded(store)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[object, ...]]


_ABOUT = ("municipality", "town", "people", "seed", "population_sha256", "municipality_name")
_IDS_AT_ONCE = 256
"""Random numbers of so many identifiers are drawn at once. Source: none; 4 KiB. Confidence C."""

_VARIANT = {f"{digit:x}": "89ab"[digit % 4] for digit in range(16)}
"""Every digit with its two highest bits set to 10."""

_CONSENT = (
    "record_id",
    "subject",
    "purpose",
    "categories",
    "recipients",
    "modes",
    "state",
    "valid_from_s",
    "valid_until_s",
    "updated_at_s",
)
_HISTORY = (
    "INSERT INTO consent_event (consent_id, type, state, at_s, entity_id, method)"
    " SELECT id, 'give', state, updated_at_s, subject, 'self' FROM consent"
)
"""The first event of each seeded consent: the person said so themselves."""
_SHELTER = (
    "id",
    "name",
    "name_kana",
    "kind",
    "address",
    "district",
    "longitude_deg",
    "latitude_deg",
    "capacity_persons",
    "capacity_standard_persons",
)
_SITE = (
    "id",
    "name",
    "name_kana",
    "address",
    "district",
    "city",
    "longitude_deg",
    "latitude_deg",
    "elevation_m",
    "capacity_persons",
    "for_communities",
)


def _tables(seed: SeedData, *, sandbox: bool) -> list[_Table]:
    return [
        _Table("about", _ABOUT, [_values(seed, _ABOUT)]),
        _plain("district", District, seed.districts),
        _plain("neighbourhood", Neighbourhood, seed.neighbourhoods),
        _plain("account", User, seed.users),
        _plain("register_entry", RegisterEntry, seed.register),
        _Table(
            "shelter",
            (*_SHELTER, "hazards"),
            [(*_values(row, _SHELTER), msgspec.json.encode(row.hazards).decode()) for row in seed.shelters],
        ),
        _Table(
            "evacuation_site",
            (*_SITE, "hazards"),
            [(*_values(row, _SITE), msgspec.json.encode(row.hazards).decode()) for row in _sites(seed)],
        ),
        _Table("consent", _CONSENT, _consents(seed)),
        _Table(
            "event_stream",
            ("client_id", "url", "events"),
            [(row.client_id, row.url, " ".join(row.events)) for row in seed.event_streams],
        ),
        _Table(
            "client",
            CLIENT_COLUMNS,
            map(client_row, seed.clients),
        ),
        _Table(
            "sandbox_secret",
            ("client_id", "secret", "private_jwk"),
            [(row.client_id, row.secret, row.private_jwk) for row in seed.clients] if sandbox else [],
        ),
        _Table("sandbox_password", ("id", "password"), [(1, new_secret())] if sandbox else []),
    ]


def _consents(seed: SeedData) -> Iterator[tuple[object, ...]]:
    given_at_s = seed.consents_given_at_s
    return (_consent(record_id, row, given_at_s) for record_id, row in zip(_record_ids(), seed.consents, strict=False))


def _record_ids() -> Iterator[str]:
    """Random UUIDs without end; asking the machine for many at once is several times cheaper than one by one."""
    while True:
        drawn = token_bytes(16 * _IDS_AT_ONCE)
        for start in range(0, len(drawn), 16):
            digits = drawn[start : start + 16].hex()
            # Version 4 and the variant of RFC 9562, section 5.4, written over six of the random bits.
            variant = _VARIANT[digits[16]]
            yield f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _consent(record_id: str, row: Consent, given_at_s: float) -> tuple[object, ...]:
    return (
        record_id,
        row.subject,
        row.purpose,
        _listed(row.categories),
        _listed(row.recipients),
        _listed(row.modes),
        row.state,
        row.valid_from_s,
        row.valid_until_s,
        given_at_s,
    )


@lru_cache(maxsize=4096)
def _listed(codes: tuple[str, ...]) -> str:
    return " ".join(codes)


def _sites(seed: SeedData) -> list[EvacuationSite]:
    """The sites; a place among the shelters that is a site only is one of them."""
    known = {row.id for row in seed.sites}
    return [
        *seed.sites,
        *(
            EvacuationSite(
                id=row.id,
                name=row.name,
                longitude_deg=row.longitude_deg,
                latitude_deg=row.latitude_deg,
                district=row.district,
                capacity_persons=row.capacity_persons,
                name_kana=row.name_kana,
                address=row.address,
                hazards=row.hazards,
            )
            for row in seed.shelters
            if row.kind == "site" and row.id not in known
        ),
    ]


def _plain(name: str, kind: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> _Table:
    """A table whose columns are the fields of its seed."""
    return _Table(name, kind.__struct_fields__, map(msgspec.structs.astuple, rows))


def _values(row: object, names: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in names)


def _faults(seed: SeedData) -> list[str]:
    return [*_doubles(seed), *_strangers(seed), *_unknown_codes(seed)]


def _doubles(seed: SeedData) -> list[str]:
    ids = {
        "district code": [row.code for row in seed.districts],
        "neighbourhood code": [row.code for row in seed.neighbourhoods],
        "shelter id": [row.id for row in seed.shelters],
        "evacuation site id": [row.id for row in seed.sites],
        "register entry id": [row.id for row in seed.register],
        "sub or client id": [*(row.sub for row in seed.users), *(row.client_id for row in seed.clients)],
    }
    return [
        f"{kind} {value!r} is there {count} times: give each its own"
        for kind, values in ids.items()
        for value, count in Counter(values).items()
        if count > 1
    ]


def _strangers(seed: SeedData) -> list[str]:
    """References to what is not there."""
    districts = {row.code for row in seed.districts}
    neighbourhoods = {row.code for row in seed.neighbourhoods}
    subs = {row.sub for row in seed.users}
    named = [
        *(("neighbourhood", row.code, "district", row.district, districts) for row in seed.neighbourhoods),
        *(("shelter", row.id, "district", row.district, districts) for row in seed.shelters),
        *(("user", row.sub, "district", row.district, districts) for row in seed.users),
        *(("user", row.sub, "neighbourhood", row.neighbourhood, neighbourhoods) for row in seed.users),
        *(("register entry", row.id, "neighbourhood", row.neighbourhood, neighbourhoods) for row in seed.register),
        *(("consent of", row.subject, "user", row.subject, subs) for row in seed.consents if row.subject not in subs),
    ]
    faults = [
        f"{kind} {name!r} names {what} {value!r}, which is not there"
        for kind, name, what, value, known in named
        if value not in known
    ]
    faults += [
        f"register entry {row.id!r}: give exactly one of sub and temp_id"
        for row in seed.register
        if (row.sub is None) == (row.temp_id is None)
    ]
    return faults


def _unknown_codes(seed: SeedData) -> list[str]:
    catalogue = load_consent_catalogue()
    used = {
        "purpose": ({row.purpose for row in seed.consents}, set(catalogue.purposes)),
        "category": (
            {code for codes in {row.categories for row in seed.consents} for code in codes},
            set(catalogue.categories),
        ),
        "recipient": (
            {code.partition(":")[0] for codes in {row.recipients for row in seed.consents} for code in codes},
            set(catalogue.recipients),
        ),
        "mode": (
            {code for codes in {row.modes for row in seed.consents} for code in codes},
            {"normal", "drill", "disaster"},
        ),
        "consent state": ({row.state for row in seed.consents}, catalogue.valid_states | catalogue.invalid_states),
        "role": ({row.role for row in seed.clients}, set(load_roles())),
    }
    return [
        f"{kind} {code!r} is not in the contract; known: {', '.join(sorted(known))}"
        for kind, (codes, known) in used.items()
        for code in sorted(codes - known)
    ]
