"""Writing: a plan as a TOML file with comments."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from conformance.plan import Plan
from conformance.planning.draft import Draft
from conformance.text import Language

SHOWN: Mapping[str, tuple[str, ...]] = {
    "target": ("profiles", "issuer", "city_os", "fhir", "timeout_s"),
    "client": ("origin",),
    "second_client": ("origin",),
    "person": ("origin",),
    "login": ("kind",),
    "receiver": ("url", "bind"),
    "fhir": ("access", "may_write"),
    "sandbox": ("use",),
}
"""Keys that are written even where they have their default, because their reader will look for them."""

BY_HAND = ("client_id_env", "client_secret_env", "auth_method", "redirect_uri", "post_logout_redirect_uri", "scope")
"""Keys of a client whose credentials come from the environment."""


@cache
def comments() -> Mapping[str, Mapping[str, Any]]:
    """What is said of parts and keys."""
    text = files("conformance.planning").joinpath("comments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def plan_text(draft: Draft, language: Language, *, origin: str) -> str:
    """The plan's file; ``origin`` is the command that wrote it."""
    head = comments()["plan"][language].format(command=origin)
    lines = [f"# {line}" for line in head.strip().splitlines()]
    for name, part in _parts(draft.plan):
        lines += ["", *_table(name, part, language)]
    for name, part in draft.left_out.items():
        lines += ["", *(f"# {line}" for line in _table(name, part, language))]
    return "\n".join(lines) + "\n"


def _parts(plan: Plan) -> Iterator[tuple[str, msgspec.Struct]]:
    target = plan.target
    wanted = {
        "target": True,
        "client": bool(target.issuer),
        "second_client": bool(target.issuer),
        "person": bool(target.issuer),
        "second_person": bool(target.issuer),
        "login": bool(target.issuer),
        "receiver": bool(target.issuer),
        "fhir": bool(target.fhir),
        "sandbox": bool(target.city_os),
    }
    for name, is_wanted in wanted.items():
        part = getattr(plan, name)
        if is_wanted and part is not None:
            yield name, part


def _table(name: str, part: msgspec.Struct, language: Language) -> Iterator[str]:
    said = comments().get(name.partition(".")[0], {})
    if language in said:
        yield f"# {said[language]}"
    yield f"[{name}]"
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        if _is_written(name, part, field.name, value, field.default):
            told = said.get(field.name, comments()["key"].get(field.name, {})).get(language, "")
            yield f"{field.name} = {_value(value)}" + (f"  # {told}" if told else "")


def _is_written(name: str, part: msgspec.Struct, key: str, value: object, default: object) -> bool:
    origin = getattr(part, "origin", "")
    if origin == "plan" and key in (*BY_HAND, "user_env", "password_env"):
        return not name.startswith("roles.") or key.endswith("_env")
    return key in SHOWN.get(name, ()) or value != default


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value}"
