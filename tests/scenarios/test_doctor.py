"""Doctor and the look at the packages: what is missing is told with the command that gets it."""

import sys
from pathlib import Path

import pytest

from scenarios import doctor, packages
from scenarios.doctor import Symptom, examine
from scenarios.errors import ForeignPackage
from scenarios.language import Language
from scenarios.packages import Requirement, check_packages, requirements


def nothing() -> None:
    """Stands in for the compiler."""


def found(**subjects: str) -> dict[str, Symptom]:
    """The symptoms by subject."""
    return {one.subject: one for one in examine(Language.EN, nothing)}


def test_healthy_environment_has_no_fault() -> None:
    """Here everything is installed; every requirement has its line with a version."""
    symptoms = found()
    assert [one for one in symptoms.values() if one.is_fault] == []
    assert "numba (simulation)" in symptoms
    assert "click (base)" in symptoms
    assert symptoms["movement"].found == "compiled"


def test_missing_and_old_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing part of the simulation is a fault, of an extra a gap; an old one is a fault; each with its command."""
    needed = [
        Requirement("mesa", "twin", ">=3.3.1", None),
        Requirement("osmnx", "geo", ">=2.0", None),
        Requirement("click", "", ">=8.1", "8.0.9"),
    ]
    monkeypatch.setattr(doctor, "requirements", lambda: iter(needed))
    symptoms = found()
    mesa, osmnx, click = symptoms["mesa (simulation)"], symptoms["osmnx (road files)"], symptoms["click (base)"]
    assert mesa.is_fault
    assert f"{sys.executable} -m pip install 'citytwin[twin]'" in mesa.found
    assert (osmnx.is_fault, osmnx.mark) == (False, "--")
    assert click.is_fault
    assert "8.0.9, but >=8.1 is needed" in click.found
    assert symptoms["movement"].found.startswith("not compiled")


def test_compiler_that_fails_is_a_fault() -> None:
    """A compiler that cannot work is told with its reason."""

    def fail() -> None:
        raise RuntimeError("no llvm")

    symptoms = {one.subject: one for one in examine(Language.EN, fail)}
    assert symptoms["movement"].is_fault
    assert "no llvm" in symptoms["movement"].found


def test_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache folder that is no folder is told, with the variable that mends it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    symptom = found()["cache of compiled code"]
    assert symptom.is_gap
    assert "NUMBA_CACHE_DIR" in symptom.found


def test_old_python() -> None:
    """An old Python is a fault that says which is needed."""
    symptom = doctor._python(Language.EN, (3, 10, 9))
    assert symptom.is_fault
    assert "3.11" in symptom.found
    assert not doctor._python(Language.EN, (3, 11, 0)).is_fault


@pytest.mark.parametrize(
    ("wanted", "installed", "old"),
    [
        (">=8.1", "8.1.0", False),
        (">=8.1", "8.0.9", True),
        ("<3.4,>=3.3.1", "3.3.1", False),
        ("", "1", False),
        (">=10", "9.9", True),
    ],
)
def test_versions_are_compared_by_number(wanted: str, installed: str, *, old: bool) -> None:
    """9.9 is older than 10, 8.1.0 is 8.1."""
    assert Requirement("x", "", wanted, installed).is_old is old


def test_requirements_know_their_extras() -> None:
    """The metadata's requirements are read with name, extra and version."""
    by_name = {(one.name, one.extra): one for one in requirements()}
    assert by_name["click", ""].installed is not None
    assert by_name["mesa", "twin"].wanted.startswith("<3.4")
    assert ("starlette", "server") in by_name


def test_our_packages_are_ours() -> None:
    """The check passes here."""
    check_packages()


@pytest.mark.parametrize("written_over", [False, True])
def test_namesake_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, written_over: bool) -> None:
    """openai-agents, first on the path or written over ours, is told by its path and not imported."""
    folder = tmp_path / "agents"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .agent import Agent\nraise SystemExit('imported')\n")
    if written_over:
        (folder / packages.OUR_FILES["agents"]).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "agents", raising=False)
    with pytest.raises(ForeignPackage, match="agents") as caught:
        check_packages()
    assert str(folder) in str(caught.value)
