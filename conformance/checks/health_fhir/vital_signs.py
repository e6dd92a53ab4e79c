"""HL7 vital signs (FHIR-004, 005, 007, 018, 036)."""

from typing import Any

from conformance.check import check
from conformance.checks.health_fhir.chart import CATEGORY, LOINC, Chart, codes_of, is_refused
from conformance.context import Context
from conformance.contract.fhir.lifelog import load_lifelog
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import Resource
from conformance.text import Text

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
UCUM = "http://unitsofmeasure.org"
VITAL = (CATEGORY, "vital-signs")

MEASURED = {
    "body-height": 170.5,
    "body-weight": 60.2,
    "body-temperature": 36.5,
    "oxygen-saturation": 97,
    "pulse-rate": 72,
}
"""Items with one value, but breaths, which have a requirement of their own (FHIR-018)."""

WRONG_UNITS = {
    "body-height": ("m", "mm"),
    "body-weight": ("[stone_av]", "t"),
    "body-temperature": ("K", "cel"),
    "oxygen-saturation": ("1", "[ppm]"),
    "pulse-rate": ("Hz", "{beats}/min"),
}
"""UCUM codes, and what looks like one, outside of the profiles. Source: R4 observation-vitalsigns.html, units."""


def _quantity(value: Any, code: str | None, system: str | None = UCUM, unit: str = "") -> dict[str, Any]:
    whole = {"value": value, "unit": unit or code, "system": system, "code": code}
    return {name: member for name, member in whole.items() if member}


@check("FHIR-004", when=MADE)
def units(ctx: Context) -> None:
    """Writes each vital sign in every unit allowed and reads it, then in others and without a code."""
    chart = Chart(ctx)
    for item, value in MEASURED.items():
        for code in load_lifelog()[item].units:
            sent = _quantity(value, code)
            with ctx.control(Text(f"{item} in {code}", f"{item} を {code} で")):
                reply = chart.tried(chart.vital(item, value, valueQuantity=sent))
                ctx.expect_status("POST", reply, 201)
            read = chart.read(ctx.fhir.stored(reply, "Observation")).json.get("valueQuantity", {})
            expected = (sent["system"], sent["code"])
            ctx.expect(f"{item}: system, code", expected=expected, actual=(read.get("system"), read.get("code")))
        right = load_lifelog()[item].units[0]
        wrong = [_quantity(value, code) for code in WRONG_UNITS[item]]
        wrong += [_quantity(value, right, "http://snomed.info/sct"), _quantity(value, None, unit=right)]
        for given in wrong:
            reply = chart.tried(chart.vital(item, value, valueQuantity=given))
            told = f"{item}: {given}"
            ctx.refused(told, is_refused(reply), expected="refused", actual=reply.status)


@check("FHIR-018", when=MADE)
def breaths_without_unit(ctx: Context) -> None:
    """Writes 16 breaths a minute, then 400 without a UCUM code, in words only, and with a code of no unit."""
    chart = Chart(ctx)
    with ctx.control(Text("16 breaths a minute", "呼吸数16回毎分")):
        ctx.expect_status("POST", chart.tried(chart.vital("respiratory-rate", 16)), 201)
    words = _quantity(400, None, None, unit="breaths/minute")
    for given in ({"value": 400}, words, _quantity(400, "bpm"), _quantity(400, "/min", None)):
        reply = chart.tried(chart.vital("respiratory-rate", 400, valueQuantity=given))
        ctx.refused(f"{given}", is_refused(reply), expected="refused", actual=reply.status)


def _broken(chart: Chart) -> dict[str, Resource]:
    """Pulse rates against each of the invariants."""
    right = chart.vital("pulse-rate", 72)
    part = {"code": {"coding": [{"system": LOINC, "code": "8867-4"}]}}
    return {
        "vs-1: effectiveDateTime 2027-01": {**right, "effectiveDateTime": "2027-01"},
        "vs-1: effectiveDateTime 2027": {**right, "effectiveDateTime": "2027"},
        "vs-2: no value, no dataAbsentReason": {name: one for name, one in right.items() if name != "valueQuantity"},
        "vs-3: a component without both": {**right, "component": [part]},
    }


@check("FHIR-005", when=MADE)
def invariants(ctx: Context) -> None:
    """Writes a pulse rate that is right, one whose value is absent for a reason, and one against each invariant."""
    chart = Chart(ctx)
    reason = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}
    right = chart.vital("pulse-rate", 72)
    absent = chart.vital("pulse-rate", 72, valueQuantity=None, dataAbsentReason=reason)
    for told, body in (("value", right), ("day", {**right, "effectiveDateTime": "2027-01-15"}), ("absent", absent)):
        with ctx.control(told):
            ctx.expect_status(f"POST ({told})", chart.tried(body), 201)
    for told, body in _broken(chart).items():
        reply = chart.tried(body)
        ctx.refused(told, is_refused(reply), expected="refused", actual=reply.status)


@check("FHIR-036", when=MADE)
def category_and_code(ctx: Context) -> None:
    """Writes each vital sign and reads it: its category is vital-signs, its code the LOINC code of the profile."""
    chart = Chart(ctx)
    for item, value in {**MEASURED, "respiratory-rate": 16}.items():
        read = chart.read(chart.write(chart.vital(item, value))).json
        code = next((LOINC, one["code"]) for one in load_lifelog()[item].codes if one["system"] == LOINC)
        found = codes_of(read, "category")
        ctx.require(f"{item}: category", VITAL in found, expected=VITAL, actual=sorted(found))
        ctx.require(f"{item}: code", code in codes_of(read), expected=code, actual=sorted(codes_of(read)))


@check("FHIR-007", when=(*MADE, searches("Observation", "patient", "category")))
def found_by_category(ctx: Context) -> None:
    """Writes height, weight and something that is no vital sign, and searches by the category."""
    judge_category(ctx, CATEGORY, "vital-signs", plain=True)


def judge_category(ctx: Context, system: str, code: str, *, plain: bool) -> None:
    """Demand that a search by a category finds height and weight, and nothing that is not of it."""
    chart = Chart(ctx)
    written = {item: chart.vital(item, MEASURED[item], plain=plain) for item in ("body-height", "body-weight")}
    ids = {item: str(chart.write(body)["id"]) for item, body in written.items()}
    other = str(chart.write(chart.observation())["id"])
    patient = chart.subject["reference"]
    with ctx.control(Text("all of the patient", "患者のすべて")):
        ctx.expect("patient", expected={*ids.values(), other}, actual=chart.found(patient=patient))
    for value in (code, f"{system}|{code}"):
        found = chart.found(patient=patient, category=value)
        ctx.expect(f"category={value}", expected=set(ids.values()), actual=found)
