"""Search parameters by resource type, and what is indexed for them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reference_api.fhir.search.dates import interval_of_element
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.references import read_reference
from reference_api.fhir.search.tokens import fold

Token = tuple[str, str, str]
"""Parameter, system, code."""

TEXT = ":text"
EXACT = ":exact"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter.

    ``kind`` is token, string, date, reference or patient; ``paths`` lead to what it looks at; ``system`` is that of a
    plain code; ``text`` says that the modifier ``:text`` is offered; ``any_of`` names parameters that it stands for.
    """

    name: str
    kind: str
    paths: tuple[tuple[str, ...], ...] = ()
    system: str = ""
    text: bool = False
    any_of: tuple[str, ...] = ()


@cache
def parameters_of(resource_type: str) -> Mapping[str, Parameter]:
    """Search parameters of a type by name; empty for a type that is not served."""
    return _table().get(resource_type, {})


@cache
def _table() -> Mapping[str, Mapping[str, Parameter]]:
    text = files("reference_api.fhir.search").joinpath("parameters.toml").read_text(encoding="utf-8")
    return {
        resource_type: {name: _parameter(name, entry) for name, entry in entries.items()}
        for resource_type, entries in tomllib.loads(text).items()
    }


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    paths = tuple(tuple(path.split(".")) for path in entry.get("paths", ()))
    return Parameter(
        name, entry["kind"], paths, entry.get("system", ""), entry.get("text", False), tuple(entry.get("any_of", ()))
    )


def index(resource: Mapping[str, Any], logical_id: str, account: int, base_url: str) -> Indexed:
    """What a search can ask of a resource that has been validated."""
    tokens: set[Token] = set()
    interval = None
    for parameter in parameters_of(resource["resourceType"]).values():
        for path in parameter.paths:
            for value in _values(resource, path):
                if parameter.kind == "date":
                    interval = interval or interval_of_element(value)
                else:
                    tokens.update(_tokens(parameter, value, base_url))
    return Indexed(logical_id, account, frozenset(tokens), interval)


def _values(holder: Any, path: tuple[str, ...]) -> list[Any]:
    """What a path leads to; lists on the way are followed into each of their entries."""
    found = [holder]
    for name in path:
        step: list[Any] = []
        for place in found:
            value = place.get(name)
            if type(value) is list:
                step += value
            elif value is not None:
                step.append(value)
        if not step:
            return step
        found = step
    return found


def _tokens(parameter: Parameter, value: Any, base_url: str) -> Iterator[Token]:
    if parameter.kind == "string":
        yield parameter.name, "", fold(value)
        yield parameter.name + EXACT, "", value
    elif parameter.kind == "reference":
        if "reference" in value:
            yield parameter.name, *read_reference(value["reference"], base_url)
    elif isinstance(value, str):
        yield parameter.name, parameter.system, value
    elif "coding" in value or "text" in value:
        yield from _of_concept(parameter, value)
    elif "value" in value:
        yield parameter.name, value.get("system", ""), value["value"]


def _of_concept(parameter: Parameter, concept: Mapping[str, Any]) -> Iterator[Token]:
    for coding in concept.get("coding", ()):
        if "code" in coding:
            yield parameter.name, coding.get("system", ""), coding["code"]
        if parameter.text and "display" in coding:
            yield parameter.name + TEXT, "", fold(coding["display"])
    if parameter.text and "text" in concept:
        yield parameter.name + TEXT, "", fold(concept["text"])
