"""Schemas: what the contract documents of an answer, compiled once for each operation and status."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import jsonschema_rs

from conformance.contract.operations import Operation, load_document
from conformance.masking.found import LABEL

_ROOT = "urn:citytwin:contract"


class Validator(Protocol):
    """What tells the first thing wrong with a value."""

    def iter_errors(self, instance: Any) -> Any:
        """Things wrong with a value."""


def documented(operation: Operation, status: int) -> Mapping[str, Any] | None:
    """The answer that the document tells for a status; None where it tells none."""
    answers = _item(operation)["responses"]
    told = answers.get(str(status)) or answers.get(f"{status // 100}XX")
    if told is None and status >= 400:
        told = answers.get("default")
    return _resolved(told) if told is not None else None


def media_types(operation: Operation, status: int) -> frozenset[str]:
    """The media types of an answer, empty where it has no body or any will do."""
    return frozenset((documented(operation, status) or {}).get("content", {}))


@cache
def validator_of(operation: Operation, status: int, media_type: str) -> Validator | None:
    """A validator of an answer's body; None where there is no schema, or it is no JSON."""
    content = (documented(operation, status) or {}).get("content", {}).get(media_type, {})
    if "schema" not in content or not media_type.endswith("json"):
        return None
    schema = _placed(content["schema"])
    return jsonschema_rs.Draft202012Validator(schema, registry=_registry(), validate_formats=False)


def first_error(validator: Validator, value: Any) -> str:
    """The first thing wrong with a value and where it stands; empty where it is right. Masked secrets have no form."""
    for error in validator.iter_errors(value):
        if LABEL.search(error.message):
            continue
        place = "/".join(str(part) for part in error.instance_path)
        return f"/{place}: {error.message[:300]}"
    return ""


def _item(operation: Operation) -> Mapping[str, Any]:
    item: Mapping[str, Any] = load_document()["paths"][operation.path][operation.method.lower()]
    return item


def _resolved(value: Any) -> Mapping[str, Any]:
    while "$ref" in value:
        target: Any = load_document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    found: Mapping[str, Any] = value
    return found


def _placed(schema: Any) -> Any:
    """A schema whose references lead into the whole document."""
    if isinstance(schema, list):
        return [_placed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"{_ROOT}{value}" if name == "$ref" and str(value).startswith("#") else _placed(value)
        for name, value in schema.items()
    }


@cache
def _registry() -> Any:
    return jsonschema_rs.Registry(
        [(_ROOT, {"components": load_document()["components"]})], draft=jsonschema_rs.Draft202012
    )
