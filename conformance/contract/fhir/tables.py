"""The constraint tables as typed data: R4 types, profiles, value sets.

The files are written by ``python -m conformance.contract.fhir.generation``; nobody edits them by hand.
"""

from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec


class Source(msgspec.Struct, frozen=True):
    """The package that a file was derived from; ``sha256`` is of the package file."""

    package: str
    version: str
    sha256: str
    license: str


class Invariant(msgspec.Struct, frozen=True):
    """A rule of several elements: its severity and its official FHIRPath expression."""

    severity: str
    expression: str


class Primitive(msgspec.Struct, frozen=True):
    """A primitive type; ``pattern`` is its regular expression, of ASCII classes, None where R4 gives none."""

    pattern: str | None = None


class Element(msgspec.Struct, frozen=True):
    """One element of a type.

    ``max`` None is unbounded. ``types`` are names of primitives or types; ``targets`` of the types a reference may
    point to, any if empty; ``binding`` is the value set of a required binding.
    """

    types: tuple[str, ...]
    min: int = 0
    max: int | None = 1
    targets: tuple[str, ...] = ()
    binding: str | None = None
    invariants: tuple[str, ...] = ()


class Type(msgspec.Struct, frozen=True):
    """A resource, a datatype, or a backbone element such as ``Observation.component``; without what ``base`` has."""

    elements: dict[str, Element]
    base: str | None = None
    resource: bool = False
    stands_for: str | None = None
    invariants: tuple[str, ...] = ()


class Types(msgspec.Struct, frozen=True):
    """``types.json``."""

    sources: tuple[Source, ...]
    primitives: dict[str, Primitive]
    types: dict[str, Type]
    invariants: dict[str, Invariant]


class Slicing(msgspec.Struct, frozen=True):
    """How the entries of a list are told apart: the paths whose values the slices fix."""

    by: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True):
    """What a profile demands of one element beyond its parent; a tree along ``elements`` and ``slices``.

    ``types`` narrows a choice; ``choice`` is the element of which this is the JSON member of one type; ``profiles``
    names a profile for a type; ``fixed`` is the only value allowed.
    """

    min: int = 0
    max: int | None = None
    types: tuple[str, ...] = ()
    choice: str | None = None
    profiles: dict[str, str] = {}
    targets: tuple[str, ...] = ()
    fixed: Any = None
    binding: str | None = None
    invariants: tuple[str, ...] = ()
    slicing: Slicing | None = None
    slices: dict[str, "Rule"] = {}
    elements: dict[str, "Rule"] = {}


class Profile(msgspec.Struct, frozen=True):
    """A profile of ``type``; ``base`` is the profile whose demands hold as well."""

    type: str
    rules: Rule
    base: str | None = None


class Profiles(msgspec.Struct, frozen=True):
    """``profiles.json``."""

    sources: tuple[Source, ...]
    profiles: dict[str, Profile]
    invariants: dict[str, Invariant]


class ValueSets(msgspec.Struct, frozen=True):
    """``valuesets.json``: codes by system of the sets that are checked; the others with the reason why not."""

    sources: tuple[Source, ...]
    checked: dict[str, dict[str, tuple[str, ...]]]
    unchecked: dict[str, str]
    strengths_unchecked: tuple[str, ...]


T = TypeVar("T")


@cache
def load_types() -> Types:
    """The tables of R4 types. Do not change what is returned: it is read once."""
    return _load("types.json", Types)


@cache
def load_profiles() -> Profiles:
    """The tables of profiles. Do not change what is returned: it is read once."""
    return _load("profiles.json", Profiles)


@cache
def load_valuesets() -> ValueSets:
    """The value sets of required bindings. Do not change what is returned: it is read once."""
    return _load("valuesets.json", ValueSets)


def _load(name: str, kind: type[T]) -> T:
    return msgspec.json.decode(files("conformance.contract.fhir").joinpath(name).read_bytes(), type=kind)
