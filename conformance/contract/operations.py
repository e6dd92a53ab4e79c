"""Operations of the contract, read from its OpenAPI document."""

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
    ``problems`` are its own problem types.
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

    @property
    def is_public(self) -> bool:
        """Whether anybody may call it without a token."""
        return not self.scopes


@cache
def load_document() -> dict[str, Any]:
    """Read ``openapi.yaml`` as plain data. Do not change what is returned: it is read once."""
    text = files("conformance.contract").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    return document


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
    )
