"""How a warning spreads, against its closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agents.warning import (
    CONTAGION_STEP_S,
    Channel,
    Drawn,
    Push,
    public_channels,
    spread_by_push,
    spread_publicly,
    told_by_neighbours,
    unheard,
)
from twin.events import WarningChannel
from twin.parameters import load_parameters
from twin.randomness import Stream


def test_a_broadcast_reaches_its_share_with_exponential_delay() -> None:
    """Of 20,000 households the channel's share hears, and the delays pass a Kolmogorov-Smirnov test."""
    hearing, channel = unheard(20_000), Channel(WarningChannel.MAIL, 0.4, 0.0, 300.0, 0.0)
    spread_publicly(hearing, np.arange(20_000), 100.0, 0, channel, Stream(3))
    heard = hearing.at_s[np.isfinite(hearing.at_s)]
    assert len(heard) / 20_000 == pytest.approx(0.4, abs=0.015)
    assert stats.kstest(heard - 100.0, stats.expon(scale=300.0).cdf).pvalue > 0.01


def test_loudspeakers_are_heard_over_the_time_of_their_announcements() -> None:
    """A channel with a spread is uniform over it, from its first announcement."""
    hearing, channel = unheard(20_000), Channel(WarningChannel.LOUDSPEAKER, 1.0, 180.0, 0.0, 3000.0)
    spread_publicly(hearing, np.arange(20_000), 0.0, 0, channel, Stream(4))
    assert stats.kstest(hearing.at_s, stats.uniform(180.0, 3000.0).cdf).pvalue > 0.01


def test_neighbours_pass_a_warning_on_as_a_logistic_curve() -> None:
    """From 5 % informed, the share after 30 min is within 2 % of the closed form of contagion."""
    parameters = load_parameters("agents")
    rate_per_s, start, people = parameters.number("warning.contagion_per_s"), 0.05, 50_000
    stream, rows = Stream(5), np.arange(people)
    heard = rows < start * people
    for step in range(30):
        asked = Drawn(rows, stream.uniform("talk", rows, step))
        heard[told_by_neighbours(heard, np.zeros(people, np.int64), asked, rate_per_s, CONTAGION_STEP_S)] = True
    grown = start * np.exp(rate_per_s * 30 * CONTAGION_STEP_S)
    assert heard.mean() == pytest.approx(grown / (1 - start + grown), rel=0.02)


@given(seed=st.integers(0, 2**32))
def test_talk_stays_in_the_neighbourhood(seed: int) -> None:
    """Where nobody has heard, nobody is told; nobody is told twice, nor who is not asked."""
    neighbourhood = np.repeat([0, 1], 50)
    heard = np.zeros(100, np.bool_)
    heard[:25] = True
    rows = np.arange(0, 100, 2)
    told = told_by_neighbours(heard, neighbourhood, Drawn(rows, Stream(seed).uniform("talk", rows)), 1.0, 60.0)
    assert set(told.tolist()) <= set(range(26, 50, 2))


def test_the_first_of_a_household_to_see_a_push_tells_the_others() -> None:
    """A household hears a push message when the earliest of its members sees it."""
    parameters, stream = load_parameters("agents"), Stream(6)
    together, alone = unheard(500), [unheard(500), unheard(500)]
    rows = np.arange(500)
    spread_by_push(together, Push(np.r_[rows, rows + 500], np.r_[rows, rows], 0.0, 0), parameters, stream)
    for member, hearing in enumerate(alone):
        spread_by_push(hearing, Push(rows + 500 * member, rows, 0.0, 0), parameters, stream)
    assert np.array_equal(together.at_s, np.minimum(alone[0].at_s, alone[1].at_s))


def test_the_earliest_channel_counts() -> None:
    """Adding a channel makes nobody hear later, and the channel recorded is that of the earliest."""
    parameters, stream, rows = load_parameters("agents"), Stream(7), np.arange(2000)
    hearing = unheard(2000)
    for channel in public_channels(parameters):
        before = hearing.at_s.copy()
        spread_publicly(hearing, rows, 0.0, 0, channel, stream)
        assert (hearing.at_s <= before).all()
        assert (hearing.channel[hearing.at_s < before] == channel.kind).all()
