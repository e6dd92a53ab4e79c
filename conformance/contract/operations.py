"""Operations of the contract, read from its OpenAPI document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract.

    ``path`` holds its parameters in braces. A client needs one of ``scopes``; none means public. ``purpose`` is the
    consent purpose it discloses personal data for, None if it discloses none. ``service_class`` is P0 to P3.
    ``problems`` are its own problem types. ``media_types`` are those of its successful answers, none where they have no
    body. ``error_format`` is how it tells errors: problem (RFC 9457), oauth (RFC 6749 5.2), fhir (OperationOutcome) or
    page (for people). ``max_body_bytes`` is the greatest body that it must take, where that is more than usual.
    """

    operation_id: str
    method: str
    path: str
    scopes: tuple[str, ...]
    purpose: str | None
    service_class: str
    problems: tuple[str, ...]
    profile: str
    summary: str
    needs_idempotency_key: bool
    media_types: tuple[str, ...] = ()
    error_format: str = "problem"
    max_body_bytes: int = 0

    @property
    def is_public(self) -> bool:
        """Whether anybody may call it without a token."""
        return not self.scopes


@cache
def load_document() -> dict[str, Any]:
    """Read the parts in ``openapi/`` as one document of plain data. Do not change what is returned: it is read once.

    Raises:
        ValueError: Two parts say the same thing.
    """
    document: dict[str, Any] = {}
    folder = files("conformance.contract").joinpath("openapi")
    for part in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if part.name.endswith(".yaml"):
            _add(document, _read(part.read_text(encoding="utf-8")), part.name)
    return document


def _read(text: str) -> dict[str, Any]:
    part: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    return part


def _add(whole: dict[str, Any], part: Mapping[str, Any], place: str) -> None:
    """Add a part's members to the whole; mappings are merged, anything else may be said once only."""
    for name, value in part.items():
        known = whole.setdefault(name, {} if isinstance(value, dict) else value)
        if isinstance(known, dict) and isinstance(value, dict):
            _add(known, value, f"{place} {name}")
        elif known is not value:
            raise ValueError(f"{place}: {name} is said twice; say it in one part only")


@cache
def load_operations() -> tuple[Operation, ...]:
    """All operations, in the document's order."""
    return tuple(
        _operation(path, method, item)
        for path, methods in load_document()["paths"].items()
        for method, item in methods.items()
        if method in METHODS
    )


def _operation(path: str, method: str, item: dict[str, Any]) -> Operation:
    return Operation(
        operation_id=item["operationId"],
        method=method.upper(),
        path=path,
        scopes=tuple(scope for choice in item.get("security", ()) for scope in choice["oauth"]),
        purpose=item["x-purpose"],
        service_class=item["x-service-class"],
        problems=tuple(item["x-problems"]),
        profile=item["tags"][0],
        summary=item["summary"],
        needs_idempotency_key={"$ref": "#/components/parameters/IdempotencyKey"} in item.get("parameters", ()),
        media_types=tuple(dict.fromkeys(_media_types(item["responses"]))),
        error_format=item.get("x-error-format", "problem"),
        max_body_bytes=item.get("x-max-body-bytes", 0),
    )


def _media_types(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, response in responses.items():
        if str(status).startswith("2"):
            yield from response.get("content", ())
