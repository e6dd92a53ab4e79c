"""The circumstances of a scenario in words, for the head of the report."""

from scenarios.language import Language, Text, say
from scenarios.record import Fact, ScenarioFacts
from scenarios.scenario import Scenario


def scenario_facts(key: str, scenario: Scenario) -> ScenarioFacts:
    """What was asked, in both languages; ``key`` is the name of the scenario's file."""
    return ScenarioFacts(
        key=key,
        title=Text(scenario.title_ja, scenario.title_en),
        hazard=scenario.hazard,
        start=scenario.start,
        duration_s=scenario.duration_s,
        facts=(
            Fact(_text("facts.season"), _text(f"facts.season_{scenario.season}")),
            Fact(_text("facts.snow"), _text(f"facts.snow_{scenario.weather.snow}")),
            Fact(_text("facts.mode"), _text("facts.mode_drill" if scenario.is_drill else "facts.mode_disaster")),
        ),
    )


def _text(key: str) -> Text:
    return Text(say(Language.JA, key), say(Language.EN, key))
