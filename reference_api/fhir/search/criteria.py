"""Criteria: what a search asks for, read from its parameters.

A criterion is a list of tests of which one must hold; every criterion must hold.
Source: HL7 FHIR R4 4.0.1, search.html: values separated by commas are alternatives, repeated parameters all hold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reference_api.fhir.outcome import refused
from reference_api.fhir.search.dates import date_test
from reference_api.fhir.search.indexed import Indexed, Test
from reference_api.fhir.search.parameters import EXACT, TEXT, Parameter, parameters_of
from reference_api.fhir.search.references import IdTest, account_of, patient_test, reference_test
from reference_api.fhir.search.tokens import TextTest, TokenTest, fold, split, token_test, unescape

Criterion = tuple[Test, ...]

ALTERNATIVES_LIMIT = 100
"""Values of one parameter. Source: none; above a page of ids, and keeps a statement short. Confidence C."""


class Context(NamedTuple):
    """What values are relative to: this server's base URL, and now (Unix seconds)."""

    base_url: str
    now_s: float


_Reader = Callable[[Parameter, str, str, Context], Test]

ID = Parameter("_id", "id")
LAST_UPDATED = Parameter("_lastUpdated", "updated")
MIRRORED = ("Patient", "Consent")
"""Types that show what the city OS keeps elsewhere: it knows no time of an account's last change."""


def is_mirrored(resource_type: str, logical_id: str) -> bool:
    """Whether a resource shows what the city OS keeps elsewhere; a Patient without an account is stored."""
    return resource_type == "Consent" or (resource_type == "Patient" and (account_of(logical_id) or -1) > 0)


def common_parameters(resource_type: str) -> Mapping[str, Parameter]:
    """Parameters that a type has in common with every other one of its sort."""
    return {"_id": ID} if resource_type in MIRRORED else {"_id": ID, "_lastUpdated": LAST_UPDATED}


def read_criterion(resource_type: str, name: str, value: str, context: Context) -> Criterion | None:
    """The criterion of one parameter, None if the type has no such parameter.

    Raises:
        ApiError: malformed-request: a modifier that is not offered, a chain, or a value that cannot be read.
    """
    plain, _, modifier = name.partition(":")
    if "." in plain or "." in modifier:
        raise refused("malformed-request", "not-supported", "Chained parameters are not offered", name)
    parameter = parameters_of(resource_type).get(plain) or common_parameters(resource_type).get(plain)
    if parameter is None:
        return None
    if modifier not in _modifiers(parameter):
        raise refused("malformed-request", "not-supported", "This modifier is not offered for the parameter", plain)
    texts = split(value, ",")
    if len(texts) > ALTERNATIVES_LIMIT:
        raise refused("malformed-request", "too-costly", f"At most {ALTERNATIVES_LIMIT} values", plain)
    known = parameters_of(resource_type)
    meant = [known[name] for name in parameter.any_of] or [parameter]
    try:
        return tuple(_READERS[one.kind](one, modifier, text, context) for text in texts for one in meant)
    except ValueError as fault:
        raise refused("malformed-request", "value", f"A value is {fault}", plain) from None


def _modifiers(parameter: Parameter) -> tuple[str, ...]:
    if parameter.kind == "token":
        return ("", "text") if parameter.text else ("",)
    return _MODIFIERS.get(parameter.kind, ("",))


_MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "string": ("", "contains", "exact"),
    "patient": ("", "Patient"),
    "reference": ("", "Observation"),
}


def _id(_parameter: Parameter, _modifier: str, text: str, _context: Context) -> Test:
    return IdTest(unescape(text))


def _token(parameter: Parameter, modifier: str, text: str, _context: Context) -> Test:
    if modifier:
        return TextTest(parameter.name + TEXT, _folded(text))
    return token_test(parameter.name, text)


def _string(parameter: Parameter, modifier: str, text: str, _context: Context) -> Test:
    if modifier == "exact":
        return TokenTest(parameter.name + EXACT, None, unescape(text))
    return TextTest(parameter.name, _folded(text), anywhere=modifier == "contains")


def _folded(text: str) -> str:
    folded = fold(unescape(text))
    if not folded:
        raise ValueError("empty")
    return folded


def _date(_parameter: Parameter, _modifier: str, text: str, context: Context) -> Test:
    return date_test(text, context.now_s)


def _updated(_parameter: Parameter, _modifier: str, text: str, context: Context) -> Test:
    return date_test(text, context.now_s, of_update=True)


def _patient(_parameter: Parameter, modifier: str, text: str, context: Context) -> Test:
    return patient_test(_typed(modifier, text), context.base_url)


def _reference(parameter: Parameter, modifier: str, text: str, context: Context) -> Test:
    return reference_test(parameter.name, _typed(modifier, text), context.base_url)


def _typed(modifier: str, text: str) -> str:
    """A bare id with its type, if the modifier names one."""
    return f"{modifier}/{text}" if modifier and "/" not in text else text


_READERS: Mapping[str, _Reader] = {
    "id": _id,
    "token": _token,
    "string": _string,
    "date": _date,
    "updated": _updated,
    "patient": _patient,
    "reference": _reference,
}


def all_hold(criteria: Iterable[Criterion], indexed: Indexed) -> bool:
    """Whether a resource is one that is asked for."""
    return all(any(test.matches(indexed) for test in criterion) for criterion in criteria)


def condition(criteria: Sequence[Criterion]) -> tuple[str, list[Any]]:
    """The condition on row ``r`` of fhir_resource and its parameters; of no criteria, one that always holds."""
    texts: list[str] = []
    values: list[Any] = []
    for criterion in criteria:
        parts = [test.sql() for test in criterion]
        texts.append("(" + " OR ".join(text for text, _ in parts) + ")")
        values += [value for _, of_part in parts for value in of_part]
    return " AND ".join(texts) or "1 = 1", values
