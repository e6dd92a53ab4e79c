"""Data files of observations: every figure has a source, and says rightly whether a parameter has seen it."""

import pytest

from scenarios.defaults import default_parameters
from scenarios.reader import read_scenario
from scenarios.statistics import NO_INTERVAL
from scenarios.validation.cases import NAMES, all_cases
from scenarios.validation.observed import Case, Drill, Relation, Unit, read_case, scenario_path
from scenarios.validation.surveys import BASES, MEASURES

CASES = [pytest.param(case, id=name) for name, case in all_cases()]
DRILLS = [pytest.param(drill, id=drill.key) for drill in read_case("drills").drill]


@pytest.mark.parametrize("case", CASES)
def test_every_figure_has_a_source_and_a_known_measure(case: Case) -> None:
    """Keys are single, shares are shares, what is counted among whom is known, and all prose is there."""
    assert len(case.figures()) == len(case.figure)
    for one in case.figure:
        assert one.source
        assert one.confidence in {"A", "B", "C"}
        assert one.unit is not Unit.SHARE or 0 <= one.value <= 1
        assert one.measure in {"", "time", *MEASURES}
        assert one.of in {"", *BASES}
    assert all(getattr(case.words, name) for name in case.words.__struct_fields__)


@pytest.mark.parametrize("drill", DRILLS)
def test_a_drill_is_informed_when_the_parameter_names_its_place(drill: Drill) -> None:
    """Held out means that the source of the channel's mean does not name the drill."""
    place = drill.place_en.split()[0].rstrip(",")
    names = default_parameters()[f"reception.{drill.channel}_mean_s"].source
    assert (place in names) == (drill.relation is Relation.INFORMED)


def test_only_what_the_parameters_do_not_name_is_held_out() -> None:
    """Of Joso only the share that left stands behind a parameter; the car and refuge shares name other surveys."""
    naming = {key for key, one in default_parameters().items() if "Joso" in one.source}
    assert naming == {"leaving.flooded_by_level"}
    informed = {key for key, one in read_case("joso").figures().items() if one.relation is Relation.INFORMED}
    assert informed == {"left"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"drills", "nanao"}])
def test_the_scenarios_change_no_parameter(name: str) -> None:
    """Nothing is tuned to a case: the scenario of a case has no behaviour of its own."""
    assert read_scenario(scenario_path(name), default_parameters()).behaviour == {}


def test_the_sample_of_a_share_leaves_it_open() -> None:
    """A share of many is known well, a share of unknown many not at all."""
    figures = read_case("joso").figures()
    sampling = figures["left"].sampling
    assert sampling.low is not None
    assert sampling.high is not None
    assert sampling.low < figures["left"].value < sampling.high
    assert sampling.high - sampling.low < 0.05
    assert figures["rescued"].sampling == NO_INTERVAL
