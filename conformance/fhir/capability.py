"""Capability: what a FHIR server says of itself in its CapabilityStatement, and conditions of checks by it."""

from collections.abc import Mapping
from typing import Any

from conformance.check import Condition
from conformance.target import Target
from conformance.text import Text

WRITES = {"create", "update", "delete", "transaction", "batch"}


class Capability:
    """A CapabilityStatement; whatever it does not say, or says in a wrong form, counts as not declared."""

    def __init__(self, statement: Mapping[str, Any]) -> None:
        self.statement = statement

    @property
    def rest(self) -> Mapping[str, Any]:
        """What it says of the server's RESTful interface."""
        return next((row for row in rows_of(self.statement.get("rest")) if row.get("mode") == "server"), {})

    def kind(self, name: str) -> Mapping[str, Any]:
        """What it says of a resource type."""
        return next((row for row in rows_of(self.rest.get("resource")) if row.get("type") == name), {})

    def does(self, kind: str, interaction: str) -> bool:
        """Whether an interaction with a type is declared; with the type "" one of the whole system."""
        place = self.kind(kind) if kind else self.rest
        return any(row.get("code") == interaction for row in rows_of(place.get("interaction")))

    def parameter(self, kind: str, name: str) -> Mapping[str, Any]:
        """A search parameter of a type, or of all types; empty if it is not declared."""
        declared = [*rows_of(self.kind(kind).get("searchParam")), *rows_of(self.rest.get("searchParam"))]
        return next((row for row in declared if row.get("name") == name), {})

    def keeps_versions(self, kind: str) -> bool:
        """Whether versions of a type are kept."""
        return self.kind(kind).get("versioning") in ("versioned", "versioned-update")

    @property
    def has_smart(self) -> bool:
        """Whether SMART App Launch is declared. Source: CodeSystem restful-security-service."""
        security = self.rest.get("security")
        services = rows_of(security.get("service")) if isinstance(security, dict) else []
        codes = {coding.get("code") for one in services for coding in rows_of(one.get("coding"))}
        return "SMART-on-FHIR" in codes


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where there is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def of_fhir(target: Target) -> Text | None:
    """A condition: there is a FHIR server."""
    text = Text("the plan names no FHIR server", "計画にFHIRサーバーがない")
    return None if target.fhir_base else text


def interacts(kind: str, *interactions: str) -> Condition:
    """A condition: the server declares interactions with a type ("": the system), and the plan allows them."""

    def tell(target: Target) -> Text | None:
        if WRITES.intersection(interactions) and not target.plan.fhir.may_write:
            return Text("the plan forbids to write (fhir.may_write)", "計画が書き込みを許していない(fhir.may_write)")
        missing = [name for name in interactions if not Capability(target.capability).does(kind, name)]
        return _undeclared(f"{kind} {', '.join(missing)}".strip()) if missing else None

    return tell


def searches(kind: str, *names: str) -> Condition:
    """A condition: the server declares search parameters of a type."""

    def tell(target: Target) -> Text | None:
        capability = Capability(target.capability)
        if not capability.does(kind, "search-type"):
            return _undeclared(f"{kind} search-type")
        missing = [name for name in names if not capability.parameter(kind, name)]
        return _undeclared(f"{kind}?{', '.join(missing)}") if missing else None

    return tell


def declares(kind: str, member: str, *values: object) -> Condition:
    """A condition: a member of what is said of a type has one of some values."""

    def tell(target: Target) -> Text | None:
        found = Capability(target.capability).kind(kind).get(member)
        listed = found if isinstance(found, list) else [found]
        told = " / ".join(str(value) for value in values)
        return None if any(one in values for one in listed) else _undeclared(f"{kind}.{member} = {told}")

    return tell


def supports(kind: str, member: str) -> Condition:
    """A condition: a member of what is said of a type is true."""
    return declares(kind, member, True)  # noqa: FBT003 - one of the values that a member may have


def with_smart(target: Target) -> Text | None:
    """A condition: the server declares SMART App Launch."""
    return None if Capability(target.capability).has_smart else _undeclared("SMART-on-FHIR")


def _undeclared(what: str) -> Text:
    return Text(f"the CapabilityStatement does not declare {what}", f"CapabilityStatementに {what} の宣言がない")
