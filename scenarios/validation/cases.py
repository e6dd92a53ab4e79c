"""The cases: which runs answer which figures, and what page comes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenarios.validation import occupancy, reception, surveys
from scenarios.validation.chart import Curve, curves, dots
from scenarios.validation.misfit import Misfit, misfit
from scenarios.validation.observed import Case, Drill, Figure, Relation, Unit, read_case
from scenarios.validation.page import COMMAND, Page, Section

Tell = Callable[[float], None]
"""Told how much of a case is done, 0..1."""

NAMES = ("drills", "joso", "hagibis", "nanao")
"""Cases in the order of the first page; each is a data file and a page."""

TEST_DAYS = (7.0, 14.0, 21.0, 30.0)
LATER_DAYS = (45.0, 60.0, 90.0, 120.0)
"""Days after the first count at which Nanao is looked at: those of the fit, and those after it."""

FIRST_WEEK_DAYS = 7.1
"""From 2024-01-02 15:30 to 2024-01-09 18:00."""

SETTLED = {"sheltering.settled_after_h": 0.0}
"""Everybody has been in the shelter for longer than a day already."""

FOR_EVER = {"sheltering.settled_after_h": 1e6}
"""The rate of the first day holds for ever, as it did before the second phase was there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is run: so many seeds, from 1 on; ``people`` of the towns of the surveys; the folder of real data."""

    seeds: int
    people: int
    data: Path

    @property
    def each(self) -> range:
        """The seeds."""
        return range(1, self.seeds + 1)


def page_of(name: str, asked: Asked, tell: Tell) -> Page:
    """Run a case and make its page."""
    if name == "drills":
        return drills(asked, tell)
    return nanao(asked, tell) if name == "nanao" else survey(name, asked, tell)


def drills(asked: Asked, tell: Tell) -> Page:
    """The page of the receptions."""
    case = read_case("drills")
    own: list[Misfit] = []
    default: list[Misfit] = []
    others: list[Misfit] = []
    ground = reception.Ground.prepared()
    for number, drill in enumerate(case.drill):
        tell(number / len(case.drill))
        means = [ground.mean_s(drill, seed, reception.own_mean(drill)) for seed in asked.each]
        hourly = _drill_figure(drill, "queue", Unit.PER_HOUR, reception.per_hour(drill.mean_s), Relation.INFORMED)
        own.append(misfit(hourly, [reception.per_hour(one) for one in means]))
        seconds = _drill_figure(drill, "default", Unit.SECONDS, drill.mean_s, drill.relation)
        default.append(misfit(seconds, [ground.mean_s(drill, seed, {}) for seed in asked.each]))
        left_out = _drill_figure(drill, "others", Unit.SECONDS, drill.mean_s, Relation.HELD_OUT)
        others.append(misfit(left_out, [reception.foretold_s(drill, case.drill)]))
    return Page(
        "drills",
        case,
        f"Seeds 1 to {asked.seeds}; people of the synthetic town, single, all at the door at once; `{COMMAND}`.",
        (
            Section("The queue, given the drill's own mean: people an hour at one desk", tuple(own)),
            Section("The default parameters: seconds a person", tuple(default)),
            Section("Each drill by the other drills of its channel (geometric mean): seconds a person", tuple(others)),
        ),
        {"drills.svg": dots("Reception time a person, default parameters", default, log=True)},
    )


def _drill_figure(drill: Drill, prefix: str, unit: Unit, value: float, relation: Relation) -> Figure:
    return Figure(
        key=f"{prefix}_{drill.key}",
        label_en=f"{drill.place_en} ({drill.channel})",
        label_ja=drill.place_ja,
        value=value,
        unit=unit,
        relation=relation,
        source=drill.source,
        confidence=drill.confidence,
        note=drill.note,
    )


def survey(name: str, asked: Asked, tell: Tell) -> Page:
    """The page of a flood's survey."""
    case = read_case(name)
    runs = []
    for seed in asked.each:
        tell((seed - 1) / asked.seeds)
        runs.append(surveys.run_case(name, people=asked.people, seed=seed))
    misfits = tuple(
        misfit(one, [surveys.share(one, answers) for answers in runs] if one.measure else []) for one in case.figure
    )
    households = int(np.median([answers.asked.sum() for answers in runs]))
    return Page(
        name,
        case,
        f"Seeds 1 to {asked.seeds}; a sample of {asked.people:,} people of the synthetic town, of whom {households:,} "
        f"households (median) live in the flooded districts and are asked; no city OS; `{COMMAND}`.",
        (Section("Marginals of the survey", misfits),),
        {f"{name}.svg": dots(case.words.title_en, [one for one in misfits if one.figure.unit is Unit.SHARE])},
    )


