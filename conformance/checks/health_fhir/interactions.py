"""Create, read, update and delete of single resources (FHIR-019, 020, 026, 038, 047)."""

import re

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart, chart_of, is_refused
from conformance.context import Context
from conformance.fhir.capability import Capability, declares, interacts
from conformance.fhir.server import Resource
from conformance.text import Text

LOCATION = re.compile(
    r"(?:.*/)?Observation/(?P<id>[A-Za-z0-9.\-]{1,64})(?:/_history/(?P<version>[A-Za-z0-9.\-]{1,64}))?"
)
"""Source: R4 http.html#create; id: datatypes.html#id."""

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")


@check("FHIR-038", when=MADE)
def create_names_what_it_made(ctx: Context) -> None:
    """Creates a resource whose body brings an id, a version and a time, and looks at the answer and what is there."""
    chart = Chart(ctx)
    given = {"versionId": "4711", "lastUpdated": "2001-01-01T00:00:00Z"}
    body = chart.observation(id=f"own-{ctx.fresh(6)}".replace("_", "-"), meta=given)
    reply = chart.tried(body)
    ctx.expect_status(Text("POST Observation", "Observation の作成"), reply, 201)
    place = LOCATION.fullmatch(reply.header("location"))
    ctx.require("Location", place, expected="[base]/Observation/[id]/_history/[vid]", actual=reply.header("location"))
    assert place is not None  # noqa: S101 - demanded above
    ctx.require("id", place["id"] != body["id"], expected="an id of the server's own", actual=place["id"])
    read = ctx.fhir.read("Observation", place["id"])
    ctx.expect_status(Text("GET of the Location", "Location の読み取り"), read, 200)
    ctx.expect("id", expected=place["id"], actual=read.json.get("id"))
    meta = read.json.get("meta", {})
    updated = str(meta.get("lastUpdated", ""))
    ctx.require(
        "meta.lastUpdated", updated and not updated.startswith("2001"), expected="the time of now", actual=updated
    )
    if Capability(ctx.target.capability).keeps_versions("Observation"):
        version = meta.get("versionId")
        ctx.require("meta.versionId", version and version != "4711", expected="of the server", actual=version)
        ctx.expect(Text("version of the Location", "Location の版"), expected=version, actual=place["version"])


@check("FHIR-019", when=(*MADE, interacts("Observation", "delete")))
def deleted(ctx: Context) -> None:
    """Creates, changes and deletes a resource; reads it, its versions, searches it and deletes it again."""
    chart, says = Chart(ctx), Capability(ctx.target.capability)
    made = chart.write(chart.observation())
    versions = _versions(ctx, chart, made)
    place = f"Observation/{made['id']}"
    with ctx.control("GET before the deletion"):
        ctx.expect_status("GET", chart.read(made), 200)
    ctx.expect_status("DELETE", ctx.fhir.send("DELETE", place), 200, 202, 204)
    tracks = says.keeps_versions("Observation") or says.does("Observation", "history-instance")
    expected = (410,) if tracks else (404, 410)
    ctx.refused_status(Text("GET of what was deleted", "消したものの読み取り"), chart.read(made), *expected)
    again = ctx.fhir.send("DELETE", place)
    ctx.expect_status(Text("DELETE of what was deleted", "消したものの削除"), again, 200, 202, 204)
    if says.does("Observation", "search-type") and says.parameter("Observation", "code"):
        found = chart.found(code=chart.token)
        ctx.expect(Text("found after the deletion", "消した後の検索"), expected=set(), actual=found)
    for version, value in versions.items() if says.does("Observation", "vread") else ():
        old = ctx.fhir.send("GET", f"{place}/_history/{version}")
        ctx.expect_status(Text("vread of a version before", "消す前の版のvread"), old, 200)
        ctx.expect(f"vread {version}: valueString", expected=value, actual=old.json.get("valueString"))


