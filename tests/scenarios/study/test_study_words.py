"""Words of a study: what a plan does, the parts of figures and their differences, in both languages."""

from typing import get_args

import msgspec
import pytest

from scenarios.report.texts import has_phrase
from scenarios.scenario import ScenarioEvent
from scenarios.study.form import Drop, Measured
from scenarios.study.words import added, dropped, shown_gap, title_of


def event(**table: object) -> ScenarioEvent:
    """An event as a file has it."""
    made: ScenarioEvent = msgspec.convert(table, ScenarioEvent)
    return made


def test_an_event_is_told_in_words() -> None:
    """When, what, which and where stand in the reader's language, not as keys of the file."""
    told = added(event(at="0:30", kind="open_shelter", shelters="general", districts=["門田町"], more=3))
    assert told.ja == "0:30 避難所の開設（一般の避難所・地区 門田町・未開設のうち大きい順に3か所）"
    assert told.en == "0:30 opening of shelters (general shelters, districts 門田町, the 3 largest that are shut)"
    assert added(event(at="0:20", kind="open_shelter", shelters=["a"], share=0.5)).ja.endswith("（shelters = a・50%）")


def test_every_kind_of_event_has_words() -> None:
    """No kind that a scenario knows is told as its key."""
    kinds = [str(one.__struct_config__.tag) for one in get_args(ScenarioEvent)]
    assert [one for one in kinds if not has_phrase(f"events.{one}")] == []
    assert dropped(Drop(kind="open_shelter", at="0:20")).ja == "0:20 避難所の開設"


@pytest.mark.parametrize(
    ("by", "title"),
    [
        ({"district": "04"}, "T90（9割の到着）（地区04）"),
        ({"capacity": "standard"}, "T90（9割の到着）（3.5㎡基準）"),
    ],
)
def test_a_part_is_named(by: dict[str, str], title: str) -> None:
    """A part stands by its code; a capacity, and a district that the file names, by their names."""
    assert title_of(Measured(name="t90_s", by=by)).ja == title
    named = Measured(name="t90_s", by={"district": "04"}, district_ja="門田町", district_en="Monden")
    assert title_of(named).en.endswith("(Monden)")


def test_a_difference_of_shares_is_in_points() -> None:
    """From 40 % to 36.8 % is 3.2 points less, and not 3.2 % less."""
    metric = Measured(name="safety_confirmed_share")
    assert (shown_gap(metric, -0.032).ja, shown_gap(metric, -0.032).en) == ("−3.2ポイント", "−3.2 points")
