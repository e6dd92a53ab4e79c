"""Receptions of drills through the real desk."""

import pytest

from scenarios.validation.observed import Drill, read_case
from scenarios.validation.reception import Ground, foretold_s, own_mean, per_hour

DRILLS = read_case("drills").drill
CHANNELS = {drill.channel: drill for drill in DRILLS}


@pytest.fixture(scope="module")
def ground() -> Ground:
    """The town of the drills."""
    return Ground.prepared()


@pytest.mark.parametrize("drill", CHANNELS.values(), ids=CHANNELS)
def test_a_desk_without_spread_gives_the_measured_throughput_exactly(ground: Ground, drill: Drill) -> None:
    """By each channel, people leave one desk at the drill's own rate when nobody takes longer than another."""
    mean_s = ground.mean_s(drill, 1, {**own_mean(drill), "reception.cv": 0.0})
    assert mean_s == pytest.approx(drill.mean_s, rel=1e-9)
    assert per_hour(mean_s) == pytest.approx(3600.0 / drill.mean_s)


def test_the_default_of_the_channel_counts_and_no_other(ground: Ground) -> None:
    """A card drill without its own mean takes the default mean of cards."""
    default_s = ground.stage.parameters.number("reception.card_mean_s")
    mean_s = ground.mean_s(CHANNELS["card"], 1, {"reception.cv": 0.0, "reception.paper_mean_s": 200.0})
    assert mean_s == pytest.approx(default_s, rel=1e-9)


def test_a_drill_is_foretold_by_the_others_alone() -> None:
    """What a drill measured does not move its own forecast."""
    drill, *_ = DRILLS
    others = [one for one in DRILLS if one.key != drill.key]
    assert foretold_s(drill, DRILLS) == pytest.approx(foretold_s(drill, others))
