"""The agenda: appointments come in the order of SimPy's own events, and a run ends before its last instant."""

from collections.abc import Callable, Generator

import pytest
import simpy

from agents.agenda import Agenda

Told = list[tuple[float, str]]


def arranged(agenda: Agenda, told: Told) -> None:
    """Events of both kinds, some at one time, some arranged by others."""

    def say(word: str) -> Callable[[], None]:
        return lambda: told.append((agenda.now, word))

    def walk() -> Generator[simpy.Event, object, None]:
        told.append((agenda.now, "walks"))
        yield agenda.timeout(2.0)
        told.append((agenda.now, "arrives"))
        agenda.at(0.0, say("at once, for it has passed"))
        yield agenda.timeout(0.0)
        told.append((agenda.now, "goes on"))

    agenda.at(2.0, say("first at 2"))
    agenda.process(walk())
    agenda.at(2.0, say("last at 2"))
    agenda.at(0.5, lambda: agenda.at(2.5, say("arranged by another")))
    agenda.at(3.0, say("too late"))


IN_ORDER = [
    (0.0, "walks"),
    (2.0, "first at 2"),
    (2.0, "last at 2"),
    (2.0, "arrives"),
    (2.0, "at once, for it has passed"),
    (2.0, "goes on"),
    (2.5, "arranged by another"),
]


@pytest.mark.parametrize("run", [Agenda.run, simpy.Environment.run])
def test_what_comes_at_one_time_comes_as_it_was_arranged_and_the_end_is_no_part_of_a_run(
    run: Callable[[Agenda, float], object],
) -> None:
    """Run by itself and by SimPy it gives the same order and stop before what is due at the end, at the end's time."""
    agenda, told = Agenda(), Told()
    arranged(agenda, told)
    run(agenda, 3.0)
    assert told == IN_ORDER
    assert agenda.now == 3.0


def test_what_fails_and_is_seen_by_nobody_ends_the_run() -> None:
    """An event that failed is raised by either way to run."""
    for run in (Agenda.run, simpy.Environment.run):
        agenda = Agenda()
        agenda.event().fail(ValueError("broken"))
        with pytest.raises(ValueError, match="broken"):
            run(agenda, 1.0)