def nanao(asked: Asked, tell: Tell) -> Page:
    """The page of Nanao's shelters, from the data set in the folder of data.

    Raises:
        FileNotFoundError: the data set is not there.
    """
    case = read_case("nanao")
    counts = occupancy.read_counts(asked.data / occupancy.COUNTS)
    fitted, tested = occupancy.halves(counts)
    stage = occupancy.borrowed_stage()
    there = occupancy.Sheltered(stage, counts.people[0, tested])
    observed = counts.total(tested)
    rows = [counts.at_day(day) for day in (*TEST_DAYS, *LATER_DAYS)]
    days = np.append(counts.day[rows], FIRST_WEEK_DAYS)
    settled, ever = [], []
    for seed in asked.each:
        tell((seed - 1) / asked.seeds)
        settled.append(there.remaining(days, SETTLED, seed))
        ever.append(there.remaining(days, FOR_EVER, seed))
    falls = [
        misfit(_count_figure(counts, row, int(observed[row]), "settled"), [one[at] for one in settled])
        for at, row in enumerate(rows)
    ]
    before = [
        misfit(_count_figure(counts, row, int(observed[row]), "for_ever"), [one[at] for one in ever])
        for at, row in enumerate(rows[: len(TEST_DAYS)])
    ]
    first_week = misfit(case.figure[0], [float(one[-1] / observed[0]) for one in settled])
    rates = [occupancy.fit_rate_per_h(counts.day, counts.total(half)) for half in (fitted, tested)]
    shown = counts.day <= LATER_DAYS[-1] + 10
    return Page(
        "nanao",
        case,
        f"Seeds 1 to {asked.seeds}; {int(observed[0]):,} people in the {len(tested)} shelters left out of the fit; "
        f"rate in force {stage.parameters.number('sheltering.settled_leaving_per_h'):.5f}/h, on the fitted half "
        f"{rates[0]:.5f}/h, on the other half {rates[1]:.5f}/h; `{COMMAND}`.",
        (
            Section("People in the shelters left out of the fit, days of the fit", tuple(falls[: len(TEST_DAYS)])),
            Section("People in the shelters left out of the fit, later days", tuple(falls[len(TEST_DAYS) :])),
            Section("The week before the data begin", (first_week,)),
            Section("Distribution over the 29 shelters of the first count", tuple(_spread(counts, asked.data))),
            Section("For comparison: the rate of the first day for ever (0.01/h)", tuple(before)),
        ),
        {
            "nanao.svg": curves(
                "People in the shelters left out of the fit",
                (
                    Curve("observed", counts.day[shown], observed[shown].astype(np.float64), "seen"),
                    _median_curve("simulated", days[:-1], observed[0], settled, "run"),
                    _median_curve("rate of the first day for ever", days[:-1], observed[0], ever, "run dashed"),
                ),
                "days since 2024-01-09 18:00",
            )
        },
    )


def _median_curve(
    label: str, days: occupancy.FloatArray, first: int, runs: Sequence[occupancy.FloatArray], css: str
) -> Curve:
    people = np.append(float(first), np.median(np.array(runs), axis=0)[: len(days)])
    return Curve(label, np.append(0.0, days), people, css)


def _count_figure(counts: occupancy.Counts, row: int, people: int, key: str) -> Figure:
    day = counts.day[row]
    date = (counts.start + np.timedelta64(int(day * 24), "h").astype("timedelta64[s]").item()).date()
    return Figure(
        key=f"{key}_{date}",
        label_en=f"day {day:.1f} ({date})",
        label_ja=f"{day:.1f}日後",
        value=people,
        unit=Unit.PEOPLE,
        relation=Relation.HELD_OUT,
        source="data set",
        confidence="A",
    )


def _spread(counts: occupancy.Counts, data: Path) -> list[Misfit]:
    """How people were spread over shelters, against the nearest-shelter rule and against none."""
    seen = counts.people[0] / counts.people[0].sum()
    nearest = occupancy.nearest_shares(counts, data / occupancy.ADDRESSES)
    even = np.full(len(seen), 1.0 / len(seen))
    made = [
        ("largest", "share of the fullest shelter", "最多の避難所の割合", occupancy.of_largest(seen, 1)),
        ("five", "share of the five fullest", "上位5か所の割合", occupancy.of_largest(seen, 5)),
        ("elsewhere", "people elsewhere than the nearest rule says", "最寄り規則と別の避難所にいる人", 0.0),
        ("elsewhere_even", "people elsewhere than even shares say", "均等配分と別の避難所にいる人", 0.0),
    ]
    given = [
        occupancy.of_largest(nearest, 1),
        occupancy.of_largest(nearest, 5),
        occupancy.apart(seen, nearest),
        occupancy.apart(seen, even),
    ]
    return [
        misfit(
            Figure(
                key=f"spread_{key}",
                label_en=label_en,
                label_ja=label_ja,
                value=value,
                unit=Unit.SHARE,
                relation=Relation.HELD_OUT,
                source="data set",
                confidence="A",
            ),
            [simulated],
        )
        for (key, label_en, label_ja, value), simulated in zip(made, given, strict=True)
    ]


def all_cases() -> list[tuple[str, Case]]:
    """Every case by its name."""
    return [(name, read_case(name)) for name in NAMES]
