"""The page of the contract: one offline file in Japanese and English that a vendor can read from end to end."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from conformance.contract.catalogue import load_consent_catalogue, load_events, load_ring_items, load_rings, load_roles
from conformance.contract.fhir.lifelog import load_lifelog
from conformance.contract.operations import Operation, load_document, load_operations
from conformance.contract.profiles import load_profiles
from conformance.contract.requirements import clause_link, load_requirements
from conformance.contract.rules import load_rules

SHOWN_STATUSES = ("200", "201", "202")
"""Answers whose example the page shows, the first that there is."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as the page shows it; examples are JSON text, empty where there is no body."""

    operation: Operation
    ja: str
    description: str
    parameters: list[Mapping[str, Any]]
    request: str
    answer: str
    links: list[str]
    requirements: list[str]


@cache
def environment() -> Environment:
    """What turns the room's templates into pages; what is unknown in them is a fault."""
    environment = Environment(
        loader=PackageLoader("conformance.publication"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = clause_link
    environment.filters["prose"] = prose
    return environment


def style() -> Markup:
    """The pages' style sheet."""
    text = files("conformance.publication").joinpath("templates", "contract.css").read_text("utf-8")
    return Markup(text)  # noqa: S704 - our own file


def contract_page() -> str:
    """The page as HTML; it needs nothing from elsewhere."""
    document = load_document()
    scheme = document["components"]["securitySchemes"]["oauth"]
    return (
        environment()
        .get_template("contract.html")
        .render(
            style=style(),
            info=document["info"],
            profiles=load_profiles(),
            rules=load_rules(),
            groups=_groups(),
            scopes=[(name, scheme["x-scopes-ja"][name], en) for name, en in _scopes(scheme).items()],
            roles=load_roles(),
            consent=load_consent_catalogue(),
            rings=load_rings(),
            ring_items=load_ring_items(),
            events=load_events(),
            lifelog=load_lifelog(),
            requirements=load_requirements(),
        )
    )


def _scopes(scheme: Mapping[str, Any]) -> Mapping[str, str]:
    scopes: Mapping[str, str] = scheme["flows"]["clientCredentials"]["scopes"]
    return scopes


def _groups() -> list[tuple[str, list[Shown]]]:
    """Operations by profile, in the contract's order of profiles; those of a sandbox last."""
    shown = [_shown(one) for one in load_operations()]
    names = [*load_profiles(), "sandbox"]
    groups = [(name, [one for one in shown if one.operation.profile == name]) for name in names]
    return [(name, members) for name, members in groups if members]


def _shown(operation: Operation) -> Shown:
    path = load_document()["paths"][operation.path]
    item = path[operation.method.lower()]
    answer: Mapping[str, Any] = next(
        (resolved(item["responses"][one]) for one in SHOWN_STATUSES if one in item["responses"]), {}
    )
    return Shown(
        operation=operation,
        ja=item["x-ja"],
        description=item.get("description", ""),
        parameters=[resolved(one) for one in (*path.get("parameters", ()), *item.get("parameters", ()))],
        request=_example(resolved(item.get("requestBody", {}))),
        answer=_example(answer),
        links=_links(item),
        requirements=[one.id for one in load_requirements() if operation.operation_id in one.operations],
    )


def _links(item: Mapping[str, Any]) -> list[str]:
    """Operations that any answer leads to, each once."""
    answers = (resolved(one) for one in item["responses"].values())
    found = (resolved(link)["operationId"] for answer in answers for link in answer.get("links", {}).values())
    return list(dict.fromkeys(found))


def prose(text: str) -> Markup:
    """Text of the document, what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def resolved(value: Any) -> Any:
    """What a reference within the document leads to, or the value itself."""
    while isinstance(value, dict) and "$ref" in value:
        target: Any = load_document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def _example(message: Mapping[str, Any]) -> str:
    """The first example of a request or an answer, as text."""
    for content in message.get("content", {}).values():
        for example in _examples(content):
            return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
    return ""


def _examples(content: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    yield from (resolved(one)["value"] for one in content.get("examples", {}).values())
    yield from resolved(content.get("schema", {})).get("examples", ())
