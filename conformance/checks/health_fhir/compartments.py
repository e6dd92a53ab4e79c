"""Whose data a token reaches at a city OS (FHIR-014, 033, 034)."""

from collections.abc import Iterator
from typing import Any

from conformance.accounts import ClientAccount
from conformance.check import check
from conformance.checks.health_fhir.chart import OWN_DATA, PROBES, Chart, chart_of, is_refused, sample
from conformance.checks.health_fhir.consent import Sharing
from conformance.context import Context
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import Resource
from conformance.target import of_city_os, with_second_person
from conformance.text import Text
from conformance.wire import Reply

WRITTEN = interacts("Observation", "create", "read", "update", "delete")
NOT_THERE = 401, 403, 404
CITY = of_city_os, with_second_person, WRITTEN, searches("Observation", "patient")


@check("FHIR-014", when=CITY)
def other_patients(ctx: Context) -> None:
    """Two people write an Observation; one reads, searches, changes, deletes and writes what is the other's."""
    mine, theirs = (chart_of(ctx, ctx.city.person(number)) for number in (0, 1))
    own, other = mine.write(mine.observation()), theirs.write(theirs.observation())
    with ctx.control(Text("each their own", "それぞれ自分のもの")):
        ctx.expect_status("GET", mine.read(own), 200)
        ctx.expect_status("GET", theirs.read(other), 200)
        ctx.expect("search", expected={own["id"]}, actual=mine.found(code=mine.token))
    for attempt, reply in _attempts(mine, theirs, other):
        ctx.refused(attempt, is_refused(reply), expected="refused", actual=f"{reply.status} {reply.text[:200]}")
    for query in ({"patient": theirs.subject["reference"]}, {"_id": other["id"]}, {"code": theirs.token}):
        found = ctx.fhir.search("Observation", query, **mine.options)
        ids = {row.get("resource", {}).get("id") for row in found.members.get("entry", [])}
        told = Text(f"found by {query}", f"{query} で見つかるもの")
        ctx.require(told, not ids & {other["id"], theirs.patient_id}, expected="nothing", actual=ids)
    kept = theirs.read(other)
    ctx.expect(
        Text("the other's afterwards", "その後の相手のもの"),
        expected=other["valueString"],
        actual=kept.members.get("valueString"),
    )


def _attempts(mine: Chart, theirs: Chart, other: Resource) -> Iterator[tuple[str, Reply]]:
    """What one person tries with the other's record."""
    send, given = mine.ctx.fhir.send, mine.options
    place, patient = f"Observation/{other['id']}", theirs.subject["reference"]
    version = other.get("meta", {}).get("versionId", "1")
    for path in (place, f"{place}/_history/{version}", f"{place}/_history", patient):
        yield f"GET {path}", send("GET", path, **given)
    yield "PUT", send("PUT", place, {**other, "valueString": "9"}, **given)
    yield "PUT (subject of one's own)", send("PUT", place, {**other, "subject": mine.subject}, **given)
    yield "DELETE", send("DELETE", place, **given)
    yield "POST", theirs.tried(theirs.observation(), **given)
    entry = {"request": {"method": "GET", "url": place}}
    yield (
        "GET in a transaction",
        send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}, **given),
    )


def _other_clients(ctx: Context) -> Iterator[ClientAccount]:
    """Clients that act for themselves and may read health data, besides the suite's own."""
    own = ctx.city.role(ctx.target.plan.fhir.role).client_id
    for account in ctx.target.accounts:
        is_alone = "client_credentials" in account.grant_types and bool(account.secret or account.private_jwk)
        if account.client_id != own and is_alone and any(one.startswith("system/") for one in account.scopes):
            yield account


@check(
    "FHIR-034", when=(of_city_os, WRITTEN, interacts("Patient", "create", "read"), searches("Patient", "identifier"))
)
def own_records(ctx: Context) -> None:
    """A client makes a Patient without a city-OS ID, and data; a person and another client look for both."""
    chart = Chart(ctx)
    made = chart.write(chart.observation())
    identifier = f"{PROBES}|{chart.code}"
    with ctx.control(Text("the client itself", "書いた利用者自身")):
        found = {one["id"] for one in ctx.fhir.found("Patient", {"identifier": identifier})}
        ctx.expect("search", expected={chart.patient_id}, actual=found)
        ctx.expect_status("GET", chart.read(made), 200)
    tokens = {"patient/*.cruds": ctx.city.token(ctx.city.person(), scope=OWN_DATA)}
    tokens |= {one.client_id: ctx.city.token(one, scope="system/*.rs") for one in list(_other_clients(ctx))[:2]}
    for told, token in tokens.items():
        for place in (f"Patient/{chart.patient_id}", f"Observation/{made['id']}"):
            ctx.refused_status(f"{told}: {place}", ctx.fhir.send("GET", place, token=token), *NOT_THERE)
        for kind, query in (("Patient", {"identifier": identifier}), ("Observation", {"code": chart.token})):
            rows = ctx.fhir.search(kind, query, token=token).members.get("entry", [])
            ctx.expect(f"{told}: {kind}", expected=[], actual=[row.get("fullUrl") for row in rows])


@check("FHIR-033", alone=True, when=(of_city_os, interacts("Patient", "create", "read")))
def city_os_ids(ctx: Context) -> None:
    """Creates a Patient with the city-OS ID of somebody who consents, of somebody who does not, and of nobody."""
    sharing = Sharing(ctx)
    sharing.give()
    place = f"Patient/{sharing.chart.patient_id}"
    identifier = ctx.fhir.send("GET", place, **sharing.chart.options).members.get("identifier") or [{}]
    system, value = identifier[0].get("system"), identifier[0].get("value")
    known = _create(ctx, system, value)
    ctx.expect_status(Text("of somebody who consents", "同意した人のID"), known, 200)
    ctx.expect("id", expected=sharing.chart.patient_id, actual=ctx.fhir.stored(known, "Patient").get("id"))
    with ctx.control(Text("known while the consent lasts", "同意の間は知られる")):
        ctx.expect_status("GET", ctx.fhir.send("GET", place), 200)
    sharing.withdraw()
    refused, nobody = _create(ctx, system, value), _create(ctx, system, f"{value}-nobody-{ctx.fresh(6)}")
    ctx.refused_status(Text("of somebody who does not consent", "同意しない人のID"), refused, 422)
    ctx.refused_status(Text("of nobody", "居ない人のID"), nobody, 422)
    ctx.expect(Text("what is told of both", "両者への応答"), expected=nobody.members, actual=refused.members)


def _create(ctx: Context, system: Any, value: Any) -> Reply:
    body = {**sample("patient"), "identifier": [{"system": system, "value": value}]}
    reply = ctx.fhir.create(body)
    if reply.status == 201:
        Chart(ctx).forget_later("Patient", str(reply.members.get("id", "")))
    return reply
