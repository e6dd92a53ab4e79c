"""The scenario as it happened: each event as a line for the report, each road closure with its times."""

from collections import Counter
from collections.abc import Mapping, Sequence

from agents import situation as acts
from agents.situation import Instruction, Situation
from scenarios.language import Language, Text, say
from scenarios.record import LinkClosure, TimelineEntry, Topic
from scenarios.scenario import Alert, Order, Scenario, ScenarioEvent
from twin.town import Town

_PLAIN: Mapping[type[Instruction], tuple[Topic, str]] = {
    acts.Alert: (Topic.HAZARD, "alert"),
    acts.SendVehicles: (Topic.ORDER, "send_vehicles"),
}


def timeline_of(scenario: Scenario, situation: Situation, town: Town) -> tuple[TimelineEntry, ...]:
    """One line for each event, in order; ``situation`` is the scenario's in this town."""
    told = zip(scenario.timeline(), situation.instructions, strict=False)
    return tuple(_entry(event, instruction, town) for event, instruction in told)


def closures_of(situation: Situation) -> tuple[LinkClosure, ...]:
    """Each link closed, from when until when."""
    closed: dict[int, float] = {}
    reasons: Counter[int] = Counter()
    ended: list[LinkClosure] = []
    for act in (one for one in situation.instructions if isinstance(one, acts.SetLinks)):
        for link in act.links.tolist():
            reasons[link] += -1 if act.is_open else 1
            if not act.is_open:
                closed.setdefault(link, act.at_s)
            elif reasons[link] == 0:
                ended.append(LinkClosure(link, closed.pop(link), act.at_s))
    return (*ended, *(LinkClosure(link, from_s) for link, from_s in closed.items()))


def district_names(districts: Sequence[int], town: Town) -> Text:
    """The names of districts, or "the whole town"."""
    if len(districts) == len(town.districts):
        return Text(say(Language.JA, "timeline.everywhere"), say(Language.EN, "timeline.everywhere"))
    named = [town.districts[row] for row in districts]
    return Text("、".join(one.name for one in named), ", ".join(one.name_en for one in named))


def _entry(event: ScenarioEvent, act: Instruction, town: Town) -> TimelineEntry:
    topic, key, values = _about(act)
    if isinstance(act, acts.Order | acts.SetService | acts.SendVehicles):
        values = {**values, "where": district_names(act.districts, town)}
    if isinstance(event, Alert | Order):
        values = {**values, "text": Text(event.text_ja, event.text_en)}

    def told(language: Language) -> str:
        words = {name: one.in_language(language) if isinstance(one, Text) else one for name, one in values.items()}
        return say(language, f"timeline.{key}", **words)

    return TimelineEntry(act.at_s, topic, Text(told(Language.JA), told(Language.EN)))


def _about(act: Instruction) -> tuple[Topic, str, Mapping[str, object]]:
    """Topic, key of the text and numbers in it."""
    match act:
        case acts.Alert() | acts.SendVehicles():
            return *_PLAIN[type(act)], {}
        case acts.Order():
            return Topic.ORDER, "order", {"level": act.level}
        case acts.Declare():
            return Topic.CITY_OS, f"declare_{act.mode}", {}
        case acts.SetShelters():
            return Topic.SHELTER, "open_shelter" if act.is_open else "close_shelter", {"number": len(act.shelters)}
        case acts.SetLinks():
            return Topic.ROAD, "reopen_road" if act.is_open else "close_road", {"number": len(act.links)}
        case acts.SetService():
            key = f"{act.service}_{'restored' if act.is_up else 'lost'}"
            return Topic.NETWORK, key, {"percent": round(100 * act.share)}
        case _:
            raise NotImplementedError(f"no words for {type(act).__name__}")
