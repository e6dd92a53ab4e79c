"""Bundles that are done as a whole, or one by one (FHIR-021)."""

import uuid
from typing import Any

from conformance.check import check
from conformance.checks.health_fhir.chart import PROBES, Chart, sample
from conformance.context import Context
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import Resource
from conformance.text import Text
from conformance.wire import Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read", "update")


def _entry(method: str, url: str, resource: Resource | None = None, name: str = "") -> dict[str, Any]:
    given: dict[str, Any] = {"fullUrl": name} if name else {}
    given["request"] = {"method": method, "url": url}
    return given | ({} if resource is None else {"resource": resource})


def _perform(ctx: Context, kind: str, entries: list[dict[str, Any]]) -> Reply:
    return ctx.fhir.send("POST", "", {"resourceType": "Bundle", "type": kind, "entry": entries})


def _forget(chart: Chart, reply: Reply) -> None:
    for row in reply.members.get("entry", []):
        place = str(row.get("response", {}).get("location", "")).partition("/_history")[0].split("/")
        if len(place) > 1:
            chart.forget_later(place[-2], place[-1])


def _statuses(reply: Reply) -> list[str]:
    return [str(row.get("response", {}).get("status", ""))[:3] for row in reply.members.get("entry", [])]


@check("FHIR-021", "transaction", when=(*MADE, searches("Observation", "code"), interacts("", "transaction")))
def all_or_nothing(ctx: Context) -> None:
    """Performs a transaction whose entries refer to each other, then ones with an entry that cannot be done."""
    chart = Chart(ctx)
    _linked(ctx, chart)
    stored = chart.write(chart.observation())
    place = f"Observation/{stored['id']}"
    bad = [
        _entry("POST", "NoSuchType", {"resourceType": "NoSuchType"}),
        _entry("PUT", place, {**stored, "id": "another-id", "valueString": "9"}),
    ]
    for number, wrong in enumerate(bad):
        fresh = Chart(ctx, patient=chart.patient_id)
        good = _entry("POST", "Observation", fresh.observation(), f"urn:uuid:{uuid.uuid4()}")
        entries = [good, wrong] if number == 0 else ctx.draws.shuffled([good, wrong])
        reply = _perform(ctx, "transaction", entries)
        _forget(chart, reply)
        told = Text("a transaction with an entry that cannot be done", "できない項目のある transaction")
        ctx.refused(told, reply.status >= 400, expected="4xx or 5xx", actual=f"{reply.status} {_statuses(reply)}")
        ctx.expect(Text("the answer", "応答"), expected="OperationOutcome", actual=reply.members.get("resourceType"))
        left = fresh.found(code=fresh.token)
        ctx.expect(
            Text("what the failed transaction left behind", "失敗した transaction が残したもの"),
            expected=set(),
            actual=left,
        )
    ctx.expect("valueString", expected="7", actual=chart.read(stored).members.get("valueString"))


def _linked(ctx: Context, chart: Chart) -> None:
    """A transaction that makes a Patient and an Observation of them; the control of those that fail."""
    name = f"urn:uuid:{uuid.uuid4()}"
    patient = {**sample("patient"), "identifier": [{"system": PROBES, "value": f"t-{ctx.fresh(9)}"}]}
    observed = chart.observation(subject={"reference": name})
    entries = [_entry("POST", "Observation", observed), _entry("POST", "Patient", patient, name)]
    reply = _perform(ctx, "transaction", entries)
    with ctx.control(Text("a transaction that can be done", "できる transaction")):
        ctx.expect_status("POST [base]", reply, 200)
        ctx.expect(Text("statuses", "各項目の状態"), expected=["201", "201"], actual=_statuses(reply))
    rows = reply.json["entry"]
    places = [str(row["response"].get("location", "")).partition("/_history")[0] for row in rows]
    for place in sorted(places, key=lambda one: "/Patient/" in f"/{one}", reverse=True):
        kind, _, number = place.rpartition("/")
        chart.forget_later(kind.rpartition("/")[2], number)
    ctx.expect("Bundle.type", expected="transaction-response", actual=reply.json.get("type"))
    kinds = [place.split("/")[-2] if "/" in place else place for place in places]
    ctx.expect(Text("order of the answers", "応答の順"), expected=["Observation", "Patient"], actual=kinds)
    read = ctx.fhir.read("Observation", places[0].split("/")[-1]).members
    expected = f"Patient/{places[1].split('/')[-1]}"
    actual = str(read.get("subject", {}).get("reference", ""))
    told = Text("the reference within the Bundle", "Bundle の中の参照")
    ctx.require(told, actual.endswith(expected), expected=expected, actual=actual)


@check("FHIR-021", "batch", when=(*MADE, searches("Observation", "code"), interacts("", "batch")))
def one_by_one(ctx: Context) -> None:
    """Performs a batch of entries that can be done and one that cannot: each has its own outcome, in order."""
    chart = Chart(ctx)
    stored = chart.write(chart.observation())
    fresh = Chart(ctx, patient=chart.patient_id)
    entries = [
        _entry("POST", "Observation", fresh.observation()),
        _entry("GET", f"Observation/nobody-{ctx.draws.number(10**9)}"),
        _entry("GET", f"Observation/{stored['id']}"),
    ]
    reply = _perform(ctx, "batch", entries)
    _forget(chart, reply)
    ctx.expect_status("POST [base]", reply, 200)
    ctx.expect("Bundle.type", expected="batch-response", actual=reply.json.get("type"))
    ctx.expect(Text("statuses", "各項目の状態"), expected=["201", "404", "200"], actual=_statuses(reply))
    ctx.expect("entry[2].resource.id", expected=stored["id"], actual=reply.json["entry"][2]["resource"]["id"])
    made = fresh.found(code=fresh.token)
    ctx.expect(Text("what the batch made", "batch が作ったもの"), expected=1, actual=len(made))
    for number in made:
        chart.forget_later("Observation", number)
