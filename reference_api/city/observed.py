"""When something was observed: as the client says, but not in the future."""

from datetime import datetime

from reference_api.call import Call, unix_s
from reference_api.errors import invalid
from reference_api.services import Services

MAX_AHEAD_S = 600.0
"""How far a device's clock may be ahead of ours. Source: none; phones keep time to seconds, tablets without a network
to minutes. Confidence C."""


def observed_s(services: Services, call: Call, moment: datetime, pointer: str) -> float:
    """Unix seconds of an observation.

    A clock that runs far ahead would make every later word look old, for good. A sandbox takes any time: simulations
    run ahead of its clock.

    Raises:
        ApiError: validation.
    """
    at_s = unix_s(moment, pointer)
    if not services.settings.sandbox and at_s > call.now_s + MAX_AHEAD_S:
        raise invalid(pointer, "future")
    return at_s
