"""KeptRuns: a folder of replications that grows run by run, so that nothing finished is lost or done twice."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scenarios.errors import OccupiedOutput, OtherRuns, UnwritableOutput
from scenarios.metrics import Metric, metric
from scenarios.output_folder import check_free
from scenarios.replications import Replication

INDEX = "runs.json"
"""Says what all runs of the folder have in common, and which are finished with how many findings."""

Identity = Mapping[str, object]
"""What enters into every run of the folder, by name; equal identities and seeds give equal runs."""


def folder_of(out: Path, seed: int) -> Path:
    """The folder of one run."""
    return out / f"run-{seed}"


def check_runs_folder(out: Path, identity: Identity) -> None:
    """Refuse a folder that holds anything but such runs.

    Raises:
        OccupiedOutput: it holds something that is no replications.
        OtherRuns: its runs are of something else; the message has what.
    """
    if not (out / INDEX).is_file():
        check_free(out)
        return
    there = _index(out)["identity"]
    other = sorted(name for name in {*there, *identity} if there.get(name) != identity.get(name))
    if other:
        raise OtherRuns(out, other)


class KeptRuns:
    """The folder while it is worked on: ``with KeptRuns(out, identity) as kept: ...``.

    Finished runs stay whatever happens; what a stopped run left half done goes, and the folder too if nothing stays.

    Raises:
        OccupiedOutput, OtherRuns: as of ``check_runs_folder``.
        UnwritableOutput: the folder cannot be made.
    """

    def __init__(self, out: Path, identity: Identity) -> None:
        self._out = out.absolute()
        self._identity = dict(identity)
        self._made: list[Path] = []
        self._findings: dict[int, int] = {}

    def __enter__(self) -> Self:
        check_runs_folder(self._out, self._identity)
        if (self._out / INDEX).is_file():
            found = _index(self._out)["findings"]
            self._findings = {int(seed): int(count) for seed, count in found.items()}
        missing = [one for one in (self._out, *self._out.parents) if not one.exists()]
        try:
            for one in reversed(missing):
                one.mkdir()
                self._made.append(one)
        except OSError as reason:
            self._remove_empty()
            raise UnwritableOutput(self._out, reason.strerror) from reason
        self._remove_partial()
        self._remove_unnoted()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._remove_partial()
        if not self._findings:
            self._remove_empty()

    def finished(self, seeds: Sequence[int]) -> list[Replication]:
        """Those of the seeds whose runs are there."""
        return [self._read(seed) for seed in seeds if seed in self._findings and folder_of(self._out, seed).is_dir()]

    def keep(self, row: Replication) -> None:
        """Note that a run is finished; its folder is in its place."""
        self._findings[row.seed] = row.findings
        table = {
            "identity": self._identity,
            "findings": {str(one): self._findings[one] for one in sorted(self._findings)},
        }
        self.write(INDEX, json.dumps(table, ensure_ascii=False, indent=1).encode() + b"\n")

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder, in place of an older one, whole or not at all."""
        work = self._out / f".{name}.{os.getpid()}.partial"
        work.write_bytes(content)
        work.replace(self._out / name)

    def _read(self, seed: int) -> Replication:
        table = json.loads((folder_of(self._out, seed) / "metrics.json").read_text(encoding="utf-8"))
        metrics: tuple[Metric, ...] = tuple(metric(one["name"], one["value"], one["by"]) for one in table["metrics"])
        return Replication(seed, metrics, self._findings[seed])

    def _remove_partial(self) -> None:
        for one in self._out.glob(".*.partial"):
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink(missing_ok=True)

    def _remove_unnoted(self) -> None:
        """Remove runs that ended just as the command was stopped: nobody noted what was found in them."""
        for one in self._out.glob("run-*"):
            if one.is_dir() and one.name not in {f"run-{seed}" for seed in self._findings}:
                shutil.rmtree(one, ignore_errors=True)

    def _remove_empty(self) -> None:
        for one in reversed(self._made):
            if not any(one.iterdir()):
                one.rmdir()


def _index(out: Path) -> dict[str, dict[str, Any]]:
    try:
        table = json.loads((out / INDEX).read_text(encoding="utf-8"))
        return {name: dict(table[name]) for name in ("identity", "findings")}
    except (OSError, ValueError, LookupError, TypeError) as reason:
        raise OccupiedOutput(out) from reason
