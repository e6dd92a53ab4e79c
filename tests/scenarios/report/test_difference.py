"""The section that shows the same town with and without its city OS."""

from collections.abc import Callable
from dataclasses import replace

from scenarios.language import Language
from scenarios.metrics import WITHOUT, Metric, measure, value_of
from scenarios.outcomes import follow
from scenarios.record import RunRecord
from scenarios.report.page import report_html

MakeRun = Callable[..., RunRecord]


def compared(record: RunRecord, **without: float) -> str:
    """The English page of a run that was repeated without a city OS; ``without`` replaces numbers of that one."""
    outcomes = follow(record)
    metrics = measure(record, outcomes)
    town = [one for one in metrics if not one.by]
    again: list[Metric] = [replace(one, by=WITHOUT, value=without.get(one.name, one.value)) for one in town]
    return report_html(record, outcomes, [*metrics, *again], Language.EN)


def test_the_difference_is_with_minus_without(big_run: MakeRun) -> None:
    """Somebody spared shows with a minus, the reader sees both numbers."""
    record = big_run()
    metrics = measure(record, follow(record))
    diverted = value_of(metrics, "diverted")
    assert diverted is not None
    page = compared(record, diverted=diverted + 1234)
    assert f"{diverted + 1234:,.0f}" in page
    assert "−1,234" in page


def test_shares_differ_by_points(big_run: MakeRun) -> None:
    """A share that rises from none to all rises by 100 points, and not by 100 %."""
    page = compared(big_run(), safety_confirmed_share=5.0)
    section = page[page.index('id="difference"') : page.index('id="map"')]
    assert " points" in section
    assert "ポイント" in section


def test_equal_towns_differ_by_nothing(big_run: MakeRun) -> None:
    """Where both runs agree, every difference is none."""
    page = compared(big_run())
    section = page[page.index('id="difference"') : page.index('id="map"')]
    assert "−" not in section
    assert "+" not in section


def test_without_a_second_run_there_is_no_such_section(big_run: MakeRun) -> None:
    """A run that was not repeated does not claim a comparison."""
    record = big_run()
    outcomes = follow(record)
    assert 'id="difference"' not in report_html(record, outcomes, measure(record, outcomes), Language.EN)
