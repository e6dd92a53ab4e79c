"""SMART scopes: what a token may do with which type, for whom, and with which restriction.

``(patient|user|system)/(Type|*).[c][r][u][d][s][?query]``; of the first version ``.read`` is ``.rs``, ``.write`` is
``.cud`` and ``.*`` is ``.cruds``. A scope that is none of these opens nothing. Source: HL7 SMART App Launch 2.2.0,
scopes-and-launch-context.html.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

HEALTH_PROFILE = "health-fhir"
"""Profile of the contract whose operations are opened by SMART scopes."""

_SCOPE = re.compile(
    r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.(?:(read|write|\*)|(c?r?u?d?s?)(?:\?([\x21-\x7e]+))?)", re.ASCII
)
_FIRST_VERSION = {"read": "rs", "write": "cud", "*": "cruds"}

CREATE, READ, UPDATE, DELETE, SEARCH = "cruds"


@dataclass(frozen=True, slots=True)
class SmartScope:
    """One scope: ``level`` patient, user or system; ``letters`` of cruds; ``query`` narrows it to what it finds."""

    level: str
    resource_type: str
    letters: str
    query: tuple[tuple[str, str], ...] = ()

    def opens(self, resource_type: str, letter: str) -> bool:
        """Whether it allows an interaction with a type."""
        return letter in self.letters and self.resource_type in ("*", resource_type)

    def covers(self, other: "SmartScope") -> bool:
        """Whether everything that the other one allows is allowed by this one, at the same level."""
        return (
            self.level == other.level
            and self.resource_type in ("*", other.resource_type)
            and set(other.letters) <= set(self.letters)
            and set(self.query) <= set(other.query)
        )


@lru_cache(maxsize=4096)
def read_scope(text: str) -> SmartScope | None:
    """The scope, None if it is none of SMART's."""
    found = _SCOPE.fullmatch(text)
    if found is None:
        return None
    level, resource_type, first_version, letters, query = found.groups()
    letters = _FIRST_VERSION.get(first_version or "", letters)
    if not letters:
        return None
    return SmartScope(level, resource_type, letters, tuple(parse_qsl(query or "", keep_blank_values=True)))


@lru_cache(maxsize=4096)
def smart_scopes(scopes: frozenset[str]) -> tuple[SmartScope, ...]:
    """The SMART scopes among the scopes of a token."""
    read = (read_scope(text) for text in sorted(scopes))
    return tuple(scope for scope in read if scope is not None)


def is_within(wanted: str, held: Iterable[str]) -> bool:
    """Whether a client that may have ``held`` may ask for ``wanted``, which may be narrower."""
    scope = read_scope(wanted)
    if scope is None:
        return wanted in held
    return any(other is not None and other.covers(scope) for other in map(read_scope, held))