def _versions(ctx: Context, chart: Chart, made: Resource) -> dict[str, str]:
    """Contents by version of a resource that is changed once, if the server can."""
    versions = {str(made.get("meta", {}).get("versionId", "")): str(made["valueString"])}
    if Capability(ctx.target.capability).does("Observation", "update"):
        changed = chart.update({**made, "valueString": "8"})
        if changed.status == 200:
            shown = chart.read(made).members
            versions[str(shown.get("meta", {}).get("versionId", ""))] = "8"
    return {version: value for version, value in versions.items() if version}


@check("FHIR-020", when=(*MADE, interacts("Observation", "update")))
def update_of_another_id(ctx: Context) -> None:
    """Updates with the right id, then with another one, without any, and as another type; nothing of that is stored."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    place = f"Observation/{made['id']}"
    with ctx.control(Text("PUT with the id of the URL", "URLと同じ id での更新")):
        ctx.expect_status("PUT", chart.update({**made, "valueString": "8"}), 200)
    other = {**made, "id": f"other-{ctx.draws.number(10**6)}", "valueString": "9"}
    without = {name: value for name, value in made.items() if name != "id"} | {"valueString": "9"}
    for told, body in ((Text("another id", "違う id"), other), (Text("no id", "id なし"), without)):
        ctx.refused_status(told, ctx.fhir.send("PUT", place, body), 400)
    chart.forget_later("Observation", str(other["id"]))
    patient = {"resourceType": "Patient", "id": made["id"], "active": True}
    reply = ctx.fhir.send("PUT", place, patient)
    ctx.refused(Text("another type", "違う型"), is_refused(reply), expected="refused", actual=reply.status)
    kept = chart.read(made).members.get("valueString")
    ctx.expect(Text("what is there afterwards", "その後の内容"), expected="8", actual=kept)


@check("FHIR-026", when=(*MADE, declares("Observation", "referencePolicy", "enforced")))
def references_are_enforced(ctx: Context) -> None:
    """Creates Observations of a Patient who is there and of one who is not, with the suite's token and a person's."""
    chart = Chart(ctx)
    with ctx.control(Text("a Patient who is there", "居る患者への参照")):
        ctx.expect_status("POST", chart.tried(chart.observation()), 201)
    dangling = {"reference": f"Patient/nobody-{ctx.draws.number(10**9)}"}
    _judge_dangling(ctx, chart, chart.observation(subject=dangling))
    if ctx.target.is_city_os and ctx.target.people:
        own = chart_of(ctx, ctx.city.person())
        with ctx.control(Text("a person of themselves", "本人についての記録")):
            ctx.expect_status("POST", own.tried(own.observation()), 201)
        _judge_dangling(ctx, own, own.observation(subject={"reference": f"Patient/a{10**8 + ctx.draws.number(10**8)}"}))


def _judge_dangling(ctx: Context, chart: Chart, resource: Resource) -> None:
    reply = chart.tried(resource)
    told = Text("a Patient who is not there", "居ない患者への参照")
    ctx.refused(told, is_refused(reply), expected="refused (referencePolicy enforced)", actual=reply.status)


@check("FHIR-047", when=MADE)
def unknown_ids(ctx: Context) -> None:
    """Reads and updates an id that nobody has."""
    chart, says = Chart(ctx), Capability(ctx.target.capability)
    made = chart.write(chart.observation())
    with ctx.control(Text("an id that is there", "有る id")):
        ctx.expect_status("GET", chart.read(made), 200)
    number = f"nobody-{ctx.draws.number(10**9)}"
    ctx.refused_status(Text("GET of an unknown id", "無い id の読み取り"), ctx.fhir.read("Observation", number), 404)
    if not says.does("Observation", "update"):
        return
    chart.forget_later("Observation", number)
    reply = ctx.fhir.send("PUT", f"Observation/{number}", chart.observation(id=number))
    creates = says.kind("Observation").get("updateCreate")
    told = Text("PUT of an unknown id", "無い id への更新")
    if creates is True:
        ctx.expect_status(told, reply, 201)
        ctx.expect_status(Text("GET of it afterwards", "その後の読み取り"), ctx.fhir.read("Observation", number), 200)
    elif creates is False:
        ctx.refused_status(told, reply, 400, 403, 404, 405, 409, 422)
