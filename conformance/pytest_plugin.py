"""Plugin of pytest: ``pytest --citytwin-plan plan.toml`` judges a service, one item for each requirement.

It is loaded in every pytest of an environment that has citytwin, so that it imports nothing but pytest before the
option is given.
"""

from importlib import import_module
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("citytwin", "conformance of a city-OS service (citytwin)")
    group.addoption("--citytwin-plan", type=Path, metavar="PLAN", help="judge a service by this plan")
    group.addoption("--citytwin-profile", action="append", default=[], metavar="NAME", help="this profile only")
    group.addoption("--citytwin-slow", action="store_true", help="also hold checks that wait longer than five seconds")
    group.addoption("--citytwin-seed", type=int, default=1, metavar="N", help="seed of all choices")
    group.addoption("--citytwin-lang", choices=["ja", "en"], default="en", help="language of messages")


def pytest_configure(config: pytest.Config) -> None:
    """With a plan, collect it as if it were a file of tests: alone, unless other tests are named beside it."""
    plan: Path | None = config.getoption("--citytwin-plan")
    if plan is None:
        return
    place = str(plan.absolute())
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args = list(dict.fromkeys([*(config.args if named else []), place]))
    config.pluginmanager.register(import_module("conformance.plan_items").PlanItems(config, Path(place)))
