"""The reference city OS filled with a town and its people: as an app to serve, and in this process."""

from datetime import datetime

from starlette.types import ASGIApp

from agents.city_os.asgi import AsgiTransport
from reference_api.app import create_app
from reference_api.clock import Clock, GivenClock, WallClock
from reference_api.consent import Decide, decide
from reference_api.seed import load
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore
from scenarios.seeding import seed_data
from twin.population import Population
from twin.town import Town


def reference_app(
    town: Town,
    population: Population,
    *,
    clock: Clock | None = None,
    issuer: str = "http://127.0.0.1:8080",
    decide: Decide = decide,
) -> ASGIApp:
    """The reference city OS as a sandbox filled with a town and its people, in memory, by the wall clock if not told.

    ``issuer`` is the address at which it will be served. ``decide`` may be replaced by a broken decision.
    """
    settings = Settings(issuer=issuer, municipality=town.code, environment="test", sandbox=True)
    store = SqliteStore()
    load(store, seed_data(town, population), sandbox=True)
    return create_app(settings, store, clock or WallClock(), decide=decide)


def reference_transport(
    town: Town, population: Population, start: datetime, *, decide: Decide = decide
) -> AsgiTransport:
    """The reference city OS in this process; its clock shows the scenario's time, which begins at ``start``."""
    start_s = start.timestamp()
    clock = GivenClock(start_s)
    app = reference_app(town, population, clock=clock, decide=decide)
    return AsgiTransport(app, set_clock=lambda at_s: clock.set_s(start_s + at_s))
