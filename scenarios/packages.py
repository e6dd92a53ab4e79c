"""What is installed: whose the packages are, and which versions of what they need."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from scenarios.errors import ForeignPackage

OUR_FILES = {"twin": "town.py", "agents": "situation.py", "reference_api": "serve.py", "conformance": "contract"}
"""A file or folder of each of our packages that no namesake has."""

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?([^;]*)(?:;.*extra == ['\"]([^'\"]+)['\"])?")
_AT_LEAST = re.compile(r">=\s*([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution that is needed, by which extra ("" for all), and what of it is here (None: nothing)."""

    name: str
    extra: str
    wanted: str
    installed: str | None

    @property
    def is_old(self) -> bool:
        """Whether it is here, but older than needed."""
        least = _AT_LEAST.search(self.wanted)
        return self.installed is not None and least is not None and _numbers(self.installed) < _numbers(least[1])


def check_packages() -> None:
    """Refuse a namesake in place of one of our packages; looks at paths and one small file, and imports nothing.

    Raises:
        ForeignPackage: openai-agents, for one, installs a package called agents.
    """
    for package, ours in OUR_FILES.items():
        spec = find_spec(package)
        folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else Path(package)
        if not (folder / ours).exists() or _imports(folder / "__init__.py"):
            raise ForeignPackage(package, folder)


def _imports(door: Path) -> bool:
    """Whether a package's __init__ imports: ours hold a docstring only, a namesake written over one does not."""
    text = door.read_text(encoding="utf-8")
    return re.search(r"^(from|import) ", text, re.MULTILINE) is not None


def requirements() -> Iterator[Requirement]:
    """Everything that citytwin and its extras need, in the order of the package's metadata."""
    for text in requires("citytwin") or ():
        match = _REQUIREMENT.match(text)
        if match is not None and match[1] != "citytwin":
            yield Requirement(match[1], match[3] or "", match[2].strip(), installed(match[1]))


def installed(name: str) -> str | None:
    """The version of a distribution that is here; None if it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
