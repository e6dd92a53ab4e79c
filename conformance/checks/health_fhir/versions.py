"""Versions: entity tags, conditional reads and histories (FHIR-028, 029, 044)."""

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart
from conformance.context import Context
from conformance.fhir.capability import Capability, declares, interacts
from conformance.text import Text
from conformance.wire import Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
VERSIONED = declares("Observation", "versioning", "versioned", "versioned-update")


@check("FHIR-028", when=(*MADE, interacts("Observation", "update"), VERSIONED))
def entity_tags(ctx: Context) -> None:
    """Looks at the ETag of create, read, update and vread, beside the version of the resource."""
    chart, says = Chart(ctx), Capability(ctx.target.capability)
    made = chart.tried(chart.observation())
    first = ctx.fhir.stored(made, "Observation")
    chart.forget_later("Observation", str(first.get("id", "")))
    version = first.get("meta", {}).get("versionId")
    ctx.require("meta.versionId", version, expected="a version (versioning is declared)", actual=version)
    ctx.expect("POST: ETag", expected=_tag(first), actual=made.header("etag"))
    read = chart.read(first)
    ctx.expect("GET: ETag", expected=_tag(read.json), actual=read.header("etag"))
    changed = chart.update({**first, "valueString": "8"})
    ctx.expect_status("PUT", changed, 200)
    again = chart.read(first)
    tags = (changed.header("etag"), again.header("etag"))
    ctx.expect("PUT, GET: ETag", expected=(_tag(again.json), _tag(again.json)), actual=tags)
    ctx.require(
        Text("the version of the update", "更新の版"),
        _tag(again.json) != _tag(first),
        expected=f"another than {_tag(first)}",
        actual=_tag(again.json),
    )
    if says.does("Observation", "vread"):
        old = ctx.fhir.send("GET", f"Observation/{first['id']}/_history/{first['meta']['versionId']}")
        ctx.expect("vread: ETag", expected=_tag(first), actual=old.header("etag"))


def _tag(resource: object) -> str:
    meta = resource.get("meta", {}) if isinstance(resource, dict) else {}
    return f'W/"{meta.get("versionId", "")}"'


@check("FHIR-044", when=(*MADE, declares("Observation", "conditionalRead", "not-match", "full-support")))
def not_modified(ctx: Context) -> None:
    """Reads with If-None-Match of the present version, of another one, and after a change."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    place = f"Observation/{made['id']}"
    tag = _tag(made) if made.get("meta", {}).get("versionId") else chart.read(made).header("etag")
    with ctx.control(Text("If-None-Match of another version", "別の版の If-None-Match")):
        ctx.expect_status("GET", _unless(ctx, place, 'W/"not-this-one"'), 200)
    same = _unless(ctx, place, tag)
    ctx.expect_status(Text("If-None-Match of the present version", "今の版の If-None-Match"), same, 304)
    ctx.expect(Text("body of 304", "304 の本文"), expected=b"", actual=same.body)
    if Capability(ctx.target.capability).does("Observation", "update"):
        ctx.expect_status("PUT", chart.update({**made, "valueString": "8"}), 200)
        changed = _unless(ctx, place, tag)
        ctx.expect_status(Text("the old version after a change", "変更後に古い版で"), changed, 200)
        ctx.expect("valueString", expected="8", actual=changed.members.get("valueString"))


def _unless(ctx: Context, place: str, tag: str) -> Reply:
    return ctx.fhir.send("GET", place, headers={"if-none-match": tag})


@check("FHIR-029", when=(*MADE, interacts("Observation", "update", "history-instance")))
def history(ctx: Context) -> None:
    """Creates, changes and deletes a resource and reads its history, on all of its pages."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    place = f"Observation/{made['id']}"
    methods, values = ["PUT", "POST"], ["8", "7"]
    ctx.expect_status("PUT", chart.update({**made, "valueString": "8"}), 200)
    if Capability(ctx.target.capability).does("Observation", "delete"):
        ctx.expect_status("DELETE", ctx.fhir.send("DELETE", place), 200, 202, 204)
        methods = ["DELETE", *methods]
    rows = []
    for page in ctx.fhir.bundles(ctx.fhir.send("GET", f"{place}/_history")):
        ctx.expect_status("GET _history", page, 200)
        ctx.expect("Bundle.type", expected="history", actual=page.json.get("type"))
        rows += page.json.get("entry", [])
    told = Text("entries, newest first", "項目(新しい順)")
    ctx.expect(told, expected=methods, actual=[_method(row) for row in rows])
    shown = [row["resource"].get("valueString") for row in rows if _method(row) != "DELETE" and "resource" in row]
    ctx.expect(Text("contents, newest first", "内容(新しい順)"), expected=values, actual=shown)


def _method(row: dict[str, dict[str, str]]) -> str:
    return row.get("request", {}).get("method", "DELETE" if "resource" not in row else "")
