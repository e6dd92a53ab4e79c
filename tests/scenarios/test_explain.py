"""Explain: every parameter in force, with its standing."""

from msgspec import structs
from scenario_values import GOOD

from scenarios.defaults import default_parameters
from scenarios.explain import explanation, explanation_text, parameters_in_force
from scenarios.language import Language
from scenarios.reader import find_scenario, read_scenario
from twin.parameters import Confidence


def test_text_has_every_parameter_with_value_range_and_source() -> None:
    """No parameter is left out in either language, and each shows its source."""
    scenario = read_scenario(find_scenario("earthquake_winter"))
    for language in Language:
        text = "\n".join(explanation_text(scenario, language))
        for key, one in default_parameters().items():
            assert f"\n{key} = " in text
            assert one.source in text
            assert (one.meaning_ja if language is Language.JA else one.meaning_en) in text


def test_estimates_are_marked_and_counted() -> None:
    """Every C is marked as an assumption, and the last line says how many there are."""
    scenario = read_scenario(find_scenario("drill"))
    lines = list(explanation_text(scenario, Language.EN))
    estimates = sum(one.confidence is Confidence.C for one in default_parameters().values())
    assert sum("C: assumption" in line for line in lines) == estimates > 0
    assert f"{estimates} of them assumptions (C)" in lines[-1]


def test_overrides_show_the_default() -> None:
    """A value set by the scenario is in force, marked, and shown beside the default."""
    key = "leaving.damaged_share"
    assert key in GOOD
    scenario = structs.replace(read_scenario(find_scenario("drill")), behaviour={key: 0.7})
    default = default_parameters().number(key)
    assert parameters_in_force(scenario).number(key) == 0.7 != default
    lines = list(explanation_text(scenario, Language.EN))
    here = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = 0.7"))
    assert lines[here + 1] == f"    set by the scenario (default {default:g})"
    rows = {row["key"]: row for row in explanation(scenario)["parameters"]}
    assert [name for name, row in rows.items() if row["overridden"]] == [key]
    assert rows[key]["default"] == default


def test_data_has_the_same_parameters() -> None:
    """The JSON form has a row for each parameter and the circumstances."""
    found = explanation(read_scenario(find_scenario("flood_night")))
    assert [row["key"] for row in found["parameters"]] == list(default_parameters())
    assert found["scenario"]["hazard"] == "flood"
