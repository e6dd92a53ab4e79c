"""Makes of a scenario and a plan the scenario that is run."""

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from scenarios.scenario import Scenario, ScenarioEvent
from scenarios.study.form import Changes, Drop, Plan, Study

Values = Mapping[str, float | tuple[float, ...]]


def planned(study: Study, plan: Plan, base: Scenario) -> Scenario:
    """The scenario under a plan: what the study sets, then what the plan sets, drops and adds."""
    scenario = _changed(_changed(base, study.set), plan.set)
    kept = [event for event in base.event if not any(is_meant(drop, event) for drop in plan.drop)]
    # A study may end earlier than the scenario: what would come later does not come.
    in_time = [event for event in kept if event.at_s <= scenario.duration_s]
    return structs.replace(scenario, event=(*in_time, *plan.event))


def is_meant(drop: Drop, event: ScenarioEvent) -> bool:
    """Whether an event is one of those that are dropped."""
    return event.__struct_config__.tag == drop.kind and drop.at in (None, event.at)


def with_values(scenario: Scenario, values: Values, seed: int) -> Scenario:
    """The scenario with values of parameters in place of its own, and a seed."""
    return structs.replace(scenario, behaviour={**scenario.behaviour, **values}, seed=seed)


def _changed(scenario: Scenario, changes: Changes) -> Scenario:
    given: dict[str, Any] = {name: value for name, value in structs.asdict(changes).items() if value not in (None, ())}
    given["behaviour"] = {**scenario.behaviour, **changes.behaviour}
    return structs.replace(scenario, **given)
