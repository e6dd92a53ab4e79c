"""Progress: bars for people, lines for logs, silence on demand."""

import io
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scenarios.language import Language
from scenarios.progress import ProgressBars, ProgressLines, show_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_quiet_says_nothing() -> None:
    """--quiet leaves the stream empty, be it a terminal or not."""
    for stream in (io.StringIO(), Terminal()):
        with show_progress(stream, Language.EN, quiet=True) as tell:
            tell("town", 0.0)
        assert stream.getvalue() == ""


def test_lines_elsewhere() -> None:
    """A log gets one line when a stage begins and one for each ten percent, without control codes."""
    stream = io.StringIO()
    with show_progress(stream, Language.EN, quiet=False) as tell:
        assert isinstance(tell, ProgressLines)
        tell("town", 0.0)
        for step in range(101):
            tell("simulation", step / 100)
    lines = stream.getvalue().splitlines()
    assert lines[:3] == ["Building the town", "Simulating", "Simulating: 10 %"]
    assert len(lines) == 12
    assert "\x1b" not in stream.getvalue()


@given(st.lists(st.floats(0, 1)))
def test_lines_never_repeat(shares: list[float]) -> None:
    """However often progress is told, no line follows itself."""
    stream = io.StringIO()
    with ProgressLines(stream, Language.JA) as tell:
        for share in shares:
            tell("simulation", share)
    lines = stream.getvalue().splitlines()
    assert all(one != other for one, other in pairwise(lines))


def test_bars_on_a_terminal() -> None:
    """A terminal gets a bar for each stage, all full at the end."""
    stream = Terminal()
    with show_progress(stream, Language.JA, quiet=False) as tell:
        assert isinstance(tell, ProgressBars)
        tell("town", 0.0)
        tell("simulation", 0.5)
    shown = stream.getvalue()
    assert "町を組み立てています" in shown
    assert "模擬しています" in shown
    assert shown.count("100 %") >= 2
