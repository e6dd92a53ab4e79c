"""How a warning spreads: push, mail, broadcast, loudspeakers, vans, neighbours.

Each channel gives every household it reaches a time of hearing; the earliest counts. Neighbours pass a warning on at a
rate proportional to the share of the neighbourhood that has heard it (Bass).
Source: Rogers and Sorensen (1988), Diffusion of emergency warning; shares in agents/data/parameters.toml.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.situation import Service
from twin.events import WarningChannel
from twin.parameters import Parameters
from twin.randomness import Stream

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int8Array = npt.NDArray[np.int8]

NEVER_S = np.inf
CONTAGION_STEP_S = 60.0
"""Step of the neighbours' talk; the logistic curve is followed exactly from step to step, whatever its length."""


@dataclass(slots=True)
class Hearing:
    """Who hears one warning when: columns over households; ``at_s`` is NEVER_S where only neighbours can tell."""

    at_s: FloatArray
    channel: Int8Array

    def earlier(self, households: IntArray, at_s: FloatArray, channel: WarningChannel) -> None:
        """Let ``households`` hear at ``at_s`` through ``channel`` unless they hear earlier anyway."""
        sooner = at_s < self.at_s[households]
        self.at_s[households[sooner]] = at_s[sooner]
        self.channel[households[sooner]] = channel


def unheard(households: int) -> Hearing:
    """Nobody hears anything."""
    return Hearing(np.full(households, NEVER_S), np.full(households, WarningChannel.NEIGHBOUR, np.int8))


@dataclass(frozen=True, slots=True)
class Channel:
    """Reach of one channel: ``share`` (0..1) of the households hear.

    After ``first_s`` the delay is exponential with ``mean_s`` or, where ``spread_s`` > 0, uniform over it. ``needs`` is
    the service without which a home cannot hear it; ``round`` keys the draws of a channel used once more.
    """

    kind: WarningChannel
    share: float
    first_s: float
    mean_s: float
    spread_s: float
    needs: Service | None = None
    round: str = ""


def public_channels(parameters: Parameters) -> tuple[Channel, ...]:
    """The channels that need no city OS."""
    number = parameters.number
    mail_mean_s, broadcast_mean_s = number("warning.mail_mean_s"), number("warning.broadcast_mean_s")
    first_s, repeated_s = number("warning.loudspeaker_first_s"), number("warning.loudspeaker_spread_s")
    return (
        Channel(WarningChannel.MAIL, number("warning.mail_share"), 0.0, mail_mean_s, 0.0, Service.NETWORK),
        Channel(WarningChannel.BROADCAST, number("warning.broadcast_share"), 0.0, broadcast_mean_s, 0.0, Service.POWER),
        Channel(WarningChannel.LOUDSPEAKER, number("warning.loudspeaker_share"), first_s, 0.0, repeated_s),
        Channel(WarningChannel.VAN, number("warning.van_share"), 0.0, 0.0, number("warning.van_spread_s")),
    )


def spread_publicly(
    hearing: Hearing, households: IntArray, issued_s: float, number: int, channel: Channel, stream: Stream
) -> None:
    """Let a public channel reach ``households``; ``number`` tells one warning's draws from another's."""
    name = f"warning.{channel.kind.name}{channel.round}"
    reached = households[stream.uniform(name, households, 2 * number) < channel.share]
    draw = stream.uniform(name, reached, 2 * number + 1)
    delay_s = channel.spread_s * draw if channel.spread_s > 0 else -channel.mean_s * np.log1p(-draw)
    hearing.earlier(reached, issued_s + channel.first_s + delay_s, channel.kind)


@dataclass(frozen=True, slots=True)
class Push:
    """A push message delivered at ``issued_s`` to ``person``, of ``household``; ``number`` is that of the warning."""

    person: IntArray
    household: IntArray
    issued_s: float
    number: int


def spread_by_push(hearing: Hearing, push: Push, parameters: Parameters, stream: Stream) -> None:
    """Let the people see a push message who look at their phones; the first of a household tells the others."""
    share, mean_s = parameters.number("warning.push_seen_share"), parameters.number("warning.push_mean_s")
    seen = stream.uniform("warning.PUSH", push.person, 2 * push.number) < share
    draw = stream.uniform("warning.PUSH", push.person[seen], 2 * push.number + 1)
    first_s = np.full(len(hearing.at_s), NEVER_S)
    np.minimum.at(first_s, push.household[seen], push.issued_s - mean_s * np.log1p(-draw))
    reached = np.flatnonzero(np.isfinite(first_s))
    hearing.earlier(reached, first_s[reached], WarningChannel.PUSH)


class Drawn(NamedTuple):
    """Households and the draw of each in [0, 1), whether neighbours tell it."""

    rows: IntArray
    draw: FloatArray


def told_by_neighbours(
    heard: BoolArray, neighbourhood: npt.NDArray[np.integer], asked: Drawn, rate_per_s: float, step_s: float
) -> IntArray:
    """Which of the households ``asked`` that have not heard are told by neighbours within one step.

    ``heard`` and ``neighbourhood`` are columns over all households. The chance is that of the logistic curve over the
    step, so the step does not matter in the mean.
    """
    rows, draw = asked
    size = np.bincount(neighbourhood)
    informed = np.bincount(neighbourhood, weights=heard, minlength=len(size))
    share = np.divide(informed, size, out=np.zeros(len(size)), where=size > 0)
    growth = np.exp(rate_per_s * step_s)
    chance = share * (growth - 1.0) / (1.0 - share + share * growth)
    return np.asarray(rows[~heard[rows] & (draw < chance[neighbourhood[rows]])])


def spread_by_talk(
    hearing: Hearing, neighbourhood: npt.NDArray[np.integer], asked: Drawn, now_s: float, rate_per_s: float
) -> None:
    """Let neighbours of the households ``asked`` talk for CONTAGION_STEP_S from ``now_s``.

    Who hears otherwise in the first half of the step talks during it (midpoint rule), so that broadcast and talk
    together follow Bass's curve to the step's square.
    """
    heard = hearing.at_s < now_s + 0.5 * CONTAGION_STEP_S
    told = told_by_neighbours(heard, neighbourhood, asked, rate_per_s, CONTAGION_STEP_S)
    hearing.earlier(told, np.full(len(told), now_s), WarningChannel.NEIGHBOUR)
