"""Probes for operators: is the process alive, can it serve, what has it counted. They are not of the contract."""

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError, StoreFault, unavailable
from reference_api.services import Services

NO_STORE = {"cache-control": "no-store"}
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""Source: Prometheus exposition formats, text format 0.0.4."""


async def alive(_services: Services, _call: Call) -> Reply:
    """The process answers."""
    return json_reply({"status": "ok"}, headers=NO_STORE)


async def ready(services: Services, _call: Call) -> Reply:
    """The store answers too.

    Raises:
        ApiError: temporary-reduced-capacity.
    """
    try:
        await services.store.one("SELECT 1")
    except StoreFault as fault:
        raise unavailable() from fault
    return json_reply({"status": "ok", "shedding": list(services.pressure.shed)}, headers=NO_STORE)


async def metrics(services: Services, _call: Call) -> Reply:
    """Counts in the Prometheus text format.

    Raises:
        ApiError: not-found, where nothing is counted (an app in process).
    """
    if services.telemetry is None:
        raise ApiError("not-found")
    return Reply(body=services.telemetry.text(), headers=NO_STORE, media_type=PROMETHEUS_TEXT)
