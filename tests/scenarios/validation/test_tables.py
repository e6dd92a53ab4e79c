"""Tables of misfits: what is written is read back."""

from hypothesis import given
from hypothesis import strategies as st

from scenarios.validation.misfit import misfit
from scenarios.validation.observed import Figure, Relation, Unit
from scenarios.validation.tables import NOT_MODELLED, difference, row_of, rows_in, shown, table, written

LABELS = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), min_size=1, max_size=20)


@given(
    label=LABELS,
    value=st.integers(0, 1000).map(lambda one: one / 1000),
    simulated=st.lists(st.floats(0, 1), max_size=12),
    n=st.integers(0, 9999),
)
def test_rows_are_read_back_as_written(label: str, value: float, simulated: list[float], n: int) -> None:
    """Whatever a label holds, a page gives back the row, and a row under a case does not count twice."""
    figure = Figure(
        key="k",
        label_en=label,
        label_ja="名",
        value=value,
        unit=Unit.SHARE,
        relation=Relation.INFORMED,
        source="s",
        confidence="B",
        n=n,
    )
    found = misfit(figure, simulated)
    assert rows_in(f"# page\n\n{table([found])}\n") == [row_of(found)]
    assert rows_in(written([row_of(found)], ["case"])) == []


def test_values_stand_in_their_units() -> None:
    """Shares in percent and their differences in points; seconds, people and people an hour by name or alone."""
    assert (shown(0.677, Unit.SHARE), difference(-0.1, Unit.SHARE)) == ("67.7 %", "-10.0 points")
    assert (shown(30.3, Unit.SECONDS), difference(1.0, Unit.SECONDS)) == ("30.3 s", "+1.0 s")
    assert (shown(1886, Unit.PEOPLE), difference(-1234, Unit.PEOPLE)) == ("1,886", "-1,234")
    assert shown(118.8, Unit.PER_HOUR) == "119 /h"


def test_what_the_model_lacks_is_said() -> None:
    """A figure without a run is told as not modelled, not as nought."""
    figure = Figure(
        key="k", label_en="l", label_ja="l", value=4000, unit=Unit.PEOPLE, relation=Relation.HELD_OUT, source="s",
        confidence="B",
    )  # fmt: skip
    row = row_of(misfit(figure, []))
    assert (row.observed, row.simulated) == ("4,000", NOT_MODELLED)
