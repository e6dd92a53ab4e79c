"""The resource that contains others: %rootResource of the invariants."""

from typing import Any


class Root:
    """A resource as the container of its contained resources; it may still be of any shape.

    The contained resources are looked through once, so that many references into many cost no more than both.
    """

    __slots__ = ("_types", "resource")

    def __init__(self, resource: Any) -> None:
        self.resource = resource
        self._types: dict[str, str | None] | None = None

    def contains(self, identity: str) -> bool:
        """Whether a contained resource has this id."""
        return identity in self._contained()

    def type_of(self, identity: str) -> str | None:
        """The resource type of a contained resource, None if there is none or it tells none."""
        return self._contained().get(identity)

    def _contained(self) -> dict[str, str | None]:
        if self._types is None:
            contained = self.resource.get("contained") if isinstance(self.resource, dict) else None
            entries = contained if isinstance(contained, list) else []
            self._types = dict(_named(entry) for entry in entries if _has_id(entry))
        return self._types


def _has_id(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str)


def _named(entry: Any) -> tuple[str, str | None]:
    name = entry.get("resourceType")
    return entry["id"], name if isinstance(name, str) else None
