"""Indexed: what a search can ask of one resource."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Indexed:
    """What a search can ask of one resource.

    ``account`` is the patient's row. ``tokens`` are parameter, system and code; texts and references are among them.
    ``interval`` is when it was true of the patient, Unix seconds from and until.
    """

    logical_id: str
    account: int
    tokens: frozenset[tuple[str, str, str]]
    interval: tuple[float, float] | None = None


class Test(Protocol):
    """One value of a search parameter."""

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` of fhir_resource, and its parameters."""

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
