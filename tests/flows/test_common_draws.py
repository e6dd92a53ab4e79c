"""A plan that changes one thing leaves the draws of everybody else alone."""

from pathlib import Path

from flows.runs import silent

from scenarios.comparison.folders import read_run
from scenarios.metrics import value_of
from scenarios.options import RunOptions
from scenarios.outcomes import first_of
from scenarios.reader import find_scenario
from scenarios.run import run
from twin.events import EventKind

ORDER = (
    '\n[[event]]\nat = "0:01"\nkind = "order"\nlevel = 3\ndistricts = "largest:1"\ntext_ja = "避難"\ntext_en = "go"\n'
)


def test_an_order_to_one_district_warns_the_others_as_before(tmp_path: Path) -> None:
    """One more order before all others: whoever lives elsewhere hears at the same moment through the same channel."""
    plain = find_scenario("flood_night").read_text(encoding="utf-8")
    runs = []
    for name, text in (("a", plain), ("b", plain + ORDER)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        options = RunOptions(str(tmp_path / f"{name}.toml"), tmp_path / name, city_os="none", people=300, hours=1.4)
        assert value_of(run(options, silent).metrics, "people") == 300
        runs.append(read_run(tmp_path / name))
    people = runs[0].people
    first = [first_of(one.events().of(EventKind.WARNED), people.people) for one in runs]
    differs = (first[0].time_s != first[1].time_s) | (first[0].detail != first[1].detail)
    assert first[0].happened.any()
    assert len(set(people.district[differs].tolist())) == 1
