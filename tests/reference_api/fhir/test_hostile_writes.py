"""Whatever a client puts into a Patient or a Consent, it is kept whole or refused with an outcome."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import HOSPITAL, Ward, check

from conformance.contract.fhir.documents import examples
from reference_api.fhir.patients import CITY_OS_ID

OWN = "patient/*.cruds"
CONSENT: dict[str, Any] = json.loads(examples()["consent"])
PATIENT: dict[str, Any] = json.loads(examples()["patient"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["system", "code", "value", "reference", "extension"]), inner, max_size=3)
    ),
    max_leaves=6,
)
SPLIT = {"extension": [{"url": "urn:x", "valueCode": "x"}]}
"""Of an element that has extensions and no value."""


def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A copy with something else at one place: another value, no value, a new member or extensions only."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        change = draw(st.sampled_from(["inner", "inner", "inner", "gone", "new", "split"]))
        others = {key: inner for key, inner in value.items() if key != name}
        if change == "inner":
            return others | {name: mutated(draw, value[name])}
        return others | {"gone": {}, "new": {name: value[name], "id": "x"}, "split": {f"_{name}": SPLIT}}[change]
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], mutated(draw, value[place]), *value[place:]]
    return draw(JSON)


@st.composite
def consents(draw: st.DrawFn) -> Any:
    """A Consent that is nearly right."""
    return mutated(draw, CONSENT)


@st.composite
def patients(draw: st.DrawFn) -> Any:
    """A Patient that is nearly right, with a city-OS ID or without."""
    identifier = [{"system": CITY_OS_ID, "value": draw(st.sampled_from(["c0", "nobody", "", "\U00020bb7|,"]))}]
    return mutated(draw, PATIENT | ({"identifier": identifier} if draw(st.booleans()) else {}))


def of_c0(ward: Ward, value: Any) -> Any:
    """The same of the Patient of c0."""
    return json.loads(json.dumps(value).replace('"Patient/example"', f'"Patient/{ward.patient("c0")}"'))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(consents())
def test_any_consent_is_answered(ward: Ward, value: Any) -> None:
    """As a new one and as an update; what is accepted is what is read."""
    body = of_c0(ward, value)
    made = ward.call("POST", "Consent", "c0", body, scope=OWN)
    check(made)
    if made.status == 201:
        assert ward.call("GET", f"Consent/{made.json['id']}", "c0", scope=OWN).json == made.json
    known = ward.search("Consent?_count=1", "c0", scope=OWN)[0]["id"]
    if isinstance(body, dict):
        check(ward.call("PUT", f"Consent/{known}", "c0", body | {"id": known}, scope=OWN))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patients())
def test_any_patient_is_answered(ward: Ward, value: Any) -> None:
    """By a create, a transaction and an update; what is created is read as it was written."""
    made = ward.call("POST", "Patient", HOSPITAL, value)
    check(made)
    entry = {"request": {"method": "POST", "url": "Patient"}, "resource": value}
    check(ward.call("POST", "", HOSPITAL, {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}))
    if made.status == 201:
        patient_id = made.json["id"]
        written = {name: inner for name, inner in made.json.items() if name not in ("id", "meta")}
        assert written == {name: inner for name, inner in value.items() if name not in ("id", "meta")}
        check(ward.call("PUT", f"Patient/{patient_id}", HOSPITAL, value | {"id": patient_id}))


def test_another_resource_is_no_patient(ward: Ward) -> None:
    """A body of another type is refused, whatever identifier it bears."""
    body = ward.pulse("c0") | {"identifier": [{"system": CITY_OS_ID, "value": "c0"}]}
    assert ward.call("POST", "Patient", HOSPITAL, body).status == 400


def test_a_status_of_extensions_only_is_refused(ward: Ward) -> None:
    """An element without value is none, even where it may be left out by R4."""
    body = of_c0(ward, {name: value for name, value in CONSENT.items() if name != "status"} | {"_status": SPLIT})
    assert ward.call("POST", "Consent", "c0", body, scope=OWN).status == 422
