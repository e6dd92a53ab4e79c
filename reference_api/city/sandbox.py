"""What only a sandbox offers."""

from reference_api.call import Call, Reply
from reference_api.oidc.discovery import require_sandbox
from reference_api.services import Services

_GROWN = (
    "disaster_event",
    "district_mode",
    "evacuation_order",
    "unregistered",
    "check_in",
    "safety_report",
    "safety_holding",
    "position",
    "notification",
    "delivery",
    "idempotency",
    "access_request",
    "access_grant",
    "access_log",
)
"""Tables that are empty after seeding; the others are never written but by seeding, the state of shelters excepted."""


async def reset_sandbox(services: Services, _: Call) -> Reply:
    """Back to the seeded state."""
    await require_sandbox(services)
    async with services.store.transaction():
        for table in _GROWN:
            await services.store.run(f"DELETE FROM {table}")
        await services.store.run(
            "UPDATE shelter SET status = 'unopened', status_observed_at_s = NULL, headcount = 0, updated_at_s = NULL,"
            " version = 0"
        )
    services.memory.forget_all()
    return Reply(status=204)
