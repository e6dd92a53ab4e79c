"""Doctor: what is installed, what is missing and how to get it; fills the compiler's cache on the way."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from scenarios.errors import install_command
from scenarios.language import Language, say
from scenarios.packages import Requirement, requirements

NEEDED_PYTHON = (3, 11)
"""Source: pyproject.toml, requires-python."""

OPTIONAL = frozenset({"cluster", "geo", "load", "dev"})
"""Extras whose absence is told, but is no fault."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One line of the examination: what was looked at, what was found, whether it stops citytwin from working."""

    subject: str
    found: str
    is_fault: bool = False
    is_gap: bool = False

    @property
    def mark(self) -> str:
        """A word that a reader finds at the beginning of the line."""
        return "NG" if self.is_fault else "--" if self.is_gap else "ok"


def examine(language: Language, compile_kernels: Callable[[], None] | None = None) -> Iterator[Symptom]:
    """Everything there is to look at, in order; ``compile_kernels`` stands in for the movement's own in tests."""
    yield _python(language, sys.version_info[:3])
    yield Symptom(say(language, "doctor.cpus"), str(os.cpu_count() or 1))
    yield Symptom(say(language, "doctor.ours"), "citytwin")
    needed = list(requirements())
    yield from _distributions(needed, language)
    yield _cache(language, cache_folder())
    missing = [one for one in needed if one.extra == "twin" and one.installed is None]
    if missing:
        yield Symptom(say(language, "doctor.kernels"), say(language, "doctor.kernels_skipped"), is_gap=True)
    else:
        yield _kernels(language, compile_kernels or import_module("agents.movement.warm").compile_kernels)


def _python(language: Language, running: tuple[int, ...]) -> Symptom:
    found = ".".join(str(part) for part in running)
    if running < NEEDED_PYTHON:
        return Symptom(say(language, "doctor.python"), f"{found}: {say(language, 'doctor.python_old')}", is_fault=True)
    return Symptom(say(language, "doctor.python"), found)


def _distributions(needed: Sequence[Requirement], language: Language) -> Iterator[Symptom]:
    # "all" repeats the other extras.
    for one in (one for one in needed if one.extra != "all"):
        extra = say(language, f"doctor.extra_{one.extra or 'base'}")
        subject = f"{one.name} ({extra})"
        command = install_command(one.extra or "all")
        if one.installed is None:
            optional = one.extra in OPTIONAL
            found = say(language, "doctor.missing", command=command)
            yield Symptom(subject, found, is_fault=not optional, is_gap=optional)
        elif one.is_old:
            found = say(language, "doctor.old", version=one.installed, wanted=one.wanted, command=command)
            yield Symptom(subject, found, is_fault=True)
        else:
            yield Symptom(subject, one.installed)


def cache_folder() -> Path:
    """Where compiled code is kept: as told by NUMBA_CACHE_DIR, else beside the movement's source.

    Source: numba reference manual, environment variables, NUMBA_CACHE_DIR.
    """
    told = os.environ.get("NUMBA_CACHE_DIR")
    return Path(told) if told else Path(__file__).parent.parent / "agents" / "movement"


def _cache(language: Language, folder: Path) -> Symptom:
    subject = say(language, "doctor.cache")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Symptom(subject, str(folder))
    except OSError:
        return Symptom(subject, f"{folder}: {say(language, 'doctor.cache_bad')}", is_gap=True)


def _kernels(language: Language, compile_kernels: Callable[[], None]) -> Symptom:
    subject = say(language, "doctor.kernels")
    try:
        compile_kernels()
    except (ImportError, OSError, RuntimeError) as reason:
        found = say(language, "doctor.kernels_failed", reason=reason, command=install_command("twin"))
        return Symptom(subject, found, is_fault=True)
    return Symptom(subject, say(language, "doctor.kernels_done"))


def title(language: Language) -> str:
    """The name and version of what is examined."""
    return say(language, "doctor.title", version=version("citytwin"))
