"""Faults of interactions with the FHIR server: writes, searches, conditions, and whose records are whose."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from deviant.faults.fhir import GLUCOSE, accepting, codes_of, searching
from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.fhir.compartment import Asker
from reference_api.fhir.mirrors import linked_patient
from reference_api.fhir.own_patients import OWN_RECORD
from reference_api.fhir.validation import encode, parse


def _bundles(bench: Bench, part: str, change: Any) -> None:
    """Alter the entries of Bundles whose address holds a text."""

    def altered(request: Request, answer: Answer) -> Answer:
        if part not in request.url or answer.status != 200 or not request.path.startswith("/fhir/"):
            return answer
        body = dict(parse(answer.body))
        body["entry"] = change(list(body.get("entry", ())))
        return replace(answer, body=encode({name: value for name, value in body.items() if value != []}))

    bench.answers(altered)


@fault("fhir-lab-without-text", breaks=["FHIR-009"])
def no_text(bench: Bench) -> None:
    """A laboratory result without code.text is accepted."""
    accepting(bench, lambda resource, _: GLUCOSE in codes_of(resource))


@fault("fhir-report-of-any-category", breaks=["FHIR-010"])
def any_category(bench: Bench) -> None:
    """A laboratory report of another category than LP29693-6 is accepted."""
    accepting(bench, lambda resource, _: resource["resourceType"] == "DiagnosticReport")


@fault("fhir-strict-ignored", breaks=["FHIR-027"])
def strict_ignored(bench: Bench) -> None:
    """Prefer: handling=strict is not heeded."""

    def change(request: Request) -> Request:
        return request.with_header("prefer", None) if "strict" in request.header("prefer") else request

    bench.requests(change)


@fault("fhir-conditional-update-creates", breaks=["FHIR-032"])
def always_created(bench: Bench) -> None:
    """A conditional update makes a new resource although one matches."""

    def change(request: Request) -> Request:
        if request.method != "PUT" or not request.url.startswith("/fhir/") or "?" not in request.url:
            return request
        return replace(request, method="POST", url=request.path)

    bench.requests(change)


@fault("fhir-city-os-id-tells", breaks=["FHIR-033"])
def tells_who_is_there(bench: Bench) -> None:
    """Who is not to be known and who is not there are refused in different ways."""

    async def wrong(asker: Asker, resource: Mapping[str, Any]) -> str | None:
        try:
            return await linked_patient(asker, resource)
        except ApiError:
            value = resource["identifier"][0].get("value", "")
            if await asker.services.store.one("SELECT 1 FROM account WHERE sub = ?", (value,)) is None:
                raise
            raise ApiError("insufficient-scope") from None

    bench.patch("reference_api.fhir.write.linked_patient", wrong)


@fault("fhir-own-records-open", breaks=["FHIR-034"])
def records_of_others(bench: Bench) -> None:
    """A Patient without a city-OS ID is seen by other clients."""

    async def wrong(_store: Any, _client_id: str, numbers: Collection[int]) -> Mapping[int, Any]:
        return dict.fromkeys(numbers, OWN_RECORD)

    bench.patch("reference_api.fhir.compartment.owned", wrong)


@fault("fhir-security-label-dropped", breaks=["FHIR-035"])
def label_dropped(bench: Bench) -> None:
    """A securityLabel of a Consent is silently left out."""

    def change(request: Request) -> Request:
        if request.path != "/fhir/Consent" or b"securityLabel" not in request.body:
            return request
        body = json.loads(request.body)
        del body["provision"]["securityLabel"]
        return replace(request, body=json.dumps(body).encode())

    bench.requests(change)


@fault("fhir-body-measurement-missing", breaks=["FHIR-037"])
def no_body_measurement(bench: Bench) -> None:
    """A search by the category body-measurement finds nothing."""
    searching(bench, lambda name, value: "none" if name == "category" and "body-measurement" in value else value)


@fault("fhir-create-without-location", breaks=["FHIR-038"])
def no_location(bench: Bench) -> None:
    """The answer to a create has no Location."""

    def change(request: Request, answer: Answer) -> Answer:
        is_made = request.path.startswith("/fhir/") and answer.status == 201
        return answer.with_header("location", None) if is_made else answer

    bench.answers(change)


@fault("fhir-as-plain-json", breaks=["FHIR-039"])
def plain_json(bench: Bench) -> None:
    """Resources are sent as application/json."""

    def change(request: Request, answer: Answer) -> Answer:
        is_read = request.path.startswith("/fhir/Observation/") and answer.status == 200
        return answer.with_header("content-type", "application/json") if is_read else answer

    bench.answers(change)


@fault("fhir-search-form-ignored", breaks=["FHIR-040"])
def form_ignored(bench: Bench) -> None:
    """A search by POST does not read its form."""

    def change(request: Request) -> Request:
        return replace(request, body=b"") if request.path.endswith("/_search") else request

    bench.requests(change)


@fault("fhir-first-value-only", breaks=["FHIR-041"])
def first_value(bench: Bench) -> None:
    """Of several values of a status only the first counts."""
    searching(bench, lambda name, value: value.partition(",")[0] if name == "status" else value)


@fault("fhir-nothing-included", breaks=["FHIR-042"])
def nothing_included(bench: Bench) -> None:
    """What _include asks for is left out."""
    _bundles(bench, "_include=", lambda rows: [row for row in rows if row["search"]["mode"] == "match"])


@fault("fhir-sorted-backwards", breaks=["FHIR-043"])
def backwards(bench: Bench) -> None:
    """Results that are said to be sorted come in the opposite order."""
    _bundles(bench, "_sort=", lambda rows: rows[::-1])


@fault("fhir-never-unchanged", breaks=["FHIR-044"])
def never_unchanged(bench: Bench) -> None:
    """A read of the version that the client has is answered in full."""

    def change(request: Request) -> Request:
        return request.with_header("if-none-match", None) if request.path.startswith("/fhir/") else request

    bench.requests(change)


@fault("fhir-claims-to-take-ids", breaks=["FHIR-047"])
def takes_ids(bench: Bench) -> None:
    """The CapabilityStatement says that an update makes what is not there; it does not."""

    def change(_: Call, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(b'"updateCreate":false', b'"updateCreate":true'))

    bench.reply("getFhirCapabilities", change)


@fault("fhir-names-mind-case", breaks=["FHIR-048"])
def minds_case(bench: Bench) -> None:
    """A search by a name in lower case does not find it."""

    def change(name: str, value: str) -> str:
        return "nobody" if name in ("family", "given") and value.islower() and value.isascii() else value

    searching(bench, change)


@fault("fhir-history-without-deletion", breaks=["FHIR-029"])
def no_deletion(bench: Bench) -> None:
    """A history does not tell of the deletion."""
    _bundles(bench, "/_history", lambda rows: [row for row in rows if row["request"]["method"] != "DELETE"])
