"""The reader: what was written is read back, and every fault is told with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_values import GOOD, scenarios

from conformance.toml_lines import index_lines
from scenarios.defaults import default_parameters
from scenarios.errors import InvalidScenario, UnknownScenario
from scenarios.language import Language
from scenarios.reader import find_scenario, read_scenario
from scenarios.scenario import Scenario
from scenarios.writer import scenario_text


def faults_of(path: Path, text: str) -> list[str]:
    """The faults that the reader tells of a text."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenario) as caught:
        read_scenario(path, default_parameters())
    return [line.removeprefix(f"{path}:") for line in caught.value.lines(Language.EN)]


@given(scenario=scenarios())
def test_written_scenario_is_read_back_equal(tmp_path_factory: pytest.TempPathFactory, scenario: Scenario) -> None:
    """Any scenario, written as TOML and read, is the same scenario."""
    path = tmp_path_factory.mktemp("scenario") / "one.toml"
    path.write_text(scenario_text(scenario), encoding="utf-8")
    assert read_scenario(path) == scenario


def test_good_scenario_has_no_fault(tmp_path: Path) -> None:
    """The scenario that the other tests spoil is read."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    scenario = read_scenario(path, default_parameters())
    assert scenario.people == 100
    assert scenario.behaviour == {"leaving.damaged_share": 0.8}


SPOILED = [
    ("duration_h = 2", "duration_h = -2", 7, "duration_h is -2, which cannot be. Give a number above 0, at most 720."),
    ("duration_h = 2", "duration_h = 721", 7, "duration_h is 721"),
    ("duration_h = 2", "duration_h = nan", 7, "duration_h is nan"),
    ("latency_factor = 1.0", "latency_factor = nan", 11, "city_os.latency_factor is nan"),
    ("damaged_share = 0.5", "damaged_share = nan", 18, "impact[1].damaged_share is nan"),
    ("leaving.damaged_share = 0.8", "leaving.damaged_share = nan", 16, "outside its range"),
    ("people = 100", "people = 0", 9, "people is 0"),
    ("people = 100", "people = 9999999", 9, "Give a whole number from 1 to 1200000."),
    ("seed = 1", "seed = 1.5", 8, "seed is 1.5"),
    ("seed = 1", 'seed = "one"', 8, 'seed is "one"'),
    ("seed = 1\n", "", 1, "seed is missing. Add it: a whole number"),
    ("title_en", "titel_en", 2, "unknown key titel_en. Did you mean title_en?"),
    ('hazard = "earthquake"', 'hazard = "earthquakes"', 4, "Give one of flood, landslide"),
    ('season = "winter"', "season = true", 5, "season is true"),
    ("+09:00", "", 6, "Give a date and time with offset"),
    ('snow = "none"', 'snow = "deep"', 14, "Give one of none, shallow, knee."),
    ('snow = "none"', 'depth = "none"', 14, "unknown key weather.depth."),
    ("timeout_s = 30", "timeout_s = 0", 12, "city_os.timeout_s is 0"),
    ("damaged_share = 0.5", "damaged_share = 1.5", 18, "impact[1].damaged_share is 1.5"),
    ("level = 4", "level = 2", 26, "event[2].level is 2, which cannot be. Give a whole number from 3 to 5."),
    ('districts = "all"', 'districts = "lowest:3"', 27, 'event[2].districts is "lowest:3"'),
    ('districts = "all"', "districts = []", 27, "event[2].districts is []"),
    ('kind = "order"', 'kind = "ordre"', 25, 'unknown kind of event "ordre". Did you mean order?'),
    ('kind = "order"\n', "", 23, "event[2].kind is missing"),
    ('at = "0:20"', 'at = "0:99"', 24, 'event[2].at is "0:99"'),
    ('at = "0:20"', 'at = "3:00"', 24, "at is 3:00, after the end of the scenario (2 h)."),
    ("leaving.damaged_share = 0.8", "leaving.damagd_share = 0.8", 16, "Did you mean leaving.damaged_share?"),
    ("leaving.damaged_share = 0.8", "leaving.damaged_share = 8", 16, "leaving.damaged_share is 8, outside its range."),
    ("leaving.damaged_share = 0.8", "leaving.damaged_share = [1, 1]", 16, "outside its range"),
    ("leaving.damaged_share = 0.8", 'leaving.damaged_share = "x"', 16, 'leaving.damaged_share is "x"'),
    ("[behaviour]", "[[behaviour]]", 15, "behaviour is"),
    ("[city_os]", "[city_os.deep]", 10, "unknown key city_os.deep."),
    ("seed = 1", "seed = = 1", 8, "not TOML"),
    ("seed = 1", "seed = 1\nseed = 2", 9, "not TOML"),
]


@pytest.mark.parametrize(("good", "bad", "line", "message"), SPOILED)
def test_fault_is_told_with_line_and_what_to_do(tmp_path: Path, good: str, bad: str, line: int, message: str) -> None:
    """Each kind of bad value names its line, the value, and what is wanted."""
    assert good in GOOD
    lines = faults_of(tmp_path / "bad.toml", GOOD.replace(good, bad, 1))
    assert any(told.startswith(f"{line}: ") and message in told for told in lines), lines


def test_all_faults_are_told_at_once_by_line(tmp_path: Path) -> None:
    """Faults in many places, of form and of meaning, come together and in order."""
    text = GOOD
    for good, bad in [
        ("seed = 1", "seed = -1"),
        ('snow = "none"', 'snow = "deep"'),
        ("leaving.damaged_share = 0.8", "leaving.nothing = 0.8"),
        ('at = "0:10"', 'at = "9:00"'),
        ("level = 4", "level = 9"),
    ]:
        text = text.replace(good, bad, 1)
    lines = [int(told.split(":")[0]) for told in faults_of(tmp_path / "bad.toml", text)]
    assert lines == [8, 14, 16, 20, 26]


CLOSE = '[[event]]\nat = "0:10"\nkind = "close_road"\nshare = 0.1\nclosure = "a"\n'
REOPEN = '[[event]]\nat = "0:05"\nkind = "reopen_road"\nclosure = "a"\n'


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (CLOSE + CLOSE, 'closure "a" is the name of two'),
        (CLOSE + REOPEN, 'closure "a" is not the closure of any close_road before it'),
        (REOPEN, 'closure "a" is not'),
        (CLOSE + "box = [140, 37, 139, 38]\n", "west must lie west of east"),
        (CLOSE + "box = [139, 37, 140]\n", "Give a list of 4"),
    ],
)
def test_closures_must_fit(tmp_path: Path, more: str, message: str) -> None:
    """Names of closures are unique and known when reopened; boxes are the right way round."""
    assert any(message in told for told in faults_of(tmp_path / "bad.toml", GOOD + more))


@given(text=st.text(max_size=200))
def test_any_text_gives_a_scenario_or_faults(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No text, however odd, escapes as any other error."""
    path = tmp_path_factory.mktemp("odd") / "odd.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidScenario) as caught:
        read_scenario(path)
    assert caught.value.faults


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(number=st.integers(0, GOOD.count("\n") - 1), value=values)
def test_any_value_anywhere_gives_a_scenario_or_faults(
    tmp_path_factory: pytest.TempPathFactory, number: int, value: object
) -> None:
    """Any value in place of any other is read or told as a fault of the file."""
    lines = GOOD.splitlines()
    key, equals, _ = lines[number].partition(" = ")
    written = str(value).lower() if isinstance(value, bool | float) else repr(value)
    lines[number] = f"{key} = {written}" if equals else written
    path = tmp_path_factory.mktemp("value") / "value.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    assert all(told.startswith(f"{path}:") for told in faults_or_none(path))


