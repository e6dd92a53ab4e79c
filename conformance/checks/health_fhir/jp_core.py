"""JP Core: codes beside LOINC, prescriptions, laboratory results and reports (FHIR-003, 008, 009, 010, 037)."""

import json

from conformance.check import check
from conformance.checks.health_fhir.chart import CATEGORY, Chart, codes_of, is_refused
from conformance.checks.health_fhir.vital_signs import MEASURED, judge_category
from conformance.context import Context
from conformance.contract.fhir.documents import examples
from conformance.contract.fhir.lifelog import load_lifelog
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import Resource
from conformance.text import Text

PATIENT = interacts("Patient", "create")
OBSERVED = PATIENT, interacts("Observation", "create", "read")
JP_CATEGORY = "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS"
RP_NUMBERS = "urn:oid:1.2.392.100495.20.3.81", "http://jpfhir.jp/fhir/core/mhlw/IdSystem/Medication-RPGroupNumber"
ORDERS = "urn:oid:1.2.392.100495.20.3.82", "http://jpfhir.jp/fhir/core/mhlw/IdSystem/MedicationAdministrationIndex"
"""Number of the RP, and number within the RP, as JP Core 1.1.2 and 1.2.0 name their systems."""


def _example(chart: Chart, name: str) -> Resource:
    """An example of the contract, about the chart's patient."""
    whole = json.loads(examples()[name])
    whole.pop("id", None)
    text = json.dumps(whole, ensure_ascii=False).replace("Patient/example", chart.subject["reference"])
    return dict(json.loads(text))


@check("FHIR-003", when=OBSERVED)
def both_codes(ctx: Context) -> None:
    """Writes each of the eight items with LOINC and Japanese codes and reads it; blood glucose is no vital sign."""
    chart = Chart(ctx)
    values = {**MEASURED, "respiratory-rate": 16, "blood-glucose": 104}
    for key, item in load_lifelog().items():
        given = values.get(key, {"systolic": 128, "diastolic": 76})
        read = chart.read(chart.write(chart.vital(key, given, plain=False))).json
        expected = {(one["system"], one["code"]) for one in item.codes}
        missing = expected - codes_of(read)
        ctx.expect(Text(f"{key}: codes that are missing", f"{key}: 欠けた符号"), expected=set(), actual=missing)
        if item.specimen is not None:
            found = codes_of(read, "category")
            told = Text(f"{key}: category", f"{key}: 区分")
            no_vital = not {(CATEGORY, "vital-signs"), (JP_CATEGORY, "vital-signs")} & found
            ctx.require(told, no_vital, expected="not vital-signs", actual=sorted(found))


@check("FHIR-037", when=(*OBSERVED, searches("Observation", "patient", "category")))
def body_measurements(ctx: Context) -> None:
    """Writes height and weight as JP Core has them, and searches by its category."""
    judge_category(ctx, JP_CATEGORY, "body-measurement", plain=False)


@check("FHIR-008", when=(PATIENT, interacts("MedicationRequest", "create", "read")))
def numbers_of_prescriptions(ctx: Context) -> None:
    """Writes a prescription and reads its numbers; without the number of the RP, or within the RP, it is refused."""
    chart = Chart(ctx)
    right = _example(chart, "medication-request")
    with ctx.control(Text("a whole prescription", "番号のそろった処方")):
        reply = chart.tried(right)
        ctx.expect_status("POST", reply, 201)
    read = chart.read(ctx.fhir.stored(reply, "MedicationRequest")).json
    kept = {one.get("system") for one in read.get("identifier", [])}
    for told, systems in (("RP", RP_NUMBERS), (Text("within the RP", "RP内の番号"), ORDERS)):
        ctx.expect(told, expected=set(), actual=set(systems) - kept)
        without = [one for one in right["identifier"] if one["system"] not in systems]
        answer = chart.tried({**right, "identifier": without})
        ctx.refused(told, is_refused(answer), expected="refused", actual=answer.status)


@check("FHIR-009", when=OBSERVED)
def text_of_results(ctx: Context) -> None:
    """Writes a laboratory result and reads its code.text; without it, it is refused."""
    chart = Chart(ctx)
    right = chart.vital("blood-glucose", 104, plain=False)
    with ctx.control(Text("a result with code.text", "code.text のある結果")):
        reply = chart.tried(right)
        ctx.expect_status("POST", reply, 201)
    read = chart.read(ctx.fhir.stored(reply, "Observation")).json
    ctx.expect("code.text", expected=right["code"]["text"], actual=read.get("code", {}).get("text"))
    answer = chart.tried({**right, "code": {"coding": right["code"]["coding"]}})
    ctx.refused(
        Text("without code.text", "code.text なし"), is_refused(answer), expected="refused", actual=answer.status
    )


@check("FHIR-010", when=(PATIENT, interacts("DiagnosticReport", "create", "read")))
def category_of_reports(ctx: Context) -> None:
    """Writes a laboratory report and reads its category; with another one, it is refused."""
    chart = Chart(ctx)
    right = _example(chart, "diagnostic-report")
    with ctx.control(Text("a report of category LP29693-6", "区分 LP29693-6 の報告")):
        reply = chart.tried(right)
        ctx.expect_status("POST", reply, 201)
    read = chart.read(ctx.fhir.stored(reply, "DiagnosticReport")).json
    expected = ("http://loinc.org", "LP29693-6")
    found = codes_of(read, "category")
    ctx.require("category", expected in found, expected=expected, actual=sorted(found))
    other = {"coding": [{"system": "http://loinc.org", "code": "LP29684-5"}]}
    answer = chart.tried({**right, "category": [other]})
    ctx.refused("LP29684-5", is_refused(answer), expected="refused", actual=answer.status)
