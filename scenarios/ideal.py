"""The ideal city OS of a run: a model of a service that keeps the contract perfectly, filled with a town's people.

It answers by the very rights by which the oracle judges (``scenarios.rights``), in the modes that it was told itself.
"""

from agents.city_os.conversation import Conversation
from agents.city_os.ideal import IdealCityOS
from agents.city_os.ideal_service import IdealService
from agents.city_os.line import Line, PlainLine
from scenarios.rights import Rights
from scenarios.scenario import Scenario
from scenarios.seeding import has_device
from twin.population import Population
from twin.town import Town


def ideal_city_os(
    scenario: Scenario, town: Town, population: Population, line: Line | None = None
) -> tuple[IdealCityOS, Conversation]:
    """An ideal city OS that knows a town's people, over a line (a plain one if none is given); and what is said to it.

    The conversation counts the calls.
    """
    service = IdealService(town, population, has_device(population), Rights(town, population))
    conversation = Conversation(line or PlainLine(), scenario.start.timestamp())
    city_os = IdealCityOS(
        service, conversation, population.has_id.tolist(), latency_factor=scenario.city_os.latency_factor
    )
    return city_os, conversation
