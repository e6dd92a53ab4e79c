"""Profiles: HL7 vital signs and JP Core, claimed, demanded, or called for by a code."""

import copy
import tarfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from conformance.contract.fhir.documents import capability, examples
from conformance.contract.fhir.generation import profiles as profile_tables
from conformance.contract.fhir.generation.packages import Definitions, read_package
from conformance.contract.fhir.generation.write import JP_PACKAGE, R4_PACKAGE
from conformance.contract.fhir.lifelog import load_lifelog, observation
from conformance.contract.fhir.tables import Rule
from reference_api.fhir.validation import parse, validate
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.rules import Compiler

HL7 = "http://hl7.org/fhir/StructureDefinition/"
JP = "http://jpfhir.jp/fhir/core/StructureDefinition/"
Resource = dict[str, Any]
VITAL = sorted(key for key, item in load_lifelog().items() if HL7 in item.profiles[0])
"""The seven items that are vital signs in R4."""


def _example(name: str) -> Resource:
    return parse(examples()[name])


def _errors(resource: Resource, profiles: list[str] | None = None) -> list[tuple[str, str]]:
    return [(issue.code, issue.expression) for issue in validate(resource, profiles) if issue.is_error]


def _unclaimed(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def test_eight_items_seven_of_them_vital_signs() -> None:
    """The lifelog has its eight items; blood glucose is a laboratory result."""
    assert len(load_lifelog()) == 8
    assert set(load_lifelog()) - set(VITAL) == {"blood-glucose"}


@pytest.mark.parametrize("name", VITAL)
def test_a_vital_sign_is_one_by_its_code_alone(name: str) -> None:
    """Without any claim, the LOINC code calls for the profile: the category cannot be left out."""
    resource = _unclaimed(_example(name))
    assert _errors(resource) == []
    del resource["category"]
    assert _errors(resource) == [("required", "Observation.category")] * 2


@pytest.mark.parametrize("name", VITAL)
def test_the_category_alone_calls_for_the_profile(name: str) -> None:
    """An Observation of another code in the category vital-signs keeps the general rules."""
    resource = _unclaimed(_example(name))
    resource["code"] = {"text": "何か"}
    resource.pop("effectiveDateTime")
    assert ("required", "Observation.effective") in _errors(resource)


def _pressure_as_text(resource: Resource) -> None:
    del resource["component"]
    resource["valueString"] = "128/76"


def _pressure_as_component_text(resource: Resource) -> None:
    resource["component"] = [{"code": resource["code"], "valueString": "128/76"}]


def _without_diastolic(resource: Resource) -> None:
    del resource["component"][1]


def _diastolic_twice(resource: Resource) -> None:
    resource["component"].append(copy.deepcopy(resource["component"][1]))


def _component_without_value(resource: Resource) -> None:
    del resource["component"][0]["valueQuantity"]


def _pressure_in_kilopascal(resource: Resource) -> None:
    resource["component"][0]["valueQuantity"] |= {"unit": "kPa", "code": "kPa"}


def _without_category(resource: Resource) -> None:
    del resource["category"]


def _only_jp_category(resource: Resource) -> None:
    del resource["category"][0]


def _only_hl7_category(resource: Resource) -> None:
    del resource["category"][1:]


def _categories_in_one(resource: Resource) -> None:
    resource["category"] = [{"coding": [one["coding"][0] for one in resource["category"]]}]


def _without_value(resource: Resource) -> None:
    del resource["valueQuantity"]


def _month_only(resource: Resource) -> None:
    resource["effectiveDateTime"] = "2026-06"


def _without_subject(resource: Resource) -> None:
    del resource["subject"]


def _of_a_group(resource: Resource) -> None:
    resource["subject"] = {"reference": "Group/1"}


def _without_unit_code(resource: Resource) -> None:
    resource["valueQuantity"] = {"value": 400, "unit": "回"}


def _pounds(resource: Resource) -> None:
    resource["valueQuantity"] |= {"unit": "lb", "code": "lb"}


def _other_code(resource: Resource) -> None:
    resource["code"]["coding"][0]["code"] = "8867-4"


def _value_as_text(resource: Resource) -> None:
    del resource["valueQuantity"]
    resource["valueString"] = "36.5"


DAMAGE: tuple[tuple[str, Callable[[Resource], None], tuple[str, str]], ...] = (
    ("blood-pressure", _pressure_as_text, ("structure", "Observation.value")),
    ("blood-pressure", _pressure_as_component_text, ("code-invalid", "Observation.component[0].value")),
    ("blood-pressure", _without_diastolic, ("required", "Observation.component")),
    ("blood-pressure", _diastolic_twice, ("structure", "Observation.component")),
    ("blood-pressure", _component_without_value, ("invariant", "Observation.component[0]")),
    ("blood-pressure", _pressure_in_kilopascal, ("value", "Observation.component[0].value.code")),
    ("body-temperature", _without_category, ("required", "Observation.category")),
    ("body-temperature", _only_jp_category, ("required", "Observation.category")),
    ("body-temperature", _only_hl7_category, ("required", "Observation.category")),
    ("body-temperature", _categories_in_one, ("value", "Observation.category[0].coding[1].system")),
    ("body-temperature", _without_value, ("invariant", "Observation")),
    ("body-temperature", _month_only, ("invariant", "Observation.effective")),
    ("body-temperature", _without_subject, ("required", "Observation.subject")),
    ("body-temperature", _of_a_group, ("structure", "Observation.subject")),
    ("body-temperature", _other_code, ("required", "Observation.code.coding")),
    ("body-temperature", _value_as_text, ("structure", "Observation.value")),
    ("respiratory-rate", _without_unit_code, ("required", "Observation.value.code")),
    ("body-weight", _pounds, ("code-invalid", "Observation.value.code")),
    ("body-weight", _only_hl7_category, ("required", "Observation.category")),
)


@pytest.mark.parametrize(("name", "damage", "issue"), DAMAGE, ids=[f"{row[0]}{row[1].__name__}" for row in DAMAGE])
def test_damage_to_a_vital_sign_is_found(name: str, damage: Callable[[Resource], None], issue: tuple[str, str]) -> None:
    """Blood pressure as text or in half, units that are none, no category, no value, no day, no person."""
    resource = _example(name)
    damage(resource)
    assert issue in _errors(resource)


@pytest.mark.parametrize("name", VITAL)
def test_a_reason_stands_in_for_a_value(name: str) -> None:
    """vs-2 and vs-3: a value or dataAbsentReason, of components too."""
    resource = _example(name)
    for one in resource.get("component", [resource]):
        one["dataAbsentReason"] = {"text": "拒否"}
        del one["valueQuantity"]
    assert _errors(resource) == []


def test_blood_glucose_is_no_vital_sign() -> None:
    """The category of vital signs would call for the profile; the result of a laboratory keeps its own."""
    resource = _example("blood-glucose")
    assert _errors(resource) == []
    del resource["code"]["text"]
    del resource["specimen"]
    del resource["contained"]
    assert _errors(resource) == [("required", "Observation.code.text"), ("required", "Observation.specimen")]


@pytest.mark.parametrize(
    ("system", "profile_breaks"),
    [
        ("urn:oid:1.2.392.100495.20.3.81", True),
        ("urn:oid:1.2.392.100495.20.3.82", True),
        ("urn:oid:1.2.392.100495.20.3.11", False),
        ("http://jpfhir.jp/fhir/core/mhlw/IdSystem/Medication-RPGroupNumber", False),
    ],
)
def test_a_prescription_has_its_numbers(system: str, *, profile_breaks: bool) -> None:
    """The numbers rpNumber and orderInRp are needed; the prescription's own identifier is not."""
    resource = _example("medication-request")
    resource["identifier"] = [one for one in resource["identifier"] if one["system"] != system]
    assert (_errors(resource) == [("required", "MedicationRequest.identifier")]) is profile_breaks


def _supply_in_weeks(resource: Resource) -> None:
    resource["dispenseRequest"]["expectedSupplyDuration"] |= {"unit": "週", "code": "wk"}


def _dose_without_code(resource: Resource) -> None:
    del resource["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["code"]


def _rate_per_hour(resource: Resource) -> None:
    resource["dosageInstruction"][0]["doseAndRate"][0]["rateRatio"]["denominator"]["code"] = "h"


def _medication_by_reference(resource: Resource) -> None:
    del resource["medicationCodeableConcept"]
    resource["medicationReference"] = {"reference": "Medication/1"}


def _period_without_start(resource: Resource) -> None:
    resource["dosageInstruction"][0]["extension"][0]["valuePeriod"] = {"end": "2026-06-30"}


def _two_periods(resource: Resource) -> None:
    resource["dosageInstruction"][0]["extension"] *= 2


DOSAGE = "MedicationRequest.dosageInstruction[0]"


@pytest.mark.parametrize(
    ("damage", "issue"),
    [
        (_supply_in_weeks, ("value", "MedicationRequest.dispenseRequest.expectedSupplyDuration.code")),
        (_dose_without_code, ("required", f"{DOSAGE}.doseAndRate[0].dose.code")),
        (_rate_per_hour, ("value", f"{DOSAGE}.doseAndRate[0].rate.denominator.code")),
        (_medication_by_reference, ("structure", "MedicationRequest.medication")),
        (_period_without_start, ("required", f"{DOSAGE}.extension[0].value.start")),
        (_two_periods, ("structure", f"{DOSAGE}.extension")),
    ],
)
def test_damage_to_a_prescription_is_found(damage: Callable[[Resource], None], issue: tuple[str, str]) -> None:
    """Profiles of datatypes within JP_MedicationRequest: dosage, quantity, ratio, extensions."""
    resource = _example("medication-request")
    damage(resource)
    assert issue in _errors(resource)


def test_a_report_of_the_laboratory_has_its_category() -> None:
    """JP_DiagnosticReport_LabResult: LP29693-6, and the code of the document as it is."""
    resource = _example("diagnostic-report")
    resource["category"][0]["coding"][0]["code"] = "LP29708-2"
    resource["code"]["coding"][0]["display"] = "報告書"
    assert _errors(resource) == [
        ("required", "DiagnosticReport.category"),
        ("value", "DiagnosticReport.code.coding[0].display"),
    ]


def test_a_patient_of_japan_has_an_identifier_with_a_value() -> None:
    """JP_Patient asks for an identifier with a value; R4 does not."""
    resource = _example("patient")
    del resource["identifier"][0]["value"]
    assert _errors(resource) == [("required", "Patient.identifier[0].value")]
    assert _errors(_unclaimed(resource)) == []
    assert _errors(_unclaimed(resource), [JP + "JP_Patient"]) == [("required", "Patient.identifier[0].value")]


def test_profiles_that_are_unknown_or_of_another_type() -> None:
    """An unknown profile is not checked; one of another resource type is broken."""
    resource = _unclaimed(_example("patient"))
    assert _errors({**resource, "meta": {"profile": ["https://example.com/profile"]}}) == []
    assert _errors({**resource, "meta": {"profile": [HL7 + "bodyweight|4.0.1"]}}) == [
        ("structure", "Patient.meta.profile")
    ]


def test_entries_of_a_bundle_keep_their_profiles() -> None:
    """What is broken in an entry is found at its place in the Bundle."""
    resource = _example("bundle-transaction")
    resource["entry"][0]["resource"]["valueQuantity"]["code"] = "K"
    assert _errors(resource) == [("code-invalid", "Bundle.entry[0].resource.value.code")]


def test_the_capability_statement_keeps_r4() -> None:
    """The statement of the contract is a sound CapabilityStatement, without warnings."""
    assert validate(parse(capability())) == []


def test_units_that_are_allowed() -> None:
    """Every unit of an item's list is taken by its profiles."""
    for key, item in load_lifelog().items():
        for unit in item.units:
            values = dict.fromkeys(item.components or ("value",), Decimal("1.0"))
            resource = observation(key, values, subject="Patient/1", effective="2026-06-01")
            for one in resource.get("component", [resource]):
                one["valueQuantity"]["code"] = unit
            assert _errors(resource) == [], unit


OFFICIAL = (JP_PACKAGE, "jp-core.r4-1.1.2-snapshot.tgz")


def _official_examples(path: Path) -> list[Resource]:
    with tarfile.open(path) as archive:
        names = [name for name in archive.getnames() if "-example-" in name and name.endswith(".json")]
        bodies = [archive.extractfile(name) for name in names if name.count("/") <= 2]
        return [parse(body.read()) for body in bodies if body is not None]


OURS = ("Patient", "Observation", "DiagnosticReport", "MedicationRequest", "MedicationStatement")
SINGLE_CODED = ("jp-observation-vitalsigns-example-1", "jp-observation-bodyMeasurement-example-1")
"""Examples of JP Core of lifelog items without LOINC code, HL7 category and UCUM unit: the contract refuses them."""


@pytest.mark.shared_data
@pytest.mark.parametrize("package", OFFICIAL)
def test_official_examples_of_japan_are_sound(package: str, shared_data: Path) -> None:
    """Every example of both JP Core packages of a type that we have is taken, but for those coded for Japan alone."""
    resources = _official_examples(shared_data / "fhir" / package)
    ours = [one for one in resources if one["resourceType"] in OURS]
    assert len(ours) >= 10
    assert {one["id"] for one in ours if _errors(one)} == set(SINGLE_CODED)


@pytest.mark.shared_data
def test_the_official_respiration_of_400_is_refused(shared_data: Path) -> None:
    """JP Core's own example, 400 without a UCUM code, has the code of a lifelog item, and so a certain unit to keep."""
    resources = _official_examples(shared_data / "fhir" / JP_PACKAGE)
    breaths = next(one for one in resources if one["id"] == SINGLE_CODED[0])
    assert breaths["valueQuantity"] == {"value": 400, "unit": "回"}
    assert {("required", "Observation.value.code"), ("required", "Observation.code.coding")} <= set(_errors(breaths))


@pytest.mark.parametrize("name", VITAL)
def test_a_japanese_code_calls_for_the_profile(name: str) -> None:
    """Without the LOINC code and the category of HL7 the same measurement is refused: nobody abroad would find it."""
    resource = _unclaimed(_example(name))
    resource["code"]["coding"] = [one for one in resource["code"]["coding"] if one["system"] != "http://loinc.org"]
    del resource["category"][0]
    assert set(_errors(resource)) == {("required", "Observation.code.coding"), ("required", "Observation.category")}


def test_half_a_blood_pressure_is_refused() -> None:
    """Systolic and diastolic as two Observations of their own are no blood pressure."""
    whole = _unclaimed(_example("blood-pressure"))
    for part in whole.pop("component"):
        assert ("required", "Observation.component") in _errors({**whole, **part})


@pytest.mark.shared_data
@pytest.mark.parametrize("minimum", [0, 1])
@pytest.mark.parametrize("name", sorted(load_lifelog()))
def test_the_lifelog_keeps_jp_core_1_1_2_as_well(name: str, minimum: int, shared_data: Path) -> None:
    """Rules of 1.1.2, read at run time as its licence allows no copy, and the second category 1..* of some builds."""
    rules = {url: _with_second_category(rule, minimum) for url, rule in _old_rules(shared_data / "fhir").items()}
    resource = _example(name)
    claimed = [url for url in resource["meta"]["profile"] if url.startswith(JP)]
    assert claimed
    for url in claimed:
        check = Compiler(lambda _url: None, "1.1.2").item(rules[url])
        assert check is not None
        assert check(resource, Root(resource)) is None


@cache
def _old_rules(folder: Path) -> dict[str, Rule]:
    r4, old = read_package(folder / R4_PACKAGE), read_package(folder / OFFICIAL[1])
    tables = profile_tables.tables(Definitions({**old.resources, **r4.resources}))["profiles"]
    return {url: msgspec.convert(table["rules"], Rule) for url, table in tables.items()}


def _with_second_category(rule: Rule, minimum: int) -> Rule:
    category = rule.elements.get("category", Rule())
    slices = {
        key: replace(part, min=minimum) if key.endswith("Category") else part for key, part in category.slices.items()
    }
    return replace(rule, elements={**rule.elements, "category": replace(category, slices=slices)})
