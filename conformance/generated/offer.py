"""Offer: which of the contract's operations a target says that it has, and what the document says about them."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.catalogue import load_roles
from conformance.contract.operations import Operation, load_document, load_operations
from conformance.target import Target
from conformance.text import Text

OFFERED = ("full", "partial")
"""Levels of a profile whose operations are there. Source: contract C1 profiles."""

WRITES = ("POST", "PUT", "PATCH", "DELETE")

ROLE_ORDER = (
    "city_office",
    "shelter_desk",
    "association",
    "position_gateway",
    "lgwan_bridge",
    "medical_institution",
    "sandbox_admin",
)
"""Roles that get a token by themselves, in the order in which they are asked to act."""


def level_of(target: Target, profile: str) -> str:
    """The level at which a target declares a profile; empty where it does not."""
    rows = target.city_os.get("profiles") or ()
    found = (row for row in rows if isinstance(row, dict) and row.get("id") == profile)
    return str(next(found, {}).get("level", ""))


def exceptions_of(target: Target, profile: str) -> frozenset[str]:
    """What a profile that is kept in part leaves out."""
    rows = target.city_os.get("profiles") or ()
    found = (row for row in rows if isinstance(row, dict) and row.get("id") == profile)
    return frozenset(map(str, next(found, {}).get("exceptions", ())))


def is_offered(target: Target, operation: Operation) -> bool:
    """Whether a target says that it has an operation; the sandbox's are there where it has a sandbox."""
    if operation.profile == "sandbox":
        return bool(target.city_os.get("sandbox"))
    there = level_of(target, operation.profile) in OFFERED
    return there and operation.operation_id not in exceptions_of(target, operation.profile)


def rest_operations(target: Target) -> tuple[Operation, ...]:
    """The operations offered that keep the rules of REST APIs: those of OpenID Connect, FHIR and the sandbox apart."""
    apart = ("core-oidc", "health-fhir", "sandbox")
    return tuple(one for one in load_operations() if one.profile not in apart and is_offered(target, one))


def with_fhir(target: Target) -> tuple[Operation, ...]:
    """The FHIR operations offered."""
    return tuple(one for one in load_operations() if one.profile == "health-fhir" and is_offered(target, one))


def offers_operation(*operation_ids: str) -> Any:
    """A condition: the target says that it has all of these operations."""
    wanted = {one.operation_id: one for one in load_operations()}

    def tell(target: Target) -> Text | None:
        missing = [name for name in operation_ids if not is_offered(target, wanted[name])]
        told = ", ".join(missing)
        return Text(f"the target does not offer {told}", f"対象は {told} を提供しない") if missing else None

    return tell


def may_write(target: Target) -> Text | None:
    """A condition: things may be made there, since it is no system in production."""
    text = Text(
        "nothing is written to a system in production (environment in /.well-known/city-os)",
        "本番(/.well-known/city-os の environment)には書き込まない",
    )
    return text if target.city_os.get("environment") == "production" else None


def is_of_people(operation: Operation) -> bool:
    """Whether only a person can call an operation: no role that acts by itself has one of its scopes."""
    return bool(operation.scopes) and not roles_for(operation)


def roles_for(operation: Operation) -> tuple[str, ...]:
    """Roles with a scope that opens an operation, of those that get a token by themselves."""
    roles = load_roles()
    return tuple(name for name in ROLE_ORDER if set(operation.scopes) & set(roles[name].scopes))


def described(operation: Operation) -> dict[str, Any]:
    """What the document says about an operation."""
    item: dict[str, Any] = load_document()["paths"][operation.path][operation.method.lower()]
    return item


def parameters_of(operation: Operation) -> Iterator[dict[str, Any]]:
    """An operation's parameters, those of its path too."""
    shared = load_document()["paths"][operation.path].get("parameters", ())
    for one in (*shared, *described(operation).get("parameters", ())):
        yield resolved(one)


def has_parameter(operation: Operation, name: str) -> bool:
    """Whether an operation has a parameter of a name."""
    return any(one["name"] == name for one in parameters_of(operation))


def request_schema(operation: Operation) -> dict[str, Any]:
    """Schema of an operation's JSON request; empty if it has none."""
    content = described(operation).get("requestBody", {}).get("content", {})
    return resolved(content.get("application/json", {}).get("schema", {}))


def takes_json(operation: Operation) -> bool:
    """Whether an operation takes JSON."""
    return "application/json" in described(operation).get("requestBody", {}).get("content", {})


def response_schema(operation: Operation, status: int, media_type: str) -> dict[str, Any]:
    """Schema of an answer; empty if the document gives none for it."""
    responses = described(operation)["responses"]
    told = resolved(responses.get(str(status), responses.get("default", {})))
    return resolved(told.get("content", {}).get(media_type, {}).get("schema", {}))


def links_of(operation: Operation) -> Mapping[str, Mapping[str, Any]]:
    """The links of an operation's successful answers, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for status, response in described(operation)["responses"].items():
        if str(status).startswith("2"):
            found |= resolved(response).get("links", {})
    return found


def resolved(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference of the document stands for; what is no reference, as it is."""
    found: Any = item
    while "$ref" in found:
        place: Any = load_document()
        for part in found["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        found = place
    return dict(found)
