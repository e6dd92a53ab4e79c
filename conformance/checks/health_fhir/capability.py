"""What the server says of itself (FHIR-001), and how it sends resources (FHIR-039)."""

from collections import Counter
from typing import Any

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart
from conformance.context import Context
from conformance.fhir.capability import Capability, interacts, of_fhir, rows_of
from conformance.fhir.server import FHIR_JSON
from conformance.text import Text
from conformance.wire import Reply

INTERACTIONS = {
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type",
}  # fmt: skip
"""Source: ValueSet type-restful-interaction, R4 4.0.1."""


def statement(ctx: Context) -> Reply:
    """The answer to a request for the CapabilityStatement, asked for without a token if that is enough."""
    reply = ctx.fhir.send("GET", "metadata", token="")
    return ctx.fhir.send("GET", "metadata") if reply.status == 401 else reply


@check("FHIR-001", when=(of_fhir,))
def capability_statement(ctx: Context) -> None:
    """Reads the CapabilityStatement: R4 4.0.1, JSON, the members that must be there, each type and code once."""
    reply = statement(ctx)
    ctx.expect_status(Text("GET metadata", "metadata の読み取り"), reply, 200)
    found = reply.json
    ctx.require("resourceType", isinstance(found, dict), expected="object", actual=type(found).__name__)
    ctx.expect("resourceType", expected="CapabilityStatement", actual=found.get("resourceType"))
    ctx.expect("fhirVersion", expected="4.0.1", actual=found.get("fhirVersion"))
    ctx.expect_in("status", expected=("draft", "active", "retired", "unknown"), actual=found.get("status"))
    ctx.expect_in("kind", expected=("instance", "capability", "requirements"), actual=found.get("kind"))
    ctx.require("date", isinstance(found.get("date"), str), expected="a date", actual=found.get("date"))
    formats = found.get("format")
    named = isinstance(formats, list) and {"json", FHIR_JSON, "application/json"} & {str(one) for one in formats}
    ctx.require("format", named, expected=FHIR_JSON, actual=formats)
    if found["kind"] == "instance":
        actual = found.get("implementation")
        ctx.require("implementation (cpb-15)", isinstance(actual, dict), expected="present", actual=actual)
    _judge_types(ctx, found)


def _judge_types(ctx: Context, found: dict[str, Any]) -> None:
    rest = Capability(found).rest
    ctx.require("rest.mode = server", rest, expected="present", actual=found.get("rest"))
    rows = rows_of(rest.get("resource"))
    doubles = [name for name, count in Counter(str(row.get("type")) for row in rows).items() if count > 1]
    ctx.expect(Text("types named twice (cpb-9)", "二度現れる資源型(cpb-9)"), expected=[], actual=doubles)
    for row in rows:
        codes = [one.get("code") for one in rows_of(row.get("interaction"))]
        unknown = [code for code in codes if code not in INTERACTIONS]
        ctx.expect(f"{row.get('type')}.interaction", expected=[], actual=unknown)
        names = [one.get("name") for one in rows_of(row.get("searchParam"))]
        twice = [name for name, count in Counter(names).items() if count > 1]
        ctx.expect(f"{row.get('type')}.searchParam (cpb-12)", expected=[], actual=twice)


@check("FHIR-039", when=(interacts("Observation", "create", "read"), interacts("Patient", "create")))
def media_type(ctx: Context) -> None:
    """Reads a resource and looks at the media type, its charset and whether it is UTF-8."""
    chart = Chart(ctx)
    read = chart.read(chart.write(chart.observation(valueString="𠮷野家")))
    ctx.expect_status("GET Observation", read, 200)
    ctx.expect("content-type", expected=FHIR_JSON, actual=read.media_type)
    charset = read.header("content-type").lower().partition("charset=")[2].strip('" ;')
    ctx.expect_in("charset", expected=("", "utf-8", "utf8"), actual=charset)
    ctx.require("BOM", not read.body.startswith(b"\xef\xbb\xbf"), expected="none", actual=read.body[:3])
    ctx.expect("valueString", expected="𠮷野家", actual=read.json.get("valueString"))
