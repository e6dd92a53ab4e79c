"""SMART App Launch: its configuration, and scopes (FHIR-002, 013)."""

from urllib.parse import urlsplit

from conformance.check import check
from conformance.checks.health_fhir.chart import CATEGORY, Chart, chart_of
from conformance.context import Context
from conformance.fhir.capability import interacts, searches, with_smart
from conformance.fhir.server import matches_of
from conformance.target import Target, of_city_os
from conformance.text import Text

LABORATORY = f"{CATEGORY}|laboratory"


@check("FHIR-002", when=(with_smart,))
def configuration(ctx: Context) -> None:
    """Reads .well-known/smart-configuration without a token and looks for the members that its capabilities demand."""
    headers = {"accept": "application/json"}
    reply = ctx.fhir.send("GET", ".well-known/smart-configuration", token="", headers=headers)
    ctx.expect_status("GET .well-known/smart-configuration", reply, 200)
    ctx.expect("content-type", expected="application/json", actual=reply.media_type)
    found = reply.json
    capabilities = found.get("capabilities")
    ctx.require("capabilities", isinstance(capabilities, list) and capabilities, expected="a list", actual=capabilities)
    needed = ["token_endpoint", "grant_types_supported", "code_challenge_methods_supported"]
    launches = {"launch-ehr", "launch-standalone"} & set(capabilities)
    needed += ["authorization_endpoint"] if launches else []
    needed += ["issuer", "jwks_uri"] if "sso-openid-connect" in capabilities else []
    ctx.expect(
        Text("members that are missing", "欠けた項目"),
        expected=[],
        actual=[one for one in needed if not found.get(one)],
    )
    for name in ("token_endpoint", "authorization_endpoint", "jwks_uri"):
        if name in found:
            ctx.require(name, urlsplit(str(found[name])).netloc, expected="an absolute URL", actual=found[name])
    methods = found["code_challenge_methods_supported"]
    ctx.require("S256", "S256" in methods, expected="S256", actual=methods)
    ctx.require("plain", "plain" not in methods, expected="no plain", actual=methods)
    if launches:
        grants = found["grant_types_supported"]
        ctx.require(
            "grant_types_supported", "authorization_code" in grants, expected="authorization_code", actual=grants
        )


def with_role(target: Target) -> Text | None:
    """A condition: the suite is let in as a role's client, so that it can ask for scopes."""
    text = Text(
        "scopes can be asked for only with fhir.access = role", "スコープを求めるには fhir.access = role が要る"
    )
    return None if target.plan.fhir.access == "role" else text


SCOPED = with_smart, with_role, interacts("Patient", "create", "read"), searches("Observation", "code")
WRITTEN = interacts("Observation", "create", "read")


def _token(ctx: Context, scope: str) -> str:
    """A token of the suite's client with a scope."""
    return ctx.city.token(ctx.target.plan.fhir.role, scope=scope)


