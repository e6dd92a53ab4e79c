"""The narrative of a resource: XHTML that can be shown and cannot act.

Source: HL7 FHIR R4 4.0.1, narrative.html#xhtml and the invariants txt-1 and txt-2.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from xml.parsers import expat

import msgspec

# Declarations are refused before anything is parsed, so no entity is ever expanded.
_DECLARATION = re.compile(r"<\?|<!(?!--)")
_ACTIVE_LINK = re.compile(r"[\s\x00-\x20]*(?:javascript|vbscript|data(?!:image/)):", re.IGNORECASE)
_NAMESPACE = "http://www.w3.org/1999/xhtml"


class _Allowed(msgspec.Struct, frozen=True):
    elements: frozenset[str]
    attributes: frozenset[str]
    attributes_of: dict[str, frozenset[str]]


def is_harmless(text: str) -> bool:
    """Whether it is one ``div`` of the allowed elements and attributes, without active parts (txt-1)."""
    reader = _Reader()
    return not _DECLARATION.search(text) and reader.read(text) and reader.is_sound


def has_content(text: str) -> bool:
    """Whether there is something to see: text or an image (txt-2)."""
    reader = _Reader()
    return not _DECLARATION.search(text) and reader.read(text) and reader.has_content


@cache
def _allowed() -> _Allowed:
    text = files("conformance.contract.fhir").joinpath("narrative.json").read_bytes()
    return msgspec.json.decode(text, type=_Allowed)


@cache
def _names() -> Mapping[str, frozenset[str]]:
    """The attributes of each allowed element."""
    allowed = _allowed()
    return {name: allowed.attributes | allowed.attributes_of.get(name, frozenset()) for name in allowed.elements}


def _is_allowed(name: str, attributes: dict[str, str]) -> bool:
    names = _names().get(name)
    if names is None or not attributes:
        return names is not None
    is_active = any(_ACTIVE_LINK.match(attributes.get(link, "")) for link in ("href", "src", "cite"))
    return names.issuperset(attributes) and not is_active


class _Reader:
    """Reads one narrative; notes whether all of it is allowed and whether there is something to see."""

    def __init__(self) -> None:
        self.is_sound = True
        self.has_content = False
        self._depth = 0
        self._parser = expat.ParserCreate()

    def read(self, text: str) -> bool:
        """Read a text to its end; whether it is XML."""
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(text.encode("utf-8"), True)  # noqa: FBT003 - a C function without names: this is all
        except (expat.ExpatError, UnicodeEncodeError):
            return False
        return True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and (name != "div" or attributes.pop("xmlns", None) != _NAMESPACE):
            self.is_sound = False
        self._depth += 1
        self.is_sound = self.is_sound and _is_allowed(name, attributes)
        self.has_content = self.has_content or name == "img"
        if not self.is_sound:
            # Nothing further is asked of it, so a flood of elements costs no more than its parsing.
            self._parser.StartElementHandler = self._parser.EndElementHandler = None

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _text(self, text: str) -> None:
        if text.strip():
            self.has_content = True
