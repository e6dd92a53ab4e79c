"""Blood pressure is one Observation with two components (FHIR-006)."""

from conformance.check import check
from conformance.checks.health_fhir.chart import LOINC, Chart, codes_of, is_refused
from conformance.context import Context
from conformance.fhir.capability import interacts
from conformance.fhir.server import Resource
from conformance.text import Text

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
PRESSURE, SYSTOLIC, DIASTOLIC = (LOINC, "85354-9"), (LOINC, "8480-6"), (LOINC, "8462-4")
"""Source: R4 profile bp."""


@check("FHIR-006", when=MADE)
def two_components(ctx: Context) -> None:
    """Writes a whole blood pressure and reads it, then ones without a component, as text, and in one value."""
    chart = Chart(ctx)
    right = chart.vital("blood-pressure", {"systolic": 128, "diastolic": 76})
    with ctx.control(Text("a whole blood pressure", "血圧の全体")):
        reply = chart.tried(right)
        ctx.expect_status("POST", reply, 201)
    read = chart.read(ctx.fhir.stored(reply, "Observation")).json
    ctx.require("code", PRESSURE in codes_of(read), expected=PRESSURE, actual=sorted(codes_of(read)))
    parts = _parts(read)
    expected = {SYSTOLIC: (128, "mm[Hg]"), DIASTOLIC: (76, "mm[Hg]")}
    ctx.expect("component", expected=expected, actual={code: parts.get(code) for code in expected})
    for told, body in _broken(right).items():
        answer = chart.tried(body)
        ctx.refused(told, is_refused(answer), expected="refused", actual=answer.status)


def _parts(resource: Resource) -> dict[tuple[str, str], tuple[object, object]]:
    """Value and unit of each component by each of its codes."""
    found: dict[tuple[str, str], tuple[object, object]] = {}
    for part in resource.get("component", []):
        quantity = part.get("valueQuantity", {})
        found |= {code: (quantity.get("value"), quantity.get("code")) for code in codes_of(part)}
    return found


def _broken(right: Resource) -> dict[Text, Resource]:
    """Blood pressures against the profile."""
    rest = {name: value for name, value in right.items() if name != "component"}
    systolic, diastolic = right["component"]
    return {
        Text("without the diastolic one", "拡張期なし"): {**rest, "component": [systolic]},
        Text("without the systolic one", "収縮期なし"): {**rest, "component": [diastolic]},
        Text("as a text", "文字列"): {**rest, "valueString": "128/76"},
        Text("the systolic one twice", "収縮期が二つ"): {**rest, "component": [systolic, systolic]},
        Text("in one value", "一つの値"): {**rest, "valueQuantity": systolic["valueQuantity"]},
    }
