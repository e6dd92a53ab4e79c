"""JSON text: secrets and personal data by the members they stand under; numbers and doubled members stay as written."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Literal

from conformance.masking.found import Found, is_text
from conformance.masking.free_text import looks_issued, mask_text, treatment
from conformance.masking.names import is_personal, is_secret, load_names, plain

Role = Literal["secret", "personal", "page", ""]

DEPTH = 60
"""Deepest nesting that is walked; what lies deeper is left out. Confidence C."""

SHORT = 80
"""Longest text of which it is remembered that nothing in it is masked, in characters. Confidence C."""

_BETWEEN_TAGS = re.compile(r">[^<]+<")


class _Object(list[tuple[str, Any]]):
    """An object's members in order, doubled ones too."""

    def names(self) -> frozenset[str]:
        """Names of the members in snake_case."""
        return frozenset(plain(name) for name, _ in self)

    def get(self, name: str) -> object:
        """A member's value; None if there is none."""
        return next((value for known, value in self if known == name), None)


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def mask_json(text: str, found: Found) -> str | None:
    """A JSON text with its secrets labelled and personal data shaped; None where it is no JSON."""
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError):
        return None
    return _Writer(found).written(value)


class _Writer:
    """Writes JSON anew, masked."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def written(self, value: object, role: Role = "", *, person: bool = False, depth: int = 0) -> str:
        """A value as text; ``person``: it stands in what is a person's."""
        if depth > DEPTH:
            return '"..."'
        if isinstance(value, _Object):
            return "{" + ", ".join(self._members(value, role, person=person, depth=depth)) + "}"
        if isinstance(value, list):
            parts = (self.written(one, role, person=person, depth=depth + 1) for one in value)
            return "[" + ", ".join(parts) + "]"
        if isinstance(value, _Number):
            return self._number(value, role)
        return _quoted(self._string(value, role)) if isinstance(value, str) else json.dumps(value)

    def _members(self, members: _Object, role: Role, *, person: bool, depth: int) -> Iterable[str]:
        names = members.names()
        is_person = _is_person(members, names, inside=person)
        for name, value in members:
            given = _role(name, value, members, names, person=is_person)
            inherited = role if role == "personal" and plain(name) not in load_names().personal.codes else ""
            below = is_person or plain(name) in load_names().personal.holders
            text = self.written(value, given or inherited, person=below, depth=depth + 1)
            yield f"{_quoted(self._masked(name))}: {text}"

    def _number(self, value: str, role: Role) -> str:
        if role == "secret":
            return json.dumps(self.found.secret(value))
        if role == "personal":
            self.found.person(value)
            return re.sub("[0-9]", "9", value)
        return value

    def _string(self, value: str, role: Role) -> str:
        if role == "page":
            return _BETWEEN_TAGS.sub(lambda seen: f">{self.found.person(seen[0][1:-1])}<", value)
        if role == "secret":
            done = treatment("request_uri", value, self.found) if value.startswith("urn:") else None
            return (done or self.found.secret)(value)
        return self.found.person(value) if role == "personal" else self._masked(value)

    def _masked(self, text: str) -> str:
        return text if len(text) <= SHORT and _holds_nothing(text) else mask_text(text, self.found)


@lru_cache(maxsize=50_000)
def _holds_nothing(text: str) -> bool:
    """Whether nothing in a text is masked; names of members, codes and times come again and again."""
    found = Found()
    return mask_text(text, found) == text and found == Found()


def _quoted(text: str) -> str:
    """A string of JSON; one with halves of characters keeps their escapes."""
    return encode_basestring(text) if is_text(text) else json.dumps(text)


def _is_person(members: _Object, names: frozenset[str], *, inside: bool) -> bool:
    personal = load_names().personal
    kind = members.get("resourceType")
    if isinstance(kind, str):
        return kind in personal.resources
    if names & personal.things:
        return False
    return inside or bool(names & personal.markers) or bool(names & personal.hints)


def _role(name: str, value: object, members: _Object, names: frozenset[str], *, person: bool) -> Role:
    known = plain(name)
    if isinstance(value, _Object) and known not in ("address", "name"):
        return ""
    if _is_credential(name, known, value, names):
        return "secret"
    if name == "div" and person:
        return "page"
    if known == "display" and str(members.get("reference")).startswith(_PEOPLE):
        return "personal"
    if known == "text" and isinstance(value, _Object):
        return ""
    return "personal" if is_personal(name) or (person and known in load_names().personal.of_person) else ""


_PEOPLE = tuple(f"{kind}/" for kind in ("Patient", "Person", "RelatedPerson", "Practitioner"))


def _is_credential(name: str, known: str, value: object, names: frozenset[str]) -> bool:
    if known == "code":
        return isinstance(value, str) and not names & {"system", "display"} and looks_issued(value)
    return is_secret(name) or ("kty" in names and name in load_names().secret.jwk)
