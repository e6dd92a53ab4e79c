"""Explains a scenario: its circumstances, and every parameter in force with range, source and confidence."""

from collections.abc import Iterator, Mapping
from typing import Any

from scenarios.defaults import default_parameters
from scenarios.language import Language, say
from scenarios.scenario import Scenario
from twin.parameters import Confidence, Parameter, Parameters, Value

CONFIDENCE_KEY: Mapping[Confidence, str] = {
    Confidence.A: "explain.survey",
    Confidence.B: "explain.report",
    Confidence.C: "explain.estimate",
}


def parameters_in_force(scenario: Scenario) -> Parameters:
    """The defaults with the scenario's overrides; its ``behaviour`` must have been checked."""
    return default_parameters().with_overrides(scenario.behaviour)


def explanation(scenario: Scenario) -> dict[str, Any]:
    """The same as the text, as data for JSON: ``scenario`` (the file's form is the writer's), ``parameters`` by row."""
    defaults = default_parameters()
    return {
        "scenario": dict(_facts(scenario, Language.EN)),
        "parameters": [_row(one, defaults[key]) for key, one in parameters_in_force(scenario).items()],
    }


def _row(parameter: Parameter, default: Parameter) -> dict[str, Any]:
    return {
        "key": parameter.key,
        "value": parameter.value,
        "unit": parameter.unit,
        "low": parameter.low,
        "high": parameter.high,
        "confidence": parameter.confidence,
        "estimate": parameter.confidence is Confidence.C,
        "overridden": parameter.overridden,
        "default": default.value,
        "meaning_ja": parameter.meaning_ja,
        "meaning_en": parameter.meaning_en,
        "source": parameter.source,
    }


def explanation_text(scenario: Scenario, language: Language) -> Iterator[str]:
    """Lines for people: the circumstances, then each parameter in three lines, then how many are assumptions."""
    yield scenario.title_ja if language is Language.JA else scenario.title_en
    yield ""
    for label, value in _facts(scenario, language):
        yield f"  {label}: {value}"
    defaults = default_parameters()
    in_force = parameters_in_force(scenario)
    for key, one in in_force.items():
        yield ""
        yield from _parameter_lines(one, defaults[key], language)
    yield ""
    estimates = sum(one.confidence is Confidence.C for one in in_force.values())
    overridden = sum(one.overridden for one in in_force.values())
    yield say(language, "explain.count", count=len(in_force), estimates=estimates, overridden=overridden)


def _parameter_lines(parameter: Parameter, default: Parameter, language: Language) -> Iterator[str]:
    unit = "" if parameter.unit == "1" else f" {parameter.unit}"
    span = f"{parameter.low:g} .. {parameter.high:g}"
    mark = say(language, CONFIDENCE_KEY[parameter.confidence])
    yield f"{parameter.key} = {_number(parameter.value)}{unit}  [{span}]  {mark}"
    if parameter.overridden:
        yield f"    {say(language, 'explain.overridden', default=_number(default.value))}"
    yield f"    {parameter.meaning_ja if language is Language.JA else parameter.meaning_en}"
    yield f"    {say(language, 'explain.source')}: {parameter.source}"


def _number(value: Value) -> str:
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:g}"


def _facts(scenario: Scenario, language: Language) -> Iterator[tuple[str, object]]:
    def words(key: str, **values: object) -> str:
        return say(language, key, **values)

    night = scenario.weather.night
    yield words("fact.town"), scenario.town
    yield words("fact.hazard"), words(f"hazard.{scenario.hazard}")
    yield words("facts.season"), words(f"facts.season_{scenario.season}")
    yield words("fact.start"), scenario.start.isoformat()
    yield words("fact.duration"), words("fact.hours", hours=f"{scenario.duration_h:g}")
    yield words("fact.seed"), scenario.seed
    yield words("fact.people"), scenario.people or words("fact.everybody")
    yield words("facts.snow"), words(f"facts.snow_{scenario.weather.snow}")
    yield words("fact.light"), words("fact.by_sun" if night is None else "fact.night" if night else "fact.day")
    yield words("fact.latency"), words("fact.factor", factor=f"{scenario.city_os.latency_factor:g}")
    yield words("fact.timeout"), words("fact.seconds", seconds=f"{scenario.city_os.timeout_s:g}")
    yield words("fact.events"), len(scenario.event)
