"""Resources as they are written: digits, characters, wrong forms, and what is read again (FHIR-017, 025, 046)."""

import json
from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.health_fhir.chart import PROBES, Chart, is_refused, sample
from conformance.context import Context
from conformance.fhir.capability import Capability, interacts
from conformance.fhir.server import Resource
from conformance.text import Text
from conformance.wire import Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
MARK = 987654321
"""A number that stands where the digits under test are put into the text of a resource."""

DIGITS = ("97.0", "36.50", "0.010", "100", "1.000000000001")
"""Source: R4 datatypes.html#decimal: 0.010 is regarded as different to 0.01."""

TEXTS = (
    "𠮷野家",
    "葛\U000e0100城市",
    "辻\ufe00",
    "ｶﾅ ｆｕｌｌ Ａ１",
    "한글 é e\u0301 ß",
    "👩\u200d👩\u200d👧 🇯🇵",
    'quote " backslash \\ tab\t',
)
"""Beyond the basic plane, variation selectors, half and full width, composed and not, joined signs, escapes.

Source: JP Core guide on character encoding; RFC 8259 section 7.
"""


def _as_text(resource: Resource, digits: str) -> str:
    return json.dumps(resource, ensure_ascii=False).replace(str(MARK), digits)


def _digits(reply: Reply) -> str:
    """The value of a quantity as it is written in an answer."""
    try:
        return str(json.loads(reply.body, parse_float=str, parse_int=str)["valueQuantity"]["value"])
    except (ValueError, KeyError, TypeError):
        return reply.text[:200]


@check("FHIR-017", when=MADE)
def digits_and_characters(ctx: Context) -> None:
    """Writes decimals of several precisions and texts of many kinds, and reads them by read, vread and search."""
    chart, says = Chart(ctx), Capability(ctx.target.capability)
    quantity = {"value": MARK, "unit": "1", "system": "http://unitsofmeasure.org", "code": "1"}
    body = chart.observation(valueString=None, valueQuantity=quantity)
    for digits in DIGITS:
        made = chart.write(_as_text(body, digits))
        ctx.expect(f"read {digits}", expected=digits, actual=_digits(chart.read(made)))
        version = made.get("meta", {}).get("versionId")
        if says.does("Observation", "vread") and version:
            old = ctx.fhir.send("GET", f"Observation/{made['id']}/_history/{version}")
            ctx.expect(f"vread {digits}", expected=digits, actual=_digits(old))
    notes = [{"text": text} for text in TEXTS]
    made = chart.write(chart.observation(note=notes))
    ctx.expect(Text("texts", "文字列"), expected=notes, actual=chart.read(made).json.get("note"))
    if says.does("Observation", "search-type") and says.parameter("Observation", "_id"):
        (found,) = ctx.fhir.found("Observation", {"_id": made["id"]}) or [{}]
        ctx.expect(Text("texts in a search", "検索での文字列"), expected=notes, actual=found.get("note"))


@check("FHIR-025", when=MADE)
def wrong_forms(ctx: Context) -> None:
    """Creates one right resource, and one of each form that R4's JSON and data types forbid."""
    chart = Chart(ctx)
    with ctx.control(Text("a right resource", "正しい資源")):
        ctx.expect_status("POST", chart.tried(chart.observation()), 201)
    for form in ctx.draws.shuffled(sample("bad_forms")):
        body = {**chart.observation(), **form["change"]}
        for name in form.get("drop", ()):
            del body[name]
        reply = chart.tried(body)
        ctx.refused(Text(form["en"], form["ja"]), is_refused(reply), expected="refused", actual=reply.status)
    reply = chart.tried("[]")
    ctx.refused(Text("an array", "配列"), is_refused(reply), expected="refused", actual=reply.status)


OWN_MEMBERS = ("id", "meta", "text")
"""What a server sets or may add. Source: R4 http.html#create, updates.html."""


def _rich(chart: Chart) -> Resource:
    """A resource with most of the data types, extensions of a primitive, and an explicit order in arrays."""
    quantity = {"value": 12, "comparator": "<", "unit": "回", "system": "http://unitsofmeasure.org", "code": "1"}
    part = {"coding": [{"system": PROBES, "code": "part", "display": "部分", "userSelected": True}], "text": "部分"}
    return chart.observation(
        identifier=[{"system": PROBES, "value": "2"}, {"system": PROBES, "value": "1", "use": "secondary"}],
        valueString=None,
        effectiveDateTime=None,
        effectivePeriod={"start": "2027-01-15T07:00:00+09:00", "end": "2027-01-15T08:30:00.250+09:00"},
        issued="2027-01-15T09:00:00.000+09:00",
        note=[{"text": "二つ目\n改行", "time": "2027-01-15"}, {"text": "first"}],
        component=[
            {"code": part, "valueQuantity": quantity},
            {"code": part, "valueBoolean": False},
            {"code": part, "valueRatio": {"numerator": quantity, "denominator": {"value": 1}}},
        ],
        extension=[{"url": f"{PROBES}/remark", "valueCode": "x"}],
        _status={"extension": [{"url": f"{PROBES}/why", "valueString": "理由"}]},
    )


@check("FHIR-046", when=MADE)
def same_content(ctx: Context) -> None:
    """Writes a rich resource, a body temperature and a laboratory result, and compares what is read."""
    chart = Chart(ctx)
    glucose = chart.vital("blood-glucose", 104)
    for sent in (_rich(chart), chart.vital("body-temperature", 36.5), glucose):
        read = chart.read(chart.write(sent))
        ctx.expect_status("GET", read, 200)
        ctx.expect(str(sent["code"].get("text")), expected=_content(sent), actual=_content(read.json))


def _content(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in OWN_MEMBERS}
