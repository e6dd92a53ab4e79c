"""The reference city OS passes its own deviance: each fault is really there when it is switched on, and only then."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import deviant.faults
import deviant.observations
import httpx2
import pytest
from deviant.observing import BEGIN_S, OBSERVATIONS, open_city
from deviant.switches import FAULTS, deviant_app
from sandbox_city import small_seed
from serving import listening, served
from stores import in_memory

from conformance.contract.requirements import load_requirements
from reference_api.clock import GivenClock
from reference_api.handlers import HANDLERS
from reference_api.seed import load_into
from reference_api.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("reference_api", "conformance", "agents", "scenarios", "twin")

assert deviant.faults.AREAS
assert deviant.observations.AREAS


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_there_when_it_is_switched_on_and_only_then(name: str) -> None:
    """The ordinary server does it right, the deviant one wrong; afterwards an ordinary one does it right again."""
    seen = OBSERVATIONS[name]
    with open_city() as city:
        assert seen.look(city) == seen.right
    with open_city(name) as city:
        assert seen.look(city) == seen.wrong
    with open_city() as city:
        assert seen.look(city) == seen.right


def test_every_fault_is_observed() -> None:
    """There is an observation of each fault, and of nothing else."""
    assert sorted(OBSERVATIONS) == sorted(FAULTS)


def test_faults_break_requirements() -> None:
    """Each fault says what the broken server does, and which requirements it breaks; these exist."""
    known = {requirement.id for requirement in load_requirements()}
    for fault in FAULTS.values():
        assert fault.text, fault.name
        assert fault.breaks, fault.name
        assert set(fault.breaks) <= known, (fault.name, set(fault.breaks) - known)


def _attributes() -> Iterator[tuple[str, object]]:
    """Everything that a fault may patch: attributes of the server's modules and of their classes, and the handlers."""
    for name, module in sorted(sys.modules.items()):
        if not name.startswith("reference_api") or not isinstance(module, ModuleType):
            continue
        for key, value in vars(module).items():
            yield f"{name}.{key}", value
            if isinstance(value, type) and value.__module__ == name:
                yield from ((f"{name}.{key}.{inner}", member) for inner, member in vars(value).items())
    yield from HANDLERS.items()


def _state() -> Mapping[str, object]:
    return dict(_attributes())


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_nothing_of_a_fault_remains(name: str) -> None:
    """When its server is closed, every module, class and handler is what it was, also after a failure."""
    before = _state()
    with pytest.raises(LookupError), open_city(name):
        raise LookupError
    after = _state()
    assert before.keys() <= after.keys()
    assert [key for key, value in before.items() if after[key] is not value] == []


def test_a_deviant_server_over_http() -> None:
    """It is served as the ordinary one is, and is seen to be deviant from outside."""
    opened, seed = in_memory(), small_seed()
    opened.drive(load_into(opened.store, seed, sandbox=True))
    with listening() as (bound, url):
        settings = Settings(issuer=url, sandbox=True)
        with deviant_app("R-12", settings, opened.store, GivenClock(BEGIN_S)) as app, served(app, bound):
            shelter: Any = httpx2.get(f"{url}/v1/shelters/S0").json()
    assert shelter["position"]["coordinates"] == [37.49, 139.93]


def test_production_code_knows_no_faults() -> None:
    """No room imports anything of the tests."""
    tests = {path.stem for path in (ROOT / "tests").glob("*.py")} | {"tests", "deviant"}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not {module.partition(".")[0] for module in modules} & tests, path
