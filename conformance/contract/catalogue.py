"""The closed code lists of consent and the clients' roles, read from the contract's data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class StatutoryRule:
    """A clause that stands in for consent in mode disaster.

    It permits its ``categories`` to its ``recipients`` for its ``purpose``; where ``unless_refused`` is set, not
    against the person's refusal.
    """

    clause: str
    purpose: str
    recipients: frozenset[str]
    categories: frozenset[str]
    unless_refused: bool


@dataclass(frozen=True, slots=True)
class ConsentCatalogue:
    """The codes a consent record may hold, the states in which it counts, and the law."""

    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    valid_states: frozenset[str]
    invalid_states: frozenset[str]
    statutory: tuple[StatutoryRule, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What a kind of client may ask for, and as which recipient data are disclosed to it."""

    name: str
    recipient: str
    scopes: tuple[str, ...]


@cache
def load_consent_catalogue() -> ConsentCatalogue:
    """Read ``consent.toml``."""
    data = tomllib.loads(files("conformance.contract").joinpath("consent.toml").read_text(encoding="utf-8"))
    return ConsentCatalogue(
        purposes=tuple(data["purposes"]),
        categories=tuple(data["categories"]),
        recipients=tuple(data["recipients"]),
        valid_states=frozenset(data["states"]["valid"]),
        invalid_states=frozenset(data["states"]["invalid"]),
        statutory=tuple(
            StatutoryRule(
                clause=row["clause"],
                purpose=row["purpose"],
                recipients=frozenset(row["recipients"]),
                categories=frozenset(row["categories"]),
                unless_refused=row["unless_refused"],
            )
            for row in data["statutory"]
        ),
    )


@cache
def load_roles() -> Mapping[str, Role]:
    """Read ``roles.toml``: roles by name."""
    data = tomllib.loads(files("conformance.contract").joinpath("roles.toml").read_text(encoding="utf-8"))
    return {
        name: Role(name=name, recipient=row["recipient"], scopes=tuple(row["scopes"])) for name, row in data.items()
    }
