"""The town's people: households and everything that a person or household has, from shares with sources."""

import numpy as np
import numpy.typing as npt

from twin.errors import InvalidPopulation
from twin.parameters import Parameters
from twin.population import Population
from twin.randomness import Stream
from twin.sources import homes, traits
from twin.sources.chance import Chance
from twin.sources.consents import consents
from twin.sources.households import Structure, build_structure
from twin.sources.people_tables import read_household_kinds, read_pyramid
from twin.sources.sampling import sample
from twin.town import Provenance, Standing, Town

Int64Array = npt.NDArray[np.int64]


def populate(town: Town, *, stream: Stream, parameters: Parameters, people: int | None = None) -> Population:
    """People of a town: all of them, or a sample of ``people`` (1 to ``town.people``) in whole households.

    Totals (people, households, ages, sexes, IDs, support) hold exactly for the whole town; a sample has the whole
    town's households, each with the members, home and draws that it has there, and meets its own share of the totals.

    Raises:
        InvalidPopulation: if the town's totals contradict each other, or fewer or more people are asked for than live
            there.
    """
    wanted = town.people if people is None else people
    if not 1 <= wanted <= town.people:
        raise InvalidPopulation(f"{wanted} people asked for; ask for 1 to {town.people}, the people of {town.name_en}")
    counts = homes.households_of(town)
    whole = build_structure(counts, read_pyramid(), read_household_kinds(), town.people, (stream, parameters))
    neighbourhood = np.repeat(np.arange(len(counts)), counts)
    structure, kept = (whole, np.arange(town.households)) if people is None else sample(whole, neighbourhood, wanted)
    return _furnish(town, structure, neighbourhood[kept], stream, parameters)


def _furnish(
    town: Town, structure: Structure, neighbourhood: Int64Array, stream: Stream, parameters: Parameters
) -> Population:
    home = homes.settle(town, neighbourhood, Chance(structure.household_key, stream, parameters))
    chance = Chance(structure.person_key, stream, parameters)
    age, household = structure.age, structure.household
    phone = traits.phones(age, chance)
    has_id = traits.ids(age, phone, chance)
    support = traits.support(age, chance)
    home_m = np.column_stack((home.x_m, home.y_m))[household]
    cars = homes.cars(age, household, len(neighbourhood), chance)
    away = homes.by_day(town, neighbourhood[household], age, chance)
    return Population(
        seed=stream.seed,
        household_start=structure.start.astype(np.int32),
        home_node=home.node.astype(np.int32),
        home_x_m=home.x_m,
        home_y_m=home.y_m,
        neighbourhood=neighbourhood.astype(np.int32),
        cars=cars.astype(np.int8),
        floors=home.floors.astype(np.int8),
        relatives_neighbourhood=home.relatives_neighbourhood.astype(np.int32),
        household=household.astype(np.int32),
        age=age.astype(np.int16),
        sex=structure.sex.astype(np.int8),
        phone=phone.astype(np.int8),
        has_id=has_id,
        uses_app=traits.app_users(has_id, phone, chance),
        needs_support=support.needs_support,
        has_plan=support.has_plan,
        plan_consent=support.plan_consent,
        supporter=traits.supporters(support, age, household, home_m, chance).astype(np.int32),
        walking_speed_mps=traits.walking_speeds(age, support.needs_support, chance),
        away_neighbourhood=away.astype(np.int32),
        consents=consents(has_id, chance),
        provenance=_PROVENANCE,
        share=len(age) / town.people,
    )


_PROVENANCE = (
    Provenance(
        "people",
        Standing.SYNTHETIC,
        "住民は実在しない。人口・世帯数は町の公表値に合わせて生成",
        "Nobody here exists: made so that the totals of people and households are the town's",
    ),
    Provenance(
        "age and sex",
        Standing.ESTIMATE,
        "会津若松市の2025年人口ピラミッド（社人研2023年推計、35歳以上は全国の形による推計）の形",
        "Shape of the 2025 pyramid of Aizu-Wakamatsu (IPSS projection 2023; from 35 fitted to the national shape)",
    ),
    Provenance(
        "household sizes",
        Standing.ESTIMATE,
        "西会津町の世帯人員分布（2020年国勢調査）を町の平均世帯人員に合わせたもの",
        "Household sizes of Nishiaizu (census 2020), tilted to the town's mean",
    ),
    Provenance(
        "city-OS IDs",
        Standing.ESTIMATE,
        "ID数24,000（2023年3月、市資料）を年代別利用率（2019年調査、n=628）で配分",
        "24,000 IDs (city, 2023-03), by age as the portal was used in 2019 (n=628)",
    ),
    Provenance(
        "support and consents",
        Standing.ESTIMATE,
        "要支援者数・計画・同意は全国や他市の割合による代用",
        "Support register, plans and consents: substitutes from national figures and other cities",
    ),
)