@check("FHIR-013", "interactions", when=(*SCOPED, WRITTEN))
def scopes_of_interactions(ctx: Context) -> None:
    """Reads, searches and writes with scopes that let only some of it; _include shows only what the scope opens."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    readers, writers, patients = (
        _token(ctx, f"system/{one}") for one in ("Observation.rs", "Observation.c", "Patient.rs")
    )
    place = f"Observation/{made['id']}"
    query = {"code": chart.token, "_include": "Observation:patient"}
    with ctx.control(Text("what the scopes let", "スコープの許すこと")):
        ctx.expect_status("Observation.rs: GET", ctx.fhir.send("GET", place, token=readers), 200)
        ctx.expect_status("Patient.rs: GET", ctx.fhir.send("GET", f"Patient/{chart.patient_id}", token=patients), 200)
        ctx.expect_status("Observation.c: POST", chart.tried(chart.observation(), token=writers), 201)
    refused = {
        "Observation.rs: POST": ctx.fhir.create(chart.observation(), token=readers),
        "Observation.rs: PUT": ctx.fhir.send("PUT", place, {**made, "valueString": "9"}, token=readers),
        "Observation.rs: DELETE": ctx.fhir.send("DELETE", place, token=readers),
        "Observation.rs: GET Patient": ctx.fhir.send("GET", f"Patient/{chart.patient_id}", token=readers),
        "Observation.c: GET": ctx.fhir.send("GET", place, token=writers),
        "Observation.c: search": ctx.fhir.search("Observation", {"code": chart.token}, token=writers),
        "Patient.rs: GET Observation": ctx.fhir.send("GET", place, token=patients),
    }
    for told, reply in refused.items():
        ctx.refused_status(told, reply, 401, 403, 404)
    shown = ctx.fhir.search("Observation", query, token=readers)
    kinds = {row.get("resource", {}).get("resourceType") for row in shown.json.get("entry", [])}
    ctx.expect(
        Text("Observation.rs: what _include shows", "Observation.rs: _include で見えるもの"),
        expected={"Observation"},
        actual=kinds - {"OperationOutcome"},
    )
    ctx.expect("valueString", expected=made["valueString"], actual=chart.read(made).members.get("valueString"))


@check("FHIR-013", "finer", when=(*SCOPED, WRITTEN))
def finer_scopes(ctx: Context) -> None:
    """Reads and searches with a scope for laboratory results only (?category=), beside a token for all."""
    chart = Chart(ctx)
    category = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]
    inside, outside = chart.write(chart.observation(category=category)), chart.write(chart.observation())
    whole, narrow = _token(ctx, "system/Observation.rs"), _token(ctx, f"system/Observation.rs?category={LABORATORY}")
    with ctx.control(Text("a laboratory result, and all with a token for all", "検査結果、全体のトークンではすべて")):
        ctx.expect_status("GET", ctx.fhir.read("Observation", inside["id"], token=narrow), 200)
        ctx.expect_status("GET", ctx.fhir.read("Observation", outside["id"], token=whole), 200)
    reply = ctx.fhir.read("Observation", outside["id"], token=narrow)
    ctx.refused_status(Text("another category", "別の区分"), reply, 401, 403, 404)
    found = ctx.fhir.search("Observation", {"code": chart.token}, token=narrow)
    ctx.expect_status(Text("search", "検索"), found, 200)
    ids = {one["id"] for one in matches_of(found.json)}
    ctx.expect(Text("what a search finds", "検索で見つかるもの"), expected={inside["id"]}, actual=ids)


@check("FHIR-013", "person", when=(of_city_os, with_smart, WRITTEN, searches("Observation", "code")))
def scopes_of_a_person(ctx: Context) -> None:
    """A person's app reads and writes with scopes for reading only, and for laboratory results only."""
    person = ctx.city.person()
    chart = chart_of(ctx, person)
    category = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]
    inside, outside = chart.write(chart.observation(category=category)), chart.write(chart.observation())
    readers = ctx.city.token(person, scope="patient/Observation.rs")
    narrow = ctx.city.token(person, scope=f"patient/Observation.rs?category={LABORATORY}")
    with ctx.control(Text("what the scopes let", "スコープの許すこと")):
        ctx.expect_status("Observation.rs: GET", ctx.fhir.read("Observation", outside["id"], token=readers), 200)
        ctx.expect_status("?category=: GET", ctx.fhir.read("Observation", inside["id"], token=narrow), 200)
    place = f"Observation/{outside['id']}"
    refused = {
        "Observation.rs: POST": ctx.fhir.create(chart.observation(), token=readers),
        "Observation.rs: PUT": ctx.fhir.send("PUT", place, {**outside, "valueString": "9"}, token=readers),
        "Observation.rs: GET Patient": ctx.fhir.send("GET", f"Patient/{chart.patient_id}", token=readers),
        "?category=: GET": ctx.fhir.send("GET", place, token=narrow),
    }
    for attempt, reply in refused.items():
        ctx.refused_status(attempt, reply, 401, 403, 404)
    found = ctx.fhir.search("Observation", {"code": chart.token}, token=narrow)
    ids = {one["id"] for one in matches_of(found.members)}
    ctx.expect(
        Text("?category=: what a search finds", "?category=: 検索で見つかるもの"), expected={inside["id"]}, actual=ids
    )
