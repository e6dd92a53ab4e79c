"""Faults: both languages, one line each, no fault of a user shown as a traceback."""

import re
import string

import pytest

from agents.errors import CityOsUnreachable
from scenarios import errors
from scenarios.errors import Fault, InvalidScenario, MissingPackage, ScenarioError, lines_of, nearest
from scenarios.language import Language, language_of, say, texts
from twin.errors import InvalidSource

ALL = [
    errors.UnknownScenario("dril", ["drill"]),
    errors.UnknownTown("nowhere", ["synthetic", "ube"]),
    errors.MissingData("/nowhere"),
    errors.OccupiedOutput("out/x"),
    errors.UnwritableOutput("/x", "no"),
    errors.UnusableCityOs("ftp://x"),
    errors.PortInUse("127.0.0.1", 80, "taken"),
    errors.UnusableRun("out/a", "no metrics.json"),
    errors.FailedReplication(7, ["no data"]),
    errors.DeadWorker(-9),
    errors.MissingPackage("mesa", "pip install mesa"),
    errors.ForeignPackage("agents", "/site/agents"),
]


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: type(fault).__name__)
def test_each_fault_speaks_both_languages(fault: ScenarioError) -> None:
    """Each fault is one line in each language, has a builtin that callers expect, and is English by ``str``."""
    japanese, english = fault.lines(Language.JA), fault.lines(Language.EN)
    assert len(japanese) == len(english) == 1
    assert re.search(r"[ぁ-ん]", japanese[0])
    assert not re.search(r"[ぁ-ん]", english[0])
    assert str(fault) == english[0]
    assert isinstance(fault, OSError | LookupError | ValueError | ImportError)


def test_both_languages_have_the_same_texts_and_places() -> None:
    """No text is missing in a language, and each fills the same values in."""
    japanese, english = texts(Language.JA), texts(Language.EN)
    assert japanese.keys() == english.keys()
    for key, words in english.items():
        assert _places(words) == _places(japanese[key]), key


def _places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_faults_of_other_rooms_are_lines_too() -> None:
    """Faults of twin and agents, and of the machine, are told line by line; others are ours and are not."""
    assert lines_of(InvalidSource(["a:1: x", "b:2: y"]), Language.JA) == ["a:1: x", "b:2: y"]
    assert lines_of(CityOsUnreachable("nobody"), Language.EN) == ["nobody"]
    assert lines_of(OSError("disk full"), Language.EN) == ["disk full"]
    assert lines_of(InvalidScenario([Fault("f:3", "missing_data", {"path": "p"})]), Language.EN) == [
        "f:3: p is not there. Give the folder or file of the data (--data DIR, --roads FILE)."
    ]
    assert "mesa" in str(lines_of(ModuleNotFoundError("no", name="mesa.agent"), Language.EN))
    assert lines_of(KeyError("x"), Language.EN) is None


def test_missing_package_tells_the_command() -> None:
    """What is missing comes with the command that gets it."""
    assert "pip install" in MissingPackage("mesa", errors.install_command("twin")).lines(Language.JA)[0]


@pytest.mark.parametrize(
    ("name", "found"), [("Drill", "drill"), ("flod_night", "flood_night"), ("xyzzy", ""), ("", "")]
)
def test_nearest_name(name: str, found: str) -> None:
    """Slips of the key are understood, anything else is not guessed at."""
    assert nearest(name, ["drill", "earthquake_winter", "flood_night"]) == found


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "ja_JP.UTF-8"}, "ja"),
        ([], {"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LC_MESSAGES": "ja_JP", "LANG": "en_US"}, "ja"),
        (["run", "drill", "--lang", "en"], {"LANG": "ja_JP.UTF-8"}, "en"),
        (["run", "--lang=ja"], {}, "ja"),
        (["run", "--lang", "fr"], {"LANG": "ja"}, "ja"),
        (["run", "--lang"], {}, "en"),
    ],
)
def test_language_of_the_user(arguments: list[str], environment: dict[str, str], language: str) -> None:
    """--lang wins over the locale, the locale over English."""
    assert language_of(arguments, environment) == language


def test_unknown_text_is_an_error() -> None:
    """A key without text is a fault of ours, not an empty line for the user."""
    with pytest.raises(KeyError):
        say(Language.EN, "fault.nothing")
