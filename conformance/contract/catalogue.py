"""The closed code lists of consent and the clients' roles, read from the contract's data."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A code's meaning in Japanese and in English."""

    ja: str
    en: str


class Purpose(Term, frozen=True, kw_only=True):
    """What data are used for, and the most that a consent for it may cover.

    ``max_validity_days`` is how long a consent may run, ``retention_days`` how long what was received may be kept.
    """

    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    max_validity_days: int
    retention_days: int


class StatutoryRule(Term, frozen=True, kw_only=True):
    """A clause that stands in for consent in mode disaster.

    It permits its ``categories`` to its ``recipients`` for its ``purpose``; where ``unless_refused`` is set, not
    against the person's refusal.
    """

    clause: str
    purpose: str
    recipients: frozenset[str]
    categories: frozenset[str]
    unless_refused: bool
    note: str = ""


class Ring(Term, frozen=True, kw_only=True):
    """An audience of safety inquiries (安否情報省令 form 1) and the items that it may be answered.

    ``form`` and ``contract`` are unless_refused or if_agreed: what the ordinance's form does where the person says
    nothing, and what the contract does.
    """

    number: int
    clause: str
    recipients: frozenset[str]
    items: tuple[str, ...]
    form: str
    contract: str


class RingItem(Term, frozen=True, kw_only=True):
    """An item of the form by its number there, 1 to 11."""

    number: int


class ConsentMove(Term, frozen=True, kw_only=True):
    """An event of a consent record: from which states it leads to which."""

    sources: frozenset[str] = msgspec.field(name="from")
    target: str = msgspec.field(name="to")


class Controller(msgspec.Struct, frozen=True, kw_only=True):
    """Who manages data, a party of ISO/IEC TS 27560."""

    party_type: str
    party_name: Term
    party_address: Term
    party_contact: str


class DefaultDeny(Term, frozen=True, kw_only=True):
    """Recipients that no clause gives anything: only the person's own consent does."""

    recipients: frozenset[str]


class RecordRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every consent record of a city OS."""

    storage_location: str
    jurisdiction: str
    withdrawal_method: str


class _States(msgspec.Struct):
    valid: frozenset[str]
    invalid: frozenset[str]


class ConsentCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The codes a consent record may hold with their meaning, the states in which it counts, and the law."""

    schema_version: str
    record: RecordRules
    purposes: dict[str, Purpose]
    categories: dict[str, Term]
    recipients: dict[str, Term]
    modes: dict[str, Term]
    actions: dict[str, Term]
    methods: dict[str, Term]
    obligations: dict[str, Term]
    default_deny: DefaultDeny
    events: dict[str, ConsentMove]
    states: _States
    statutory: tuple[StatutoryRule, ...]

    @property
    def valid_states(self) -> frozenset[str]:
        """States in which a record counts."""
        return self.states.valid

    @property
    def invalid_states(self) -> frozenset[str]:
        """States in which it does not."""
        return self.states.invalid


class NoticeTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The sentences that notices are put together from: common ones by what they tell, and one for each purpose.

    ``law`` is the name of the act that clauses begin with.
    """

    version: str
    languages: tuple[str, ...]
    law: Term
    sentences: dict[str, Term]
    uses: dict[str, Term]


class EventType(Term, frozen=True, kw_only=True):
    """An event that a city OS pushes: its URI and the members of what it tells."""

    uri: str
    members: tuple[str, ...]


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of client may ask for, and as which recipient data are disclosed to it."""

    name: str
    recipient: str
    scopes: tuple[str, ...]


class _Rings(msgspec.Struct):
    items: dict[str, RingItem]
    rings: tuple[Ring, ...]


@cache
def load_consent_catalogue() -> ConsentCatalogue:
    """Read ``consent.toml``."""
    return msgspec.convert(_read("consent.toml"), ConsentCatalogue)


@cache
def load_rings() -> tuple[Ring, ...]:
    """Read the audience rings of ``consent/rings.toml``, the innermost first."""
    return msgspec.convert(_read("consent/rings.toml"), _Rings).rings


@cache
def load_ring_items() -> Mapping[str, RingItem]:
    """Read the items of ``consent/rings.toml``, in the form's order."""
    return msgspec.convert(_read("consent/rings.toml"), _Rings).items


@cache
def load_notice_texts() -> NoticeTexts:
    """Read ``consent/notices.toml``."""
    return msgspec.convert(_read("consent/notices.toml"), NoticeTexts)


@cache
def load_controllers() -> Mapping[str, Controller]:
    """Read ``consent/controllers.toml``: who manages the data, by the code of the municipality."""
    return msgspec.convert(_read("consent/controllers.toml"), dict[str, Controller])


@cache
def load_receipt_fields() -> Mapping[str, str]:
    """Read ``consent/ts27560.toml``: where each mandatory field of the standard stands in a receipt."""
    return msgspec.convert(_read("consent/ts27560.toml"), dict[str, str])


@cache
def load_detail_schema() -> Mapping[str, Any]:
    """Read the JSON Schema of authorization details of type ``cityos_consent``."""
    text = files("conformance.contract").joinpath("consent/cityos_consent.schema.json").read_bytes()
    schema: dict[str, Any] = msgspec.json.decode(text)
    return schema


@cache
def load_events() -> Mapping[str, EventType]:
    """Read ``events.toml``: the events that are pushed, by name."""
    return msgspec.convert(_read("events.toml"), dict[str, EventType])


@cache
def load_roles() -> Mapping[str, Role]:
    """Read ``roles.toml``: roles by name."""
    return {name: msgspec.convert({"name": name, **row}, Role) for name, row in _read("roles.toml").items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("conformance.contract").joinpath(name).read_text(encoding="utf-8"))
