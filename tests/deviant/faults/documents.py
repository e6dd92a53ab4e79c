"""Faults of the documents that a city OS publishes, and of what its answers say beside the data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.handlers import Handler
from reference_api.services import Services


def _without(bench: Bench, operation_ids: str, *names: str) -> None:
    """Leave members out of what operations answer, wherever they stand."""

    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: pruned(member) for name, member in value.items() if name not in names}
        return [pruned(member) for member in value] if isinstance(value, list) else value

    def change(_: Call, reply: Reply) -> Reply:
        if not reply.body.startswith((b"{", b"[")):
            return reply
        return replace(reply, body=msgspec.json.encode(pruned(msgspec.json.decode(reply.body))))

    bench.reply(operation_ids, change)


def _refusing(bench: Bench, operation_ids: str, problem: str) -> None:
    """Answer operations with a problem."""

    def wrong(_: Handler) -> Handler:
        async def refused(services: Services, call: Call) -> Reply:
            raise ApiError(problem)

        return refused

    bench.handler(operation_ids, wrong)


def _answered(bench: Bench, concerned: Callable[[Request, Answer], bool], change: Callable[[Answer], Answer]) -> None:
    """Alter some answers."""
    bench.answers(lambda request, answer: change(answer) if concerned(request, answer) else answer)


@fault("no-limits-told", breaks=["REST-028"])
def no_limits(bench: Bench) -> None:
    """The discovery document does not tell limits."""
    _without(bench, "getCityOs", "limits")


@fault("declared-but-absent", breaks=["REST-029"])
def declared_but_absent(bench: Bench) -> None:
    """An operation of a profile that is declared full is not there."""
    _refusing(bench, "listHazardReports", "not-found")


@fault("api-catalog-empty", breaks=["REST-030"])
def empty_catalog(bench: Bench) -> None:
    """The API catalogue points at no description."""
    _without(bench, "getApiCatalog", "service-desc")


@fault("metadata-differ", breaks=["OIDC-076"])
def metadata_differ(bench: Bench) -> None:
    """The metadata at oauth-authorization-server say less than those at openid-configuration."""
    _without(bench, "getAuthorizationServer", "revocation_endpoint")


@fault("no-rings-in-catalog", breaks=["CONS-016"])
def no_rings(bench: Bench) -> None:
    """The catalogue of consent does not tell the legal bases."""
    _without(bench, "getConsentCatalog", "legal_bases", "statutory")


@fault("notice-without-hash", breaks=["CONS-020"])
def no_hash(bench: Bench) -> None:
    """A notice has no hash that tells its version."""
    _without(bench, "getNotice", "hash")


@fault("no-decision-told", breaks=["REST-032"])
def no_decision(bench: Bench) -> None:
    """A user's data come without the decision on which they rest."""
    _without(bench, "getUser", "disclosure")


@fault("plan-without-sources", breaks=["DIS-016"])
def no_sources(bench: Bench) -> None:
    """The fields of an evacuation plan come without source and date."""
    _without(bench, "createEvacuationPlan getEvacuationPlan", "source", "as_of")


@fault("eta-hidden", breaks=["DIS-015"])
def no_eta(bench: Bench) -> None:
    """A shelter does not see when what it asked for will come."""
    _without(bench, "getShelterRequest listShelterRequests updateShelterRequest", "eta")


@fault("shelter-without-capacity", breaks=["DIS-005"])
def no_capacity(bench: Bench) -> None:
    """A shelter is described without its capacity."""
    _without(bench, "getShelter listShelters", "capacity_persons", "capacity_standard_persons")


@fault("missing-categories-not-told", breaks=["CONS-023"])
def no_categories(bench: Bench) -> None:
    """A client with a link is not told to what the person would have to agree."""

    def change(answer: Answer) -> Answer:
        kept = {name: value for name, value in answer.json.items() if name != "missing_categories"}
        return answer.with_json(kept)

    _answered(bench, lambda _, answer: b"consent-required" in answer.body, change)


@fault("receipt-does-not-verify", breaks=["CONS-007"])
def bad_receipt(bench: Bench) -> None:
    """The signature of a receipt does not verify."""

    def change(answer: Answer) -> Answer:
        head, _, signature = answer.body.rpartition(b".")
        return replace(answer, body=head + b"." + (b"B" if signature[:1] == b"A" else b"A") + signature[1:])

    _answered(bench, lambda request, answer: request.path.endswith("/receipt") and answer.status == 200, change)


@fault("head-without-etag", breaks=["REST-004"])
def head_differs(bench: Bench) -> None:
    """HEAD does not answer the headers of GET."""
    _answered(bench, lambda request, _: request.method == "HEAD", lambda answer: answer.with_header("etag", None))


@fault("no-location-of-notification", breaks=["REST-035"])
def no_outcome(bench: Bench) -> None:
    """A request to notify is answered without saying where its outcome is."""
    _answered(bench, lambda _, answer: answer.status == 202, lambda answer: answer.with_header("location", None))


@fault("one-fault-of-the-file", breaks=["LGW-004"])
def first_fault_only(bench: Bench) -> None:
    """Of a faulty register only the first fault is told."""

    def change(answer: Answer) -> Answer:
        return answer.with_json({**answer.json, "errors": answer.json["errors"][:1]})

    _answered(bench, lambda request, answer: "/imports" in request.path and b'"errors"' in answer.body, change)


@fault("cap-without-references", breaks=["DIS-031"])
def no_references(bench: Bench) -> None:
    """The CAP message of a lifting does not refer to what was before."""

    def change(answer: Answer) -> Answer:
        before, _, rest = answer.body.partition(b"<references>")
        return replace(answer, body=before + rest.partition(b"</references>")[2]) if rest else answer

    _answered(bench, lambda _, answer: answer.header("content-type") == "application/cap+xml", change)


@fault("unknown-parameter-refused", breaks=["REST-010"])
def unknown_parameter(bench: Bench) -> None:
    """An unknown query parameter is refused."""

    def change(answer: Answer) -> Answer:
        body = b'{"type":"about:blank","title":"Unknown parameter","status":400}'
        return Answer(400, (("content-type", "application/problem+json"),), body)

    _answered(bench, lambda request, _: request.path.startswith("/v1/") and "unknown_" in request.url, change)


@fault("order-without-reason", breaks=["DIS-003"])
def order_without_reason(bench: Bench) -> None:
    """An evacuation order is told without its reason."""
    _without(bench, "getEvacuationOrder listEvacuationOrders", "reason")


@fault("card-without-sources", breaks=["DIS-024"])
def card_without_sources(bench: Bench) -> None:
    """The items of an evacuee card come without their source."""
    _without(bench, "getOwnCard putOwnCard getEvacueeCard", "source")
