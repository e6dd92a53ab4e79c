"""Plan items: a plan as pytest collects it, one item for each requirement of its profiles."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.check import load_checks
from conformance.contract.requirements import Requirement, load_requirements
from conformance.errors import PlanError
from conformance.opening import fhir_token_of, opened
from conformance.plan import Plan
from conformance.plan_reading import narrowed, read_plan
from conformance.preflight.hold import preflight
from conformance.results import Result
from conformance.runner import Choice, plan_run, run_planned
from conformance.target import Target
from conformance.text import Language
from conformance.verdict import Verdict, roll_up


class NotConforming(Exception):
    """What a requirement's checks found, as the lines that pytest shows."""


class PlanItems:
    """Collects a plan, and keeps its target open for the items of this process."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self.config, self.path = config, path
        self.language: Language = config.getoption("--citytwin-lang")
        self._open = ExitStack()
        self._target: Target | None = None
        self.plan = self._told(lambda: narrowed(read_plan(path), config.getoption("--citytwin-profile")))

    def _told(self, act: Callable[[], Plan]) -> Plan:
        try:
            return act()
        except PlanError as reason:
            lines = [f"{one.where}: {one.text.of(self.language)}" for one in reason.faults]
            raise pytest.UsageError(*lines) from None

    def pytest_sessionstart(self) -> None:
        """Hold preflight, once for all processes of pytest-xdist.

        Raises:
            pytest.UsageError: The configuration must be mended first.
        """
        if hasattr(self.config, "workerinput"):
            return
        lines = [f"[{one.kind}] {one.text.of(self.language)}" for one in preflight(self.plan, os.environ) if one.blocks]
        if lines:
            raise pytest.UsageError(*lines)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The plan, where pytest comes upon it."""
        if file_path != self.path:
            return None
        found: pytest.Collector = PlanFile.from_parent(parent, path=file_path, items=self)
        return found

    def pytest_sessionfinish(self) -> None:
        """Let go of the target."""
        self._open.close()

    @property
    def target(self) -> Target:
        """The target, surveyed when it is first asked for."""
        if self._target is None:
            self._target = self._open.enter_context(opened(self.plan, os.environ))
        return self._target

    def results(self, requirement: Requirement) -> list[Result]:
        """Results of one requirement's checks."""
        choice = Choice(names=(requirement.id,), slow=self.config.getoption("--citytwin-slow"))
        seed, token = self.config.getoption("--citytwin-seed"), fhir_token_of(self.plan, os.environ)
        with taking_turns(self.path, alone=_is_alone(requirement)):
            rows = plan_run(self.target, choice)
            return list(run_planned(self.target, rows, seed=seed, jobs=1, fhir_token=token))

    def requirements(self) -> Iterator[Requirement]:
        """Requirements of the plan's profiles."""
        wanted = self.plan.target.profiles
        chosen = (one for one in load_requirements() if one.profile in wanted or one.part in wanted)
        yield from sorted(chosen, key=lambda one: one.id)


def _is_alone(requirement: Requirement) -> bool:
    return any(one.alone for one in load_checks() if one.requirement == requirement.id)


@contextmanager
def taking_turns(path: Path, *, alone: bool) -> Iterator[None]:
    """Wait until no other process judges by the same plan, or, if not ``alone``, none that must be alone."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - not there on Windows

    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"citytwin-{os.getuid()}-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


class PlanFile(pytest.File):
    """A plan as pytest collects it."""

    def __init__(self, *, items: PlanItems, **given: Any) -> None:
        super().__init__(**given)
        self.items = items

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each requirement."""
        for one in self.items.requirements():
            yield RequirementItem.from_parent(self, name=one.id, requirement=one)


class RequirementItem(pytest.Item):
    """A requirement; its checks are run and their verdicts rolled up."""

    parent: PlanFile

    def __init__(self, *, requirement: Requirement, **given: Any) -> None:
        super().__init__(**given)
        self.requirement = requirement

    def runtest(self) -> None:
        """Judge.

        Raises:
            NotConforming: The requirement is not kept, or that could not be found out for a reason of ours.
        """
        items = self.parent.items
        results = items.results(self.requirement)
        verdict = roll_up(one.verdict for one in results)
        if verdict is not Verdict.PASS:
            told = [one for one in results if one.verdict is verdict]
            _end(verdict, "\n".join(f"{one.name}: {one.message.of(items.language)}" for one in told))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is shown of a failure: what was found, without the suite's own lines."""
        if not isinstance(excinfo.value, NotConforming):
            return super().repr_failure(excinfo, style)
        one = self.requirement
        said = one.ja if self.parent.items.language == "ja" else one.en
        return f"{one.id} ({one.level}; {', '.join(one.clauses)}): {said}\n{excinfo.value}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item is from, and its title."""
        return self.path, None, f"{self.requirement.id} {self.requirement.en}"


def _end(verdict: Verdict, told: str) -> NoReturn:
    if verdict is Verdict.WARN:
        pytest.xfail(told)
    if verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.CONFIG):
        raise NotConforming(f"{verdict.value}: {told}")
    pytest.skip(f"{verdict.value}: {told}")
