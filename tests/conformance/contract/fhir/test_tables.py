"""The constraint tables are what the generator makes of the official packages, and are complete in themselves."""

from importlib.resources import files
from pathlib import Path

import pytest

from conformance.contract.fhir.generation.packages import Package
from conformance.contract.fhir.generation.profiles import PROFILES
from conformance.contract.fhir.generation.types import RESOURCES
from conformance.contract.fhir.generation.write import _free, write_tables
from conformance.contract.fhir.tables import Rule, load_profiles, load_types, load_valuesets

FILES = ("types.json", "profiles.json", "valuesets.json")
SIZE_LIMIT_BYTES = 300_000
"""A few hundred kB in total: tables, no prose."""


@pytest.mark.shared_data
def test_the_tables_are_what_the_packages_say(shared_data: Path, tmp_path: Path) -> None:
    """Generating again gives the committed files byte for byte."""
    write_tables(shared_data / "fhir", tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == files("conformance.contract.fhir").joinpath(name).read_bytes(), name


def test_nothing_is_derived_from_packages_that_are_not_free() -> None:
    """Another licence than CC0-1.0 stops the generator."""
    with pytest.raises(ValueError, match="CC0"):
        _free(Package({"package": "jp-core.r4", "license": "not stated"}, {}))


def test_sources_are_named() -> None:
    """Each file names its packages with version, hash and licence."""
    for tables in (load_types(), load_profiles(), load_valuesets()):
        assert tables.sources
        for source in tables.sources:
            assert source.license == "CC0-1.0"
            assert len(source.sha256) == 64
    assert {source.package for source in load_profiles().sources} == {"hl7.fhir.r4.core", "jpfhir.jp.core.r4"}


def test_the_tables_are_compact_and_without_prose() -> None:
    """No definitions, comments or displays, and few bytes."""
    texts = [files("conformance.contract.fhir").joinpath(name).read_text(encoding="utf-8") for name in FILES]
    assert sum(len(text.encode()) for text in texts) < SIZE_LIMIT_BYTES
    for word in ("definition", "comment", "requirements", "short", "human", "mapping"):
        assert all(f'"{word}":"' not in text for text in texts), word


def test_every_type_that_is_named_is_there() -> None:
    """Types of elements, bases and resource types have their tables or are primitive."""
    tables = load_types()
    named = {kind for table in tables.types.values() for row in table.elements.values() for kind in row.types}
    named |= {table.base for table in tables.types.values() if table.base}
    assert named <= tables.types.keys() | tables.primitives.keys()
    assert set(RESOURCES) == {name for name, table in tables.types.items() if table.resource}


def test_every_profile_that_is_asked_for_is_there() -> None:
    """The contract's profiles, those that they rest on, and those of datatypes that they name."""
    profiles = load_profiles().profiles
    assert set(PROFILES) <= set(profiles)
    assert {profile.base for profile in profiles.values() if profile.base} <= set(profiles)
    named = {url for profile in profiles.values() for rule in _below(profile.rules) for url in rule.profiles.values()}
    assert named <= set(profiles)


def test_every_required_binding_is_checked_or_has_a_reason() -> None:
    """Each value set is listed by its codes, or with why it is not; the weaker strengths are named."""
    bound = {row.binding for table in load_types().types.values() for row in table.elements.values() if row.binding}
    rules = [rule for profile in load_profiles().profiles.values() for rule in _below(profile.rules)]
    bound |= {rule.binding for rule in rules if rule.binding}
    sets = load_valuesets()
    assert bound <= sets.checked.keys() | sets.unchecked.keys()
    assert not sets.checked.keys() & sets.unchecked.keys()
    assert all(codes for systems in sets.checked.values() for codes in systems.values())
    assert all(sets.unchecked.values())
    assert set(sets.strengths_unchecked) == {"extensible", "preferred", "example"}


def test_slices_can_be_told_apart() -> None:
    """Every slice stands under a slicing that names the paths."""
    for url, profile in load_profiles().profiles.items():
        for rule in _below(profile.rules):
            assert not rule.slices or (rule.slicing and rule.slicing.by), url


@pytest.mark.parametrize(
    ("kind", "element", "minimum", "maximum"),
    [
        ("Observation", "status", 1, 1),
        ("Observation", "category", 0, None),
        ("Observation.component", "code", 1, 1),
        ("Patient.link", "other", 1, 1),
        ("Consent", "category", 1, None),
        ("Timing.repeat", "when", 0, None),
        ("Extension", "url", 1, 1),
    ],
)
def test_cardinalities_as_published(kind: str, element: str, minimum: int, maximum: int | None) -> None:
    """Some elements as the pages of R4 show them."""
    row = load_types().types[kind].elements[element]
    assert (row.min, row.max) == (minimum, maximum)


def _below(rule: Rule) -> list[Rule]:
    return [rule, *(one for child in (*rule.elements.values(), *rule.slices.values()) for one in _below(child))]
