"""The contract's document is whole, and its data agree with one another."""

import re
from typing import Any

import jsonschema
import pytest

from conformance.contract.catalogue import load_consent_catalogue, load_roles
from conformance.contract.operations import load_document, load_operations

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


def test_path_parameters_are_declared() -> None:
    """Every parameter in braces of a path is declared for it."""
    for path, item in DOCUMENT["paths"].items():
        declared = {
            DOCUMENT["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]["name"]
            for parameter in item.get("parameters", ())
        }
        assert set(re.findall(r"{(\w+)}", path)) <= declared, path


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
