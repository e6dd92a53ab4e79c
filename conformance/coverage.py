"""Coverage: which checks judge which requirements, and what judges the OpenID Foundation's modules here."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from conformance.check import Check, load_checks
from conformance.contract.requirements import Requirement, load_requirements


@dataclass(frozen=True)
class Covered:
    """A requirement, and the checks that judge it."""

    requirement: Requirement
    checks: Sequence[Check]

    @property
    def is_gap(self) -> bool:
        """Whether it has neither a check nor a reason for having none."""
        return not self.checks and (self.requirement.way == "check" or not self.requirement.how)


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing here judges the same."""

    ja: str
    en: str


class OidfModule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A module of the OpenID Foundation's suite; ``by`` are requirements or checks that judge the same here."""

    plans: tuple[str, ...]
    by: tuple[str, ...]
    reason: Reason | None = None


def coverage() -> list[Covered]:
    """All requirements with their checks, by id."""
    checks: dict[str, list[Check]] = {}
    for one in load_checks():
        checks.setdefault(one.requirement, []).append(one)
    rows = (Covered(one, tuple(checks.get(one.id, ()))) for one in load_requirements())
    return sorted(rows, key=lambda row: row.requirement.id)


@cache
def load_oidf_modules() -> Mapping[str, OidfModule]:
    """The Foundation's modules for providers, by name."""
    text = files("conformance").joinpath("oidf_modules.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, OidfModule])


def modules_of(requirement: str) -> list[str]:
    """Modules that judge what a requirement demands."""
    return [
        name
        for name, module in load_oidf_modules().items()
        if any(one == requirement or one.startswith(f"{requirement}.") for one in module.by)
    ]
