"""Schema: the part of the contract's document that is asked at a target, as schemathesis reads it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import schemathesis
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema

from conformance.contract.operations import Operation, load_document, load_operations
from conformance.generated.offer import links_of, resolved, rest_operations, with_fhir
from conformance.target import Target

BASE = "http://target.invalid"
"""Stands for the target's addresses until a request is sent (RFC 6761 6.4)."""

ALONE = (
    "declareDisaster", "updateDisasterEvent", "issueEvacuationOrder", "updateEvacuationOrder", "liftEvacuationOrder",
    "sendNotification", "retryNotification", "createConsent", "giveConsent", "refuseConsent", "renewConsent",
    "withdrawConsent", "createEvacuationPlan", "updateEvacuationPlan", "deleteEvacuationPlan", "linkCheckIn",
    "putOwnCard", "deleteOwnCard", "updateShelter", "deleteShelter", "setShelterStatus", "createEventStream",
    "postHazardReport", "createShelter", "putLocation", "putLocations", "reportOffShelter", "reportSafety",
)  # fmt: skip
"""What others would notice: disaster state, orders, messages, people's consents, plans and cards, other shelters."""

NEVER = (
    "getConsentReceipt", "importSupportRegister", "applyRegisterImport", "verifyEventStream", "getOpenapi",
    "createFhir", "updateFhir", "updateFhirConditionally", "deleteFhir", "performFhirBundle",
)  # fmt: skip
"""What needs a signed file, sends something out, is long, or writes health data."""


def generated_operations(target: Target, *, alone: bool) -> tuple[Operation, ...]:
    """Operations that get generated requests: side by side with other checks, or also what others would notice."""
    found = (*rest_operations(target), *with_fhir(target))
    return tuple(one for one in found if one.operation_id not in NEVER and (alone or one.operation_id not in ALONE))


def read_schema(operations: Iterable[Operation]) -> BaseSchema:
    """The document's part of some operations, with the links among them."""
    return _schema(tuple(one.operation_id for one in operations))


@lru_cache(maxsize=8)
def _schema(names: tuple[str, ...]) -> BaseSchema:
    document = load_document()
    wanted = {(one.path, one.method.lower()) for one in load_operations() if one.operation_id in names}
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        methods = {name: _linked(part, names) for name, part in item.items() if (path, name) in wanted}
        if methods:
            paths[path] = {**methods, "parameters": item.get("parameters", [])}
    schema = schemathesis.openapi.from_dict({**document, "paths": paths})
    schema.config.update(base_url=BASE)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    schema.config.phases.stateful.inference.algorithms = []
    return schema


def _linked(operation: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """An operation with those of its links only that lead to an operation that is there; its tokens are ours."""
    responses = {}
    for status, told in operation["responses"].items():
        response = resolved(told)
        links = {
            name: link for name, link in response.get("links", {}).items() if resolved(link).get("operationId") in names
        }
        responses[status] = {**response, "links": links} if "links" in response else response
    return {**{name: part for name, part in operation.items() if name != "security"}, "responses": responses}


def linked_operations(target: Target) -> tuple[Operation, ...]:
    """Operations that links of the document lead from or to."""
    found = generated_operations(target, alone=True)
    targets = {str(link.get("operationId")) for one in found for link in links_of(one).values()}
    return tuple(one for one in found if links_of(one) or one.operation_id in targets)
