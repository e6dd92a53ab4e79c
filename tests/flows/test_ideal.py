"""The ideal city OS in whole runs: what happens to everybody is what happens with the reference, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
from flows.runs import run_drill, silent

from scenarios.language import Language
from scenarios.metrics import Metric
from scenarios.options import RunOptions
from scenarios.run import RunResult, run
from scenarios.summary import summary_lines
from twin.trace import EventColumns, Trace

RUNS = [("earthquake_winter", 400, 3), ("flood_night", 400, 1), ("flood_night", 300, 2)]


def trace_of(made: RunResult) -> EventColumns:
    """The events of a run."""
    return Trace.read(made.folder / "trace.parquet").columns()


def assert_same_life(one: RunResult, two: RunResult) -> None:
    """Assert that the same happened in two runs, and that the same calls were made and the same was found."""
    for name in EventColumns.__dataclass_fields__:
        assert np.array_equal(getattr(trace_of(one), name), getattr(trace_of(two), name)), name
    assert one.findings == two.findings
    assert values(one.metrics) == values(two.metrics)


def values(metrics: tuple[Metric, ...]) -> dict[tuple[str, str], object]:
    """Metrics by name and part, but for the wall time and what is not asked of an ideal city OS."""
    return {(one.name, str(one.by)): one.value for one in metrics if one.name not in {"wall_s", "consent_leaks"}}


def test_the_drill_is_that_of_the_reference(reference: RunResult, tmp_path: Path) -> None:
    """The same events, findings and calls, retries, tokens and pages included."""
    ideal = run_drill(tmp_path / "ideal", city_os="ideal", baseline=True)
    assert_same_life(reference, ideal)
    assert {one.name: one.value for one in ideal.metrics if not one.by}["consent_leaks"] is None
    assert (ideal.folder / "exchanges.jsonl").read_bytes() == b""
    assert "Consent leaks: not asked" in summary_lines(ideal.metrics, Language.EN)
    page = ideal.report.read_text(encoding="utf-8")
    assert "a model that keeps the contract perfectly" in page
    assert "標準仕様を完全に守る" in page


FAULTS = """
seed = 3
[[fault]]
name = "slow"
kind = "latency"
median_s = 4.0
p95_s = 20.0
operations = ["checkIn", "listShelterStatus"]
[[fault]]
name = "part"
kind = "outage"
share = 0.3
operations = ["reportSafety", "issueToken"]
[[fault]]
name = "old"
kind = "stale"
age_s = 1800
share = 0.5
[[fault]]
name = "lost"
kind = "lost_write"
share = 0.2
[[fault]]
name = "cell"
kind = "cell_loss"
at = "0:10"
until = "0:50"
burst_s = 600
[[fault]]
name = "done"
kind = "error"
delivered = true
share = 0.2
"""


def test_faults_do_to_people_what_they_do_before_the_reference(tmp_path: Path) -> None:
    """Several kinds at once: the same calls are hit, the same happens to everybody, and the same log is written."""
    faults = tmp_path / "faults.toml"
    faults.write_text(FAULTS, encoding="utf-8")
    asked = {"people": 200, "lean": True, "faults": faults}
    reference, ideal = (
        run(RunOptions("earthquake_winter", tmp_path / city_os, city_os=city_os, **asked), silent)
        for city_os in ("reference", "ideal")
    )
    assert_same_life(reference, ideal)
    assert reference.faults == ideal.faults
    assert all(one.hit for one in ideal.faults)
    assert (ideal.folder / "faults.jsonl").read_bytes() == (reference.folder / "faults.jsonl").read_bytes()


@pytest.mark.parametrize(("scenario", "people", "seed"), RUNS)
def test_disasters_are_those_of_the_reference(scenario: str, people: int, seed: int, tmp_path: Path) -> None:
    """Earthquake and flood, other people: consents and the law hide the same from the same."""
    asked = {"people": people, "seed": seed, "lean": True}
    made = [
        run(RunOptions(scenario, tmp_path / city_os, city_os=city_os, **asked), silent)
        for city_os in ("reference", "ideal")
    ]
    assert_same_life(*made)
