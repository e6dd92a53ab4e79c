"""What only a sandbox offers: back to the start, and a clock that can be set."""

import msgspec

from reference_api.call import Call, Reply, json_reply, unix_s
from reference_api.city.shapes import Instant
from reference_api.clock import instant
from reference_api.discovery import require_sandbox
from reference_api.sandbox_state import restore_seeded
from reference_api.services import Services


class _Time(msgspec.Struct):
    now: Instant


_TIME = msgspec.json.Decoder(_Time)


async def reset_sandbox(services: Services, call: Call) -> Reply:
    """Back to the seeded state; the clock too."""
    await require_sandbox(services)
    # The sandbox's clock, which is reset too, may have been set back or ahead: what ends must have ended by either.
    now_s = max(call.now_s, services.clock.now_s())
    async with services.store.transaction():
        await restore_seeded(services.store, now_s, now_s + services.settings.access_token_ttl_s + 1.0)
    services.memory.forget_all()
    return Reply(status=204)


async def get_sandbox_clock(services: Services, call: Call) -> Reply:
    """The time that the sandbox goes by."""
    await require_sandbox(services)
    return json_reply({"now": instant(call.now_s)})


async def set_sandbox_clock(services: Services, call: Call) -> Reply:
    """Go by another time from now on; it keeps running."""
    await require_sandbox(services)
    now_s = unix_s(call.read(_TIME).now, "/now")
    async with services.store.transaction():
        await services.store.run("DELETE FROM sandbox_clock")
        await services.store.run("INSERT INTO sandbox_clock (offset_s) VALUES (?)", (now_s - services.clock.now_s(),))
    # What is remembered may have been chosen by the time, such as which revocations still matter.
    services.memory.forget_all()
    return json_reply({"now": instant(now_s)})