def faults_or_none(path: Path) -> list[str]:
    """The faults of a file, none if it is read; any other error is the test's failure."""
    try:
        read_scenario(path, default_parameters())
    except InvalidScenario as fault:
        return fault.lines(Language.JA)
    return []


def test_unreadable_files_are_faults(tmp_path: Path) -> None:
    """A file that is no text, and a folder, are told as faults."""
    (tmp_path / "latin.toml").write_bytes(b"title_ja = '\xff'")
    for path in (tmp_path / "latin.toml", tmp_path):
        with pytest.raises(InvalidScenario, match="cannot be read"):
            read_scenario(path)


def test_scenarios_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    """A shipped name or a file's path is found; anything else is told with the nearest name and the list."""
    own = tmp_path / "own.toml"
    own.write_text(GOOD, encoding="utf-8")
    assert find_scenario(str(own)) == own
    assert find_scenario("drill").name == "drill.toml"
    with pytest.raises(
        UnknownScenario, match=r"Did you mean earthquake_winter\?.*drill, earthquake_winter, flood_night"
    ):
        find_scenario("earthquake_wintr")


def test_lines_are_found_in_odd_but_right_toml() -> None:
    """Lines are right behind texts and lists over several lines, quoted keys, inline tables and nested arrays."""
    text = '''a = """
b = 1
"""
"b" = [
  "]", # [
  2,
]
[[t]]
c = {d = 1, e = [
 3]}
[t.u]
f.g = 1
[[t]]
h = 1'''
    index = index_lines(text)
    expected = {("a",): 1, ("b",): 4, ("t", 0, "c", "d"): 9, ("t", 0, "u"): 11, ("t", 0, "u", "f", "g"): 12}
    assert {path: index.line_of(path) for path in expected} == expected
    assert index.line_of(("t", 1, "h")) == 14
    assert index.line_of(("t", 1, "missing")) == 13
    assert index.line_of(("nothing",)) == 1
