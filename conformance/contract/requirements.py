"""Requirements of the contract: what a service must keep, each with its clause, in Japanese and English."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

Level = Literal["SHALL", "SHOULD", "MAY"]
Way = Literal["check", "review", "none"]


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One requirement.

    ``id`` is never used again, not even when the requirement is ``withdrawn``. ``level`` is as in RFC 2119.
    ``clauses`` are as ``OIDCC 3.1.3.7`` or ``CITY C4``; the first is the one that demands it. ``condition`` says when
    it applies (empty: always, for services that declare the profile). ``operations`` are operationIds of the contract
    that it speaks of. ``covers`` are bullets of the contract's sections and needs of towns (N1 to N19). ``way`` is how
    it is judged: by a check, by a person (review), or not at all; ``how`` says what is done, or why nothing is, and
    ``how_ja`` the same where no check does it. ``part`` names a sub-profile that it belongs to
    (``health-fhir/jp-core``), empty for the profile itself.
    """

    id: str
    level: Level
    profile: str
    ja: str
    en: str
    clauses: tuple[str, ...]
    way: Way
    how: str
    how_ja: str = ""
    condition: str = ""
    operations: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    withdrawn: bool = False
    part: str = ""

    @property
    def is_own_rule(self) -> bool:
        """Whether the contract itself demands it, and no standard that others keep as well."""
        return self.clauses[0].startswith("CITY ")


@dataclass(frozen=True, slots=True)
class Source:
    """A document that clauses refer to; ``link`` holds ``{}`` where the number of the section goes, or nothing."""

    title: str
    link: str


@cache
def load_requirements() -> tuple[Requirement, ...]:
    """All requirements that are in force, in order of profile file and id.

    Raises:
        msgspec.ValidationError: A requirement lacks something or says too much.
        ValueError: An id is there twice.
    """
    every = tuple(_read_all())
    doubles = [name for name, count in Counter(one.id for one in every).items() if count > 1]
    if doubles:
        raise ValueError(f"requirement ids {', '.join(doubles)} are there twice; an id is never used again")
    return tuple(one for one in every if not one.withdrawn)


def _read_all() -> Iterator[Requirement]:
    folder = files("conformance.contract").joinpath("requirements")
    for part in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if part.name.endswith(".toml") and part.name != "sources.toml":
            rows = tomllib.loads(part.read_text(encoding="utf-8"))["requirement"]
            yield from msgspec.convert(rows, list[Requirement])


@cache
def load_sources() -> Mapping[str, Source]:
    """The documents that clauses refer to, by prefix."""
    text = files("conformance.contract").joinpath("requirements", "sources.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return {prefix: Source(row["title"], row["link"]) for prefix, row in data.items()}


def clause_link(clause: str) -> str:
    """Where a clause can be read; empty where its document is not on the web.

    Raises:
        KeyError: The document is not among the sources.
    """
    prefix, _, section = clause.partition(" ")
    source = load_sources()[prefix]
    if not re.fullmatch(r"[0-9A-Za-z.#_/-]+", section):
        return source.link.partition("#")[0] if "{}" in source.link else source.link
    return source.link.replace("{}", section)
