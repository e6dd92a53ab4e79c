"""Texts: complete in both languages, and numbers as people read them."""

import re
from pathlib import Path

import pytest

import scenarios
from scenarios.language import Text
from scenarios.record import FindingKind, Topic
from scenarios.report.texts import NO_VALUE, duration, has_phrase, number, percent, phrase
from twin.events import ReceptionChannel, SafetyChannel, State, WarningChannel
from twin.shelters import Hazard, ShelterKind
from twin.town import Standing

REPORT = Path(scenarios.__file__).parent / "report"


def test_every_phrase_asked_for_exists() -> None:
    """Each key written in the code is in texts.toml."""
    keys = [key for path in REPORT.glob("*.py") for key in re.findall(r'phrase\("([\w.]+)"', path.read_text("utf-8"))]
    assert len(keys) > 60
    assert [key for key in keys if not has_phrase(key)] == []


def test_every_kind_has_words() -> None:
    """Each kind that a run can hold has its words."""
    kinds = {
        "hazard": [str(one) for one in Hazard],
        "kind": [str(one) for one in ShelterKind],
        "topic": [str(one) for one in Topic],
        "standing": [str(one) for one in Standing],
        "finding": [word for one in FindingKind for word in (str(one), f"{one}_why")],
        "state": [one.name.lower() for one in State],
        "warning": [one.name.lower() for one in WarningChannel],
        "wait": [one.name.lower() for one in ReceptionChannel],
        "safety": [one.name.lower() for one in SafetyChannel],
    }
    assert [f"{group}.{key}" for group, keys in kinds.items() for key in keys if not has_phrase(f"{group}.{key}")] == []


def test_places_are_filled_in_each_language() -> None:
    """A text put into a text keeps its language; braces in it mean nothing."""
    assert phrase("verdict.cases", cases=number(1200)) == Text("1,200件", "cases: 1,200")
    filled = phrase("page.generated", version=Text("{甲}", "{b}"))
    assert "{甲}" in filled.ja
    assert "{b}" in filled.en


@pytest.mark.parametrize(
    ("time_s", "ja", "en"),
    [
        (0, "0分00秒", "0 min 00 s"),
        (185.4, "3分05秒", "3 min 05 s"),
        (599.9, "10分00秒", "10 min 00 s"),
        (3540, "59分", "59 min"),
        (3599.9, "1時間00分", "1 h 00 min"),
        (9831, "2時間44分", "2 h 44 min"),
    ],
)
def test_durations(time_s: float, ja: str, en: str) -> None:
    """Durations as people say them, without a sixtieth minute."""
    assert duration(time_s) == Text(ja, en)


def test_shares_and_numbers() -> None:
    """Small shares keep a decimal, an error among many is not rounded away, none is a dash."""
    assert [percent(one).en for one in (0, 0.0004, 0.034, 0.5, 10.32)] == ["0 %", "0.04 %", "3.4 %", "50 %", "1,032 %"]
    assert (percent(None), number(None), duration(None)) == (NO_VALUE, NO_VALUE, NO_VALUE)
    assert number(1234567).ja == "1,234,567"
