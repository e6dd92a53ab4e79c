"""The command comes at once, and with the base install alone."""

import subprocess
import sys

import pytest

from conformance.command.group import COMMANDS

HEAVY = ("httpx2", "joserfc", "hypothesis", "schemathesis", "pytest", "jinja2", "yaml", "msgspec", "cryptography")
"""What the base install has and help does not need."""

EXTRAS = ("mesa", "numba", "numpy", "networkx", "osmnx", "scipy", "shapely", "simpy", "starlette", "uvicorn", "asyncpg")
"""What a vendor does not install."""

OURS = ("twin", "agents", "reference_api")
"""Rooms that the suite does not enter."""

BLOCKER = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program in a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ours


def test_help_comes_at_once() -> None:
    """Nothing heavy is imported for it (by hand: 0.1 s on an idle machine)."""
    program = "import sys, scenarios.cli; code = scenarios.cli.run_command(['conform', '--help'])\n"
    program += f"print([name for name in {HEAVY + EXTRAS + OURS} if name in sys.modules]); sys.exit(code)"
    done = run(program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert "verify-bundle" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_needs_the_base_install_only(name: str) -> None:
    """Its help, with all extras blocked; no other room is entered."""
    program = BLOCKER + f"import scenarios.cli; code = scenarios.cli.run_command(['conform', {name!r}, '--help'])\n"
    program += f"print([name for name in {OURS} if name in sys.modules]); sys.exit(code)"
    done = run(program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_all_checks_need_the_base_install_only() -> None:
    """Every check can be loaded without the extras."""
    done = run(BLOCKER + "from conformance.check import load_checks; print(len(load_checks()))")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_the_plugin_imports_nothing_without_its_option() -> None:
    """It is loaded in everybody's pytest."""
    program = "import sys, conformance.pytest_plugin; print([n for n in sys.modules if n.startswith('conformance.')])"
    done = run(program)
    assert done.stdout.strip() == "['conformance.pytest_plugin']", done.stderr
    light = "import sys, conformance.pytest_plugin\n"
    light += f"print([name for name in {HEAVY} if name in sys.modules and name != 'pytest'])"
    assert run(light).stdout.strip() == "[]"
