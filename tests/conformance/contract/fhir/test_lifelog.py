"""The lifelog items carry the codes of both worlds, and the examples are made of them."""

import json
import tomllib
from importlib.resources import files

import pytest

from conformance.contract.fhir.documents import capability, examples
from conformance.contract.fhir.lifelog import load_lifelog, observation
from conformance.contract.fhir.tables import load_profiles, load_types

LOINC = "http://loinc.org"
VITAL_SIGNS = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}


def test_the_eight_items_of_the_seeds() -> None:
    """Height, weight, pressure, temperature, oxygen, respiration, glucose, pulse."""
    assert {item.ja for item in load_lifelog().values()} == {
        "身長", "体重", "血圧", "体温", "血中酸素濃度", "呼吸数", "血糖値", "脈拍",
    }  # fmt: skip


@pytest.mark.parametrize("key", sorted(load_lifelog()))
def test_an_item_is_coded_for_hl7_and_japan(key: str) -> None:
    """A LOINC code and a Japanese one, a profile of JP Core, a category of HL7, units."""
    item = load_lifelog()[key]
    for codes in (item.codes, *(part.codes for part in item.components.values())):
        systems = {code["system"] for code in codes}
        assert LOINC in systems
        assert any("jpfhir" in system or "medis" in system for system in systems)
    assert set(item.profiles) <= set(load_profiles().profiles)
    assert item.categories[0]["system"] == VITAL_SIGNS["system"]
    assert item.units


@pytest.mark.parametrize("key", ["body-height", "body-weight"])
def test_body_measurements_are_found_among_vital_signs(key: str) -> None:
    """JP Core files height and weight elsewhere; they carry the category vital-signs of HL7 besides."""
    item = load_lifelog()[key]
    assert VITAL_SIGNS in item.categories
    assert any(category["code"] == "body-measurement" for category in item.categories)


def test_blood_glucose_is_no_vital_sign() -> None:
    """In R4 it is a result of a laboratory."""
    assert VITAL_SIGNS not in load_lifelog()["blood-glucose"].categories


@pytest.mark.parametrize("key", sorted(load_lifelog()))
def test_the_example_of_an_item_is_made_of_it(key: str) -> None:
    """The example file is what ``observation`` makes of the example's own values."""
    example = json.loads(examples()[key])
    values = {"value": example.get("valueQuantity", {}).get("value")}
    for name, part in zip(load_lifelog()[key].components, example.get("component", ()), strict=True):
        values[name] = part["valueQuantity"]["value"]
    made = observation(key, values, subject="Patient/example", effective=example["effectiveDateTime"])
    assert made == example


def test_the_ten_items_of_prescriptions_and_laboratory_results_have_their_place() -> None:
    """Each of the ten is an element of a type of the tables."""
    text = files("conformance.contract.fhir").joinpath("lifelog.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["elements"]
    assert len(rows) == 10
    for row in rows.values():
        kind, *names = row["path"].split(".")
        for name in names:
            elements = load_types().types[kind].elements
            element = elements.get(name) or elements[f"{name}[x]"]
            kind = "Quantity" if "Quantity" in element.types else element.types[0]


def test_there_is_an_example_of_every_resource_type() -> None:
    """Each type that the contract serves or answers with has an example or is the capability statement."""
    types = {json.loads(body)["resourceType"] for body in examples().values()}
    served = {row["type"] for row in json.loads(capability())["rest"][0]["resource"]}
    assert served == {
        "Patient",
        "Observation",
        "DiagnosticReport",
        "MedicationRequest",
        "MedicationStatement",
        "Consent",
    }
    assert types == served | {"Bundle", "OperationOutcome"}


def test_the_capability_statement_asks_for_what_the_contract_names() -> None:
    """Interactions, conditional ones, transactions, SMART, search by patient and date, profiles that are known."""
    statement = json.loads(capability())
    rest = statement["rest"][0]
    assert (statement["kind"], statement["fhirVersion"]) == ("requirements", "4.0.1")
    assert {one["code"] for one in rest["interaction"]} == {"transaction", "batch"}
    assert rest["security"]["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    for row in rest["resource"]:
        asked = {one["code"] for one in row["interaction"]}
        writing = {"create", "update"} | ({"delete"} if row["type"] != "Consent" else set())
        assert asked == {"read", "vread", "history-instance", "search-type"} | writing
        assert row["conditionalCreate"] is row["conditionalUpdate"] is True
        assert set(row["supportedProfile"]) <= set(load_profiles().profiles)
        names = {one["name"] for one in row["searchParam"]}
        assert "_id" in names
        assert ("_lastUpdated" in names) is (row["type"] not in ("Patient", "Consent"))
        assert row["type"] == "Patient" or "patient" in names
