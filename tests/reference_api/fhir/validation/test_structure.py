"""Structure: what the tables allow is taken, every kind of damage to a sound resource is found at its place."""

import copy
from collections.abc import Iterator
from typing import Any

import fhir_resources
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.contract.fhir.documents import examples
from conformance.contract.fhir.tables import load_types
from reference_api.fhir.validation import parse, validate
from reference_api.fhir.validation.issue import CODE_INVALID, NOT_SUPPORTED, REQUIRED, STRUCTURE, VALUE

RESOURCES = sorted(name for name, table in load_types().types.items() if table.resource)
NAMES = sorted(examples())
Path = tuple[str | int, ...]

ARBITRARY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(("id", "extension", "url", "contained", "resourceType", "_id", "é")), below, max_size=3
        )
    ),
    max_leaves=6,
)


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from _paths(below, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _replaced(resource: dict[str, Any], path: Path, new: Any) -> dict[str, Any]:
    damaged = copy.deepcopy(resource)
    _at(damaged, path[:-1])[path[-1]] = new
    return damaged


def _errors(resource: Any) -> list[str]:
    return [issue.code for issue in validate(resource) if issue.is_error]


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_sound(name: str) -> None:
    """Nothing at all is found in the examples of the contract."""
    assert validate(parse(examples()[name])) == []


@pytest.mark.parametrize("name", RESOURCES)
@settings(max_examples=min(settings.default.max_examples, 60))
@given(data=st.data())
def test_what_the_tables_allow_is_taken(name: str, data: st.DataObject) -> None:
    """A resource drawn from the tables breaks no rule of structure, type or code."""
    resource = data.draw(fhir_resources.objects(name, fhir_resources.Taste(depth=3)))
    known = {REQUIRED, STRUCTURE, VALUE, CODE_INVALID}
    found = [issue for issue in validate(resource) if issue.code in known and "reference is to" not in issue.details]
    # A drawn category or code may make an Observation a vital sign, and so subject to profiles.
    assert [issue for issue in found if ": " not in issue.details] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("new", [None, [], {}, "", 10**12, [[]], [None], "\x00", {"a": 1}, True])
def test_no_member_takes_a_value_of_another_shape(name: str, new: Any) -> None:
    """null, empty arrays and objects, empty strings and wrong types are refused wherever they stand."""
    resource = parse(examples()[name])
    for path in _paths(resource):
        if new is True and _at(resource, path) is True:
            continue
        if type(new) is int and type(_at(resource, path)) not in (str, list, dict, bool):
            continue
        assert _errors(_replaced(resource, path, new)), path


@pytest.mark.parametrize("name", NAMES)
def test_no_object_takes_an_unknown_member(name: str) -> None:
    """A member that the type does not have is found at its place."""
    resource = parse(examples()[name])
    for path in [(), *_paths(resource)]:
        if isinstance(_at(resource, path), dict):
            damaged = _replaced(resource, (*path, "colour"), "red")
            assert any(issue.expression.endswith(".colour") for issue in validate(damaged)), path


@pytest.mark.parametrize("name", NAMES)
def test_one_value_is_no_array_and_an_array_no_value(name: str) -> None:
    """What is single is refused in an array, what repeats is refused without one."""
    resource = parse(examples()[name])
    for path in _paths(resource):
        value = _at(resource, path)
        if isinstance(path[-1], str):
            new = value[0] if isinstance(value, list) else [value]
            assert _errors(_replaced(resource, path, new)), path


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_arbitrary_json_anywhere_is_judged(name: str, data: st.DataObject) -> None:
    """Whatever stands wherever: an answer, and places that are FHIRPath."""
    resource = parse(examples()[name])
    path = data.draw(st.sampled_from(list(_paths(resource))))
    for issue in validate(_replaced(resource, path, data.draw(ARBITRARY))):
        assert issue.expression.replace(".", "").replace("[", "").replace("]", "").replace("_", "").isalnum()


@given(st.dictionaries(st.sampled_from(("resourceType", "contained", "entry", "meta", "code")), ARBITRARY))
def test_any_object_is_judged(value: dict[str, Any]) -> None:
    """Any JSON object gives a list of issues, never another fault."""
    assert all(issue.severity in ("error", "warning") for issue in validate(value))


@pytest.mark.parametrize(
    ("value", "code"), [({}, REQUIRED), ({"resourceType": 1}, REQUIRED), ({"resourceType": "Foo"}, STRUCTURE)]
)
def test_a_resource_names_a_type_of_r4(value: dict[str, Any], code: str) -> None:
    """Without a type, or with one that R4 does not have, nothing else is asked."""
    assert [issue.code for issue in validate(value)] == [code]


@pytest.mark.parametrize("name", ["Encounter", "DomainResource", "Resource", "Element", "Coding"])
def test_types_without_tables_are_not_taken(name: str) -> None:
    """Other resource types, abstract types and datatypes are no resources of the contract."""
    assert _errors({"resourceType": name})


def test_a_contained_resource_of_another_type_is_taken_with_a_warning() -> None:
    """What cannot be checked is told, and is no reason to refuse what contains it."""
    resource = parse(examples()["body-temperature"])
    resource["contained"] = [{"resourceType": "Encounter", "id": "e", "status": {"any": []}}]
    resource["encounter"] = {"reference": "#e"}
    assert [(issue.severity, issue.code) for issue in validate(resource)] == [("warning", NOT_SUPPORTED)]


def _patient(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **members}


ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


@pytest.mark.parametrize(
    "resource",
    [
        _patient(_birthDate=ABSENT),
        _patient(birthDate="1951", _birthDate={"id": "b"} | ABSENT),
        _patient(name=[{"given": ["花子", None], "_given": [None, ABSENT]}]),
        _patient(name=[{"_given": [ABSENT]}]),
        _patient(_deceasedBoolean=ABSENT),
        _patient(
            contained=[{"resourceType": "Organization", "id": "o", "name": "a"}],
            managingOrganization={"reference": "#o"},
        ),
        _patient(managingOrganization={"reference": "https://example.com/fhir/Organization/1/_history/2"}),
        _patient(managingOrganization={"reference": "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"}),
        _patient(managingOrganization={"display": "a hospital"}),
        _patient(managingOrganization={"type": "Organization", "identifier": {"value": "1"}}),
        _patient(extension=[{"url": "https://example.com/x", "extension": [{"url": "y", "valueDecimal": 1}]}]),
    ],
)
def test_extensions_of_primitives_and_references_are_taken(resource: dict[str, Any]) -> None:
    """Extensions in place of values, null as place-holder, contained, absolute, logical references."""
    assert validate(resource) == []


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        (_patient(birthDate=None, _birthDate=ABSENT), "Patient.birthDate"),
        (_patient(_birthDate={}), "Patient.birthDate"),
        (_patient(_birthDate={"id": "b"}), "Patient.birthDate"),
        (_patient(_name=[None]), "Patient._name"),
        (_patient(_id={"id": "b"}), "Patient._id"),
        (_patient(name=[{"given": ["花子", None]}]), "Patient.name[0].given"),
        (_patient(name=[{"given": [None], "_given": [None]}]), "Patient.name[0].given"),
        (_patient(name=[{"given": ["花子"], "_given": [None, ABSENT]}]), "Patient.name[0].given"),
        (_patient(name=[{"given": ["花子"], "_given": ABSENT}]), "Patient.name[0].given"),
        (_patient(deceasedBoolean=True, deceasedDateTime="2026"), "Patient.deceased"),
        (_patient(deceasedBoolean=True, _deceasedDateTime=ABSENT), "Patient.deceased"),
        (_patient(deceasedString="yes"), "Patient.deceasedString"),
        (_patient(deceased=True), "Patient.deceased"),
        (_patient(managingOrganization={"reference": "#o"}), "Patient.managingOrganization"),
        (_patient(managingOrganization={"reference": "Patient/1"}), "Patient.managingOrganization.reference"),
        (_patient(managingOrganization={"type": "Patient"}), "Patient.managingOrganization.reference"),
        (_patient(managingOrganization={"reference": "https://a/Patient/1"}), "Patient.managingOrganization.reference"),
        (_patient(contained=[{"resourceType": "Organization", "id": "o", "name": "a"}]), "Patient"),
        (_patient(contained=5), "Patient.contained"),
        (_patient(contained=[5]), "Patient.contained[0].resourceType"),
        (
            _patient(modifierExtension=[{"url": "https://example.com/x", "valueBoolean": True}]),
            "Patient.modifierExtension[0].url",
        ),
        (_patient(extension=[{"url": "https://example.com/x"}]), "Patient.extension[0]"),
        (_patient(extension=[{**ABSENT["extension"][0], "valueCode": "maybe"}]), "Patient.extension[0].value"),
        (
            _patient(extension=[{"url": ABSENT["extension"][0]["url"], "valueString": "unknown"}]),
            "Patient.extension[0].value",
        ),
        (_patient(gender="f"), "Patient.gender"),
        (_patient(link=[{"type": "seealso"}]), "Patient.link[0].other"),
        (_patient(identifier=[{"value": 5}]), "Patient.identifier[0].value"),
        (_patient(text={"status": "generated", "div": "<script/>"}), "Patient.text.div"),
    ],
)
def test_damage_is_found_at_its_place(resource: dict[str, Any], expression: str) -> None:
    """Nulls, arrays that are no pair, two values of a choice, references to nowhere: each with its FHIRPath."""
    assert expression in [issue.expression for issue in validate(resource) if issue.is_error]


def test_issues_never_repeat_what_was_sent() -> None:
    """Values and strange names of the body are not told back."""
    secret = "0242-12-3456"
    resource = _patient(gender=secret, birthDate=secret, name=[{"family": 5, secret: secret}], telecom=secret)
    told = " ".join(f"{issue.details} {issue.expression}" for issue in validate(resource))
    assert len(validate(resource)) == 5
    assert secret not in told


def test_order_of_members_does_not_matter() -> None:
    """The same verdict when every object is turned round."""
    resource = parse(examples()["diagnostic-report"])
    del resource["contained"][1]["code"]["text"]

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(below) for name, below in reversed(value.items())}
        return [turned(below) for below in value] if isinstance(value, list) else value

    assert {*validate(turned(resource))} == {*validate(resource)} != set()


def test_a_resource_nested_past_all_limits_is_refused() -> None:
    """Extensions in extensions beyond the interpreter's depth end in an issue."""
    nested: dict[str, Any] = {"url": "x", "valueBoolean": True}
    for _ in range(5000):
        nested = {"url": "x", "extension": [nested]}
    assert [issue.code for issue in validate(_patient(extension=[nested]))] == ["too-costly"]
