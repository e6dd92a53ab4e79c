"""JSON in and out without loss: strict on the way in, decimals with the digits they were written with on both."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from reference_api.errors import UnreadableResource

DEPTH_LIMIT = 64
"""Levels of objects and arrays. Source: none; R4 resources nest under 20 levels. Confidence C."""

DIGITS_LIMIT = 64
"""Characters of a number. Source: none; R4 asks for 18 digits at least, and longer ones only cost. Confidence C."""

EXPONENT_LIMIT = 308
"""Largest power of ten of a number. Source: RFC 8259 section 6, the range of IEEE 754 binary64."""


class WrittenDecimal(Decimal):
    """A decimal whose usual form has other characters than the one it was sent in (``1.0e2``, ``-0``)."""

    text: str

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a body: UTF-8, no member twice, no NaN, numbers with a point or exponent as Decimal.

    Raises:
        UnreadableResource: it is none, or nests deeper or has longer numbers than the limits of this module.

    Source: RFC 8259; HL7 FHIR R4 4.0.1, json.html and datatypes.html#decimal.
    """
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise UnreadableResource("too-costly", _TOO_DEEP) from None
    except ValueError as fault:
        # The text of the library's message may quote the body; only its position is told.
        place = f" at character {fault.pos}" if isinstance(fault, json.JSONDecodeError) else ""
        raise UnreadableResource("structure", f"The body is no JSON text in UTF-8{place}") from None
    if type(value) is not dict:
        raise UnreadableResource("structure", "The body is no JSON object")
    if _is_too_deep(value):
        raise UnreadableResource("too-costly", _TOO_DEEP)
    if b"\\u" in body:
        _refuse_lone_surrogates(value)
    return value


def encode(resource: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, with every decimal in the digits that ``parse`` read."""
    return _ENCODER.encode(resource)


_TOO_DEEP = f"The body nests deeper than {DEPTH_LIMIT} levels"


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise UnreadableResource("structure", "An object has a member twice")
    return value


def _decimal(text: str) -> Decimal:
    mantissa, _, exponent = text.lower().partition("e")
    if len(text) > DIGITS_LIMIT or abs(int(exponent or 0)) > EXPONENT_LIMIT:
        raise UnreadableResource("too-long", "A number is longer or larger than this server keeps exactly")
    number = Decimal(text)
    return number if mantissa and str(number) == text else WrittenDecimal(text)


def _integer(text: str) -> int | Decimal:
    if len(text) > DIGITS_LIMIT:
        raise UnreadableResource("too-long", "A number is longer or larger than this server keeps exactly")
    return WrittenDecimal(text) if text == "-0" else int(text)


def _constant(name: str) -> NoReturn:
    raise UnreadableResource("structure", f"{name} is no JSON value")


def _is_too_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _refuse_lone_surrogates(value: dict[str, Any]) -> None:
    try:
        _ENCODER.encode(value)
    except UnicodeEncodeError:
        raise UnreadableResource("structure", "A string has half of a surrogate pair") from None


def _written(value: object) -> msgspec.Raw:
    if isinstance(value, WrittenDecimal):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} is no value of a resource")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
)
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_written)
