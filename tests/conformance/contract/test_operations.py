"""The contract's document is whole, and its data agree with one another."""

import re
from collections import Counter
from typing import Any

import jsonschema
import pytest

from conformance.contract.catalogue import load_consent_catalogue, load_roles
from conformance.contract.operations import METHODS, load_document, load_operations

DOCUMENT = load_document()
SCOPES = set(DOCUMENT["components"]["securitySchemes"]["oauth"]["flows"]["clientCredentials"]["scopes"])
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_operation_ids_are_unique() -> None:
    """No two operations share an id."""
    ids = [operation.operation_id for operation in load_operations()]
    assert len(ids) == len(set(ids)) >= 30


@pytest.mark.parametrize("operation", load_operations(), ids=lambda operation: operation.operation_id)
def test_operation_states_class_purpose_and_known_scopes(operation: Any) -> None:
    """Each operation has a service class, declared scopes, a purpose of the catalogue or none, and a summary."""
    assert operation.service_class in ("P0", "P1", "P2", "P3")
    assert set(operation.scopes) <= SCOPES
    assert operation.purpose is None or operation.purpose in load_consent_catalogue().purposes
    assert operation.summary.endswith((".", ")")) or operation.summary


def _resolved(value: Any) -> Any:
    """What a reference leads to, or the value itself."""
    while isinstance(value, dict) and "$ref" in value:
        target: Any = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def test_path_parameters_are_declared() -> None:
    """Every parameter in braces of a path is declared for it, and no other."""
    for path, item in DOCUMENT["paths"].items():
        named = [_resolved(parameter) for parameter in item.get("parameters", ())]
        for method in METHODS:
            named += [_resolved(parameter) for parameter in item.get(method, {}).get("parameters", ())]
        assert set(re.findall(r"{(\w+)}", path)) == {one["name"] for one in named if one["in"] == "path"}, path


def _bodies() -> list[tuple[str, str, Any]]:
    """operationId, media type and content of every request body."""
    return [
        (entry["operationId"], media_type, content)
        for item in DOCUMENT["paths"].values()
        for method, entry in item.items()
        if method in METHODS and "requestBody" in entry
        for media_type, content in _resolved(entry["requestBody"])["content"].items()
    ]


@pytest.mark.parametrize(("operation_id", "media_type", "content"), _bodies(), ids=lambda value: str(value)[:40])
def test_request_bodies_have_examples_that_validate(operation_id: str, media_type: str, content: Any) -> None:
    """Each JSON or form body shows an example, and it is valid by its schema."""
    if media_type.startswith("application/jose"):
        return
    schema = _resolved(content["schema"])
    examples = [example["value"] for example in map(_resolved, content.get("examples", {}).values())]
    examples += [content["example"]] if "example" in content else []
    examples += schema.get("examples", [])
    assert examples, f"{operation_id} shows no example of {media_type}"
    validator = jsonschema.Draft202012Validator({**content["schema"], "components": {"schemas": SCHEMAS}})
    for example in examples:
        validator.validate(example)


def _creating() -> list[tuple[str, Any]]:
    """Operations that answer 201 with a Location, with that answer."""
    return [
        (entry["operationId"], answer)
        for item in DOCUMENT["paths"].values()
        for method, entry in item.items()
        if method in METHODS
        for status, answer in ((status, _resolved(one)) for status, one in entry["responses"].items())
        if status in ("201", "202") and "Location" in answer.get("headers", {})
    ]


@pytest.mark.parametrize(("operation_id", "answer"), _creating(), ids=lambda value: str(value)[:40])
def test_what_is_made_leads_to_what_can_be_done_with_it(operation_id: str, answer: Any) -> None:
    """Each create has a link to an operation that reads it, and every link names an operation and its parameters."""
    known = {operation.operation_id: operation for operation in load_operations()}
    links = [_resolved(link) for link in answer.get("links", {}).values()]
    assert any(known[link["operationId"]].method == "GET" for link in links), f"{operation_id} has no link to read"
    for link in links:
        in_path = set(re.findall(r"{(\w+)}", known[link["operationId"]].path))
        assert in_path <= set(link.get("parameters", ())), (operation_id, link)


def test_civic_data_are_mapped_to_national_models() -> None:
    """Items that the national models name say so: GIF persons and addresses, EEI shelters and orders, ODS sites."""
    mapped: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            mapped.update(value.get("x-maps-to", ()) if isinstance(value.get("x-maps-to"), list) else ())
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(DOCUMENT)
    counts = Counter(one.partition(":")[0] for one in mapped)
    assert set(counts) <= {"GIF", "EEI", "ODS", "GSI", "CAP", "災害対策基本法", "安否情報省令"}
    assert min(counts["GIF"], counts["EEI"], counts["ODS"]) >= 9, counts


@pytest.mark.parametrize("name", sorted(name for name, schema in SCHEMAS.items() if "examples" in schema))
def test_examples_validate(name: str) -> None:
    """Every example of a schema is valid by that schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    validator = jsonschema.Draft202012Validator(schema)
    for example in SCHEMAS[name]["examples"]:
        validator.validate(example)


def test_references_resolve() -> None:
    """Every $ref of the document leads somewhere."""

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                target: Any = DOCUMENT
                for part in value["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(DOCUMENT)


def test_codes_of_schema_and_catalogue_agree() -> None:
    """Purposes and categories are the same in the document and in the consent catalogue."""
    catalogue = load_consent_catalogue()
    assert SCHEMAS["Purpose"]["enum"] == list(catalogue.purposes)
    assert SCHEMAS["Category"]["enum"] == list(catalogue.categories)


def test_statutory_rules_use_known_codes() -> None:
    """A clause permits known categories to known recipients for a known purpose, and never a position."""
    catalogue = load_consent_catalogue()
    for rule in catalogue.statutory:
        assert rule.purpose in catalogue.purposes
        assert rule.recipients <= set(catalogue.recipients)
        assert rule.categories <= set(catalogue.categories) - {"location"}


def test_roles_hold_known_scopes_and_cover_all() -> None:
    """Every scope is declared, and some role has it."""
    held = {scope for role in load_roles().values() for scope in role.scopes}
    assert held == SCOPES


def test_key_is_demanded_where_the_contract_says_so() -> None:
    """Idempotency-Key is required for notifications, check-ins, safety reports and shelters' requests (contract C6)."""
    demanding = {operation.operation_id for operation in load_operations() if operation.needs_idempotency_key}
    assert demanding >= {"checkIn", "uploadCheckIns", "reportSafety", "sendNotification", "createShelterRequest"}
