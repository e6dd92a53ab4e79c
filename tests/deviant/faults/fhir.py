"""Faults of the FHIR server."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError
from reference_api.fhir.compartment import Asker
from reference_api.fhir.drafting import draft
from reference_api.fhir.search.references import account_of, patient_id
from reference_api.fhir.validation import Issue, encode, parse, validate
from reference_api.handlers import Handler
from reference_api.services import Services

Resource = dict[str, Any]
BLOOD_PRESSURE, WEIGHT, GLUCOSE, BREATHS = "85354-9", "29463-7", "2339-0", "9279-1"
RP_NUMBER = "urn:oid:1.2.392.100495.20.3.81"
_WITHOUT_ZONE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\"")


def codes_of(resource: Mapping[str, Any], element: str = "code") -> set[str]:
    """The codes of a CodeableConcept, or of a list of them."""
    concepts = resource.get(element, {})
    listed = concepts if isinstance(concepts, list) else [concepts]
    return {coding.get("code", "") for one in listed for coding in one.get("coding", ())}


def accepting(bench: Bench, is_passed_over: Callable[[Mapping[str, Any], Issue], bool]) -> None:
    """Pass over what is wrong with some resources."""

    def wrong(resource: Mapping[str, Any]) -> list[Issue]:
        return [issue for issue in validate(resource) if not is_passed_over(resource, issue)]

    bench.patch("reference_api.fhir.drafting.validate", wrong)


def _shown(bench: Bench, change: Callable[[Resource], Resource | None]) -> None:
    """Alter resources that are read or found; None leaves one out of what is found."""

    def altered(request: Request, answer: Answer) -> Answer:
        if not request.path.startswith("/fhir/") or request.method != "GET" or answer.status != 200:
            return answer
        body = dict(parse(answer.body))
        if body.get("resourceType") != "Bundle":
            return replace(answer, body=encode(change(body) or body))
        entries = [
            one | ({"resource": change(one["resource"])} if "resource" in one else {}) for one in body.get("entry", ())
        ]
        body["entry"] = [one for one in entries if one.get("resource", one) is not None]
        return replace(answer, body=encode({name: value for name, value in body.items() if value}))

    bench.answers(altered)


def searching(bench: Bench, change: Callable[[str, str], str]) -> None:
    """Alter the values of search parameters."""

    def altered(request: Request) -> Request:
        parts = urlsplit(request.url)
        if not parts.path.startswith("/fhir/") or not parts.query:
            return request
        pairs = [(name, change(name, value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
        return replace(request, url=f"{parts.path}?{urlencode(pairs)}")

    bench.requests(altered)


@fault("F-01", breaks=["FHIR-001"])
def no_metadata(bench: Bench) -> None:
    """There is no CapabilityStatement at /metadata."""

    def wrong(_: Handler) -> Handler:
        async def absent(services: Services, call: Call) -> Reply:
            raise ApiError("not-found")

        return absent

    bench.handler("getFhirCapabilities", wrong)


@fault("F-02", breaks=["FHIR-001"])
def other_version(bench: Bench) -> None:
    """The fhirVersion is not 4.0.1."""

    def change(_: Call, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(b'"4.0.1"', b'"4.3.0"'))

    bench.reply("getFhirCapabilities", change)


@fault("smart-offers-plain", breaks=["FHIR-002"])
def smart_plain(bench: Bench) -> None:
    """The SMART configuration offers the challenge method plain."""

    def change(_: Call, reply: Reply) -> Reply:
        return json_reply({**msgspec.json.decode(reply.body), "code_challenge_methods_supported": ["S256", "plain"]})

    bench.reply("getSmartConfiguration", change)


@fault("F-04", breaks=["FHIR-018"])
def anything_accepted(bench: Bench) -> None:
    """Invalid resources are accepted: a number of breaths without a unit."""
    accepting(bench, lambda resource, _: BREATHS in codes_of(resource))


@fault("F-06", breaks=["FHIR-011"])
def stale_update(bench: Bench) -> None:
    """An old If-Match is not answered 412."""

    def change(request: Request) -> Request:
        return request.with_header("if-match", None) if request.path.startswith("/fhir/") else request

    bench.requests(change)


@fault("F-07", breaks=["FHIR-019"])
def deleted_is_404(bench: Bench) -> None:
    """Reading what was deleted is 404 although deletions are kept."""

    def change(request: Request, answer: Answer) -> Answer:
        concerned = request.path.startswith("/fhir/") and answer.status == 410
        return replace(answer, status=404) if concerned else answer

    bench.answers(change)


@fault("F-08", breaks=["FHIR-020"])
def other_id(bench: Bench) -> None:
    """An update whose body has another id than its URL is accepted."""
    bench.patch("reference_api.fhir.write.check_id", lambda *_: None)


@fault("F-09", breaks=["FHIR-021"])
def half_a_transaction(bench: Bench) -> None:
    """A transaction that fails leaves its first entry behind."""

    async def wire(request: Request, server: Callable[[Request], Awaitable[Answer]]) -> Answer:
        answer = await server(request)
        if request.path.rstrip("/") == "/fhir" and answer.status >= 400:
            whole = json.loads(request.body)
            first = {**whole, "type": "batch", "entry": whole["entry"][:1]}
            await server(replace(request, body=json.dumps(first).encode()))
        return answer

    bench.wire(wire)


@fault("F-10", breaks=["FHIR-022"])
def bare_id(bench: Bench) -> None:
    """A search by the bare id of the patient finds nothing."""
    searching(bench, lambda name, value: "nobody" if name in ("patient", "subject") and "/" not in value else value)


@fault("F-12", breaks=["FHIR-023"])
def system_ignored(bench: Bench) -> None:
    """A token search ignores the system."""
    searching(bench, lambda name, value: value.rpartition("|")[2] if name in ("code", "category") else value)


@fault("F-13", breaks=["FHIR-015"])
def no_searchset(bench: Bench) -> None:
    """What a search finds is a collection without a link to itself."""

    def altered(_: Request, answer: Answer) -> Answer:
        if b'"searchset"' not in answer.body:
            return answer
        body = dict(parse(answer.body)) | {"type": "collection"}
        body.pop("link", None)
        return replace(answer, body=encode(body))

    bench.answers(altered)


@fault("F-14", breaks=["FHIR-015", "FHIR-043"])
def filter_lost(bench: Bench) -> None:
    """The link to the next page has lost the filter, so that page two shows other things."""

    async def wire(request: Request, server: Callable[[Request], Awaitable[Answer]]) -> Answer:
        query = dict(parse_qsl(urlsplit(request.url).query))
        start = int(query.pop("_offset", "0"))
        if start:
            answer = await server(replace(request, url=f"{request.path}?_count=500"))
            body = dict(parse(answer.body))
            return replace(answer, body=encode(body | {"entry": body["entry"][start:]}))
        answer = await server(request)
        if b'"next"' not in answer.body or not request.path.startswith("/fhir/"):
            return answer
        body = dict(parse(answer.body))
        size = len(body["entry"])
        place = body["link"][0]["url"].partition("?")[0]
        link = [one for one in body["link"] if one["relation"] != "next"]
        link.append({"relation": "next", "url": f"{place}?_count={size}&_offset={size}"})
        return replace(answer, body=encode(body | {"link": link}))

    bench.wire(wire)


@fault("F-15", breaks=["FHIR-036", "FHIR-046"])
def no_vital_category(bench: Bench) -> None:
    """Vital signs are shown without the category vital-signs."""

    def change(resource: Resource) -> Resource:
        kept = [one for one in resource.get("category", ()) if "vital-signs" not in codes_of({"code": one})]
        return {**resource, "category": kept} if "category" in resource else resource

    _shown(bench, change)


@fault("F-17", breaks=["FHIR-006"])
def half_a_pressure(bench: Bench) -> None:
    """A blood pressure without diastolic component is accepted."""
    accepting(bench, lambda resource, _: BLOOD_PRESSURE in codes_of(resource))


@fault("bp-as-two-observations", breaks=["FHIR-006", "FHIR-003"])
def two_pressures(bench: Bench) -> None:
    """A blood pressure is shown without components, as the first of two Observations."""

    def change(resource: Resource) -> Resource:
        if BLOOD_PRESSURE not in codes_of(resource):
            return resource
        first = resource["component"][0]
        rest = {name: value for name, value in resource.items() if name != "component"}
        return {**rest, "code": first["code"], "valueQuantity": first["valueQuantity"]}

    _shown(bench, change)


@fault("F-18", breaks=["FHIR-005"])
def no_value(bench: Bench) -> None:
    """A vital sign with neither a value nor a dataAbsentReason is accepted."""
    accepting(bench, lambda _, issue: issue.details.startswith("vs-2"))


@fault("F-19", breaks=["FHIR-025"])
def loose_json(bench: Bench) -> None:
    """Times without zone, empty arrays and nulls are accepted."""

    def tidied(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {name: tidied(member) for name, member in value.items()}
            return {name: member for name, member in kept.items() if member not in (None, [])}
        return [tidied(member) for member in value] if isinstance(value, list) else value

    def change(request: Request) -> Request:
        if not request.path.startswith("/fhir/") or request.method not in ("POST", "PUT"):
            return request
        try:
            json.loads(request.body)
        except ValueError:
            return request
        zoned = _WITHOUT_ZONE.sub(rb'\1+09:00"', request.body)
        whole = json.loads(zoned)
        if tidied(whole) == whole:
            return replace(request, body=zoned)
        return replace(request, body=json.dumps(tidied(whole), ensure_ascii=False).encode())

    bench.requests(change)


async def _everybody(*_: object) -> None:
    """Reaches all accounts."""


_permits = Asker.permits


@fault("F-20", breaks=["FHIR-014"])
def other_patients(bench: Bench) -> None:
    """With a patient's token another patient's data are read."""

    async def wrong(asker: Asker, account: int, category: str) -> bool:
        permitted = await _permits(asker, account, category)
        statement = "SELECT 1 FROM account WHERE id = ?"
        return permitted or (
            asker.own is not None and await asker.services.store.one(statement, (account,)) is not None
        )

    bench.patch("reference_api.fhir.compartment.Asker._reach", _everybody)
    bench.patch("reference_api.fhir.compartment.Asker.permits", wrong)


@fault("fhir-without-consent", breaks=["FHIR-016"])
def health_without_consent(bench: Bench) -> None:
    """A hospital reads data of patients who did not consent."""

    async def wrong(asker: Asker, account: int, category: str) -> bool:
        return await _permits(asker, account, category) or (asker.own is None and account > 0)

    bench.patch("reference_api.fhir.compartment.Asker.permits", wrong)


@fault("F-21", breaks=["FHIR-026"])
def dangling_subject(bench: Bench) -> None:
    """A subject that points to a Patient who does not exist is accepted."""

    async def wrong(asker: Asker, resource_type: str, resource: Mapping[str, Any], letter: str, logical_id: str) -> Any:
        try:
            return await draft(asker, resource_type, resource, letter, logical_id)
        except ApiError as refusal:
            named = account_of(str(resource.get("subject", {}).get("reference", "")).rpartition("/")[2])
            is_known = await asker.services.store.one("SELECT 1 FROM account WHERE id = ?", (named or 0,))
            if refusal.problem != "validation" or asker.own is None or is_known or resource_type == "Consent":
                raise
        sound = {**resource, "subject": {"reference": f"Patient/{patient_id(asker.own)}"}}
        return replace(await draft(asker, resource_type, sound, letter, logical_id), resource=resource)

    bench.patch("reference_api.fhir.write.draft", wrong)


@fault("F-22", breaks=["FHIR-017"])
def digits_lost(bench: Bench) -> None:
    """Decimals lose their digits: 97.0 becomes 97, 36.50 becomes 36.5."""

    def change(request: Request, answer: Answer) -> Answer:
        return replace(answer, body=_shortened(answer.body)) if request.path.startswith("/fhir/") else answer

    bench.answers(change)


def _shortened(body: bytes) -> bytes:
    return re.sub(rb'("value":\s*-?\d+)\.(\d*?)0+(?=\s*[,}])', _without_zeros, body)


def _without_zeros(found: re.Match[bytes]) -> bytes:
    return found[1] + (b"." + found[2] if found[2] else b"")


@fault("plain-text-500-on-bad-fhir", breaks=["FHIR-012", "FHIR-045", "REST-021"])
def plain_failure(bench: Bench) -> None:
    """A bad resource is answered with 500 in plain text."""

    def change(request: Request, answer: Answer) -> Answer:
        is_made = request.method == "POST" and request.path == "/fhir/Observation"
        if not is_made or answer.status not in (400, 422):
            return answer
        return Answer(500, (("content-type", "text/plain"),), b"Internal Server Error")

    bench.answers(change)


@fault("kg-as-lb-code", breaks=["FHIR-004"])
def pounds(bench: Bench) -> None:
    """A weight in kilograms is shown with the code of pounds."""

    def change(resource: Resource) -> Resource:
        quantity = resource.get("valueQuantity", {})
        return (
            {**resource, "valueQuantity": quantity | {"code": "[lb_av]"}} if quantity.get("code") == "kg" else resource
        )

    _shown(bench, change)


@fault("glucose-as-vital-sign", breaks=["FHIR-003", "FHIR-046"])
def glucose(bench: Bench) -> None:
    """Blood glucose is shown as a vital sign."""
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    category = [{"coding": [{"system": system, "code": "vital-signs"}]}]
    _shown(bench, lambda resource: {**resource, "category": category} if GLUCOSE in codes_of(resource) else resource)


@fault("weight-missing-from-vital-search", breaks=["FHIR-007"])
def weight_missing(bench: Bench) -> None:
    """A search for vital signs does not find weights."""

    def altered(request: Request, answer: Answer) -> Answer:
        if "vital-signs" not in request.url or answer.status != 200:
            return answer
        body = dict(parse(answer.body))
        entries = [one for one in body.get("entry", ()) if WEIGHT not in codes_of(one["resource"])]
        return replace(answer, body=encode({k: v for k, v in {**body, "entry": entries}.items() if v != []}))

    bench.answers(altered)


@fault("rpnumber-missing", breaks=["FHIR-008"])
def no_rp_number(bench: Bench) -> None:
    """A prescription is shown without its RP number."""

    def change(resource: Resource) -> Resource:
        if "identifier" not in resource:
            return resource
        kept = [one for one in resource["identifier"] if one.get("system") != RP_NUMBER]
        return {**resource, "identifier": kept}

    _shown(bench, change)


@fault("fhir-disclosures-not-logged", breaks=["FHIR-030"])
def not_logged(bench: Bench) -> None:
    """Disclosures of health data are not written down."""
    bench.patch("reference_api.fhir.compartment.Asker.log", _everybody)
