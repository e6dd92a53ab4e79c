"""What arrives at once is handled in rounds: the urgent first, in the order of coming, and nobody is forgotten."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from reference_api.intake import AT_ONCE, Intake


@dataclass
class Guest:
    """A connection that tells when it was its turn."""

    name: int
    told: list[int]

    def go_on(self) -> None:
        """It is."""
        self.told.append(self.name)


def crowd(intake: Intake, urgent: list[bool], told: list[int]) -> list[int]:
    """Let as many come at once, and who must wait, wait; who need not."""
    loop, taken = asyncio.get_running_loop(), []
    for name, is_urgent in enumerate(urgent):
        if intake.takes(loop):
            taken.append(name)
        else:
            intake.wait(Guest(name, told), loop.time(), is_urgent=is_urgent)
    return taken


def in_a_loop(act: Callable[[], None], rounds: int) -> None:
    """Do something in an event loop, and let that go round."""

    async def run() -> None:
        act()
        for _ in range(rounds):
            await asyncio.sleep(0)

    asyncio.run(run())


@given(st.lists(st.booleans(), max_size=3 * AT_ONCE), st.integers(0, 2 * AT_ONCE))
def test_everybody_has_their_turn_the_urgent_first(urgent: list[bool], before: int) -> None:
    """Beyond what a round holds: first all who are urgent, then the others, each in the order of coming."""
    intake, told = Intake(), list[int]()
    taken = list[int]()
    in_a_loop(lambda: taken.extend(crowd(intake, [False] * before + urgent, told)), rounds=10)
    everybody = [False] * before + urgent
    assert taken == list(range(min(AT_ONCE, len(everybody))))
    waited = range(len(taken), len(everybody))
    assert told == sorted(waited, key=lambda name: not everybody[name])


def test_a_round_is_bounded() -> None:
    """In each no more than AT_ONCE are handled; who comes meanwhile stands behind them, however few they are."""
    intake, told = Intake(), list[int]()
    seen = list[int]()

    async def run() -> None:
        crowd(intake, [False] * 3 * AT_ONCE, told)
        while len(told) < 2 * AT_ONCE:
            await asyncio.sleep(0)
            seen.append(len(told))
            if len(told) == AT_ONCE:
                assert not intake.takes(asyncio.get_running_loop())
        await asyncio.sleep(0)
        assert intake.takes(asyncio.get_running_loop())

    asyncio.run(run())
    assert set(seen) == {AT_ONCE, 2 * AT_ONCE}


def test_how_long_the_first_has_waited_is_told() -> None:
    """Of whichever line; nobody has waited while nobody waits."""
    intake, told = Intake(), list[int]()
    assert intake.waited_s(9.0) == 0.0
    intake.wait(Guest(0, told), 2.0, is_urgent=False)
    intake.wait(Guest(1, told), 5.0, is_urgent=True)
    assert intake.waited_s(9.0) == 7.0
