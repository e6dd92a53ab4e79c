"""The primitive types: whether a JSON value is one of them.

Source: HL7 FHIR R4 4.0.1, datatypes.html#primitive; the regular expressions are the package's. They are of ASCII
classes: a full-width digit is no digit, and an ideographic space is no white space.
"""

import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from conformance.contract.fhir.tables import load_types

Holds = Callable[[Any], bool]

STRING_LIMIT = 1024 * 1024
"""Characters of a string. Source: HL7 FHIR R4 4.0.1, datatypes.html#string."""

INTEGER_LIMIT = 2**31 - 1
"""Source: HL7 FHIR R4 4.0.1, datatypes.html#integer (signed, 32 bits)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNSPACED = ("canonical", "code", "uri", "url")
_BASE64 = re.compile(r"(?:[0-9a-zA-Z+/]{4})*(?:[0-9a-zA-Z+/]{2}==|[0-9a-zA-Z+/]{3}=)?", re.ASCII)


@cache
def primitive(name: str) -> Holds:
    """The test of a primitive type.

    Raises:
        KeyError: R4 has no such primitive type, or no resource of the contract uses it.
    """
    rule = load_types().primitives[name]
    if name in _BY_HAND:
        return _BY_HAND[name]
    if rule.pattern is None:
        raise KeyError(name)
    matches = re.compile(rule.pattern, re.ASCII).fullmatch
    if name in ("date", "dateTime", "instant"):
        return lambda value: type(value) is str and matches(value) is not None and _is_calendar_day(value)
    if name in _UNSPACED:
        return lambda value: (
            type(value) is str and (_is_plain(value) or (matches(value) is not None and _is_text(value)))
        )
    return lambda value: type(value) is str and matches(value) is not None


def is_string(value: object) -> bool:
    """A string that is not empty and has no control characters but tab, line feed and carriage return."""
    return type(value) is str and len(value) <= STRING_LIMIT and _is_text(value)


def _is_text(value: str) -> bool:
    """Not empty, without control characters: of code a rule of R4 (it is a string), of uri one of RFC 3986."""
    return value != "" and (value.isprintable() or not _CONTROL.search(value))


def _is_plain(value: str) -> bool:
    """The usual code or URL, known without its regular expression: ASCII that can be seen."""
    return value != "" and value.isascii() and value.isprintable() and " " not in value


def is_integer(value: object) -> bool:
    """A JSON number without point and exponent, within 32 bits."""
    return type(value) is int and -INTEGER_LIMIT <= value <= INTEGER_LIMIT


def _is_positive(value: object) -> bool:
    return type(value) is int and 1 <= value <= INTEGER_LIMIT


def _is_unsigned(value: object) -> bool:
    return type(value) is int and 0 <= value <= INTEGER_LIMIT


def _is_boolean(value: object) -> bool:
    return value is True or value is False


def _is_decimal(value: object) -> bool:
    kind = type(value)
    if kind is int:
        return True
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]  # the type was asked for
    return isinstance(value, Decimal) and value.is_finite()


def _is_base64(value: object) -> bool:
    return type(value) is str and value != "" and _BASE64.fullmatch("".join(value.split())) is not None


def _is_calendar_day(value: str) -> bool:
    """Whether the day is one of its month; days up to the 28th are."""
    day = value[8:10]
    if day <= "28":
        return True
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


_BY_HAND: dict[str, Holds] = {
    "base64Binary": _is_base64,
    "boolean": _is_boolean,
    "decimal": _is_decimal,
    "integer": is_integer,
    "markdown": is_string,
    "positiveInt": _is_positive,
    "string": is_string,
    "unsignedInt": _is_unsigned,
    "xhtml": is_string,
}
"""Types that a regular expression alone does not decide, or decides too slowly."""
