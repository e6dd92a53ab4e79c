"""Rotating the keys of a sandbox, so that clients can be tried against it."""

from typing import Annotated

import msgspec

from reference_api.call import Call, Reply, json_reply
from reference_api.clock import instant
from reference_api.discovery import require_sandbox
from reference_api.oidc.key_ring import RETIRED_KEY_S, rotate_keys
from reference_api.services import Services


class _Rotation(msgspec.Struct):
    ahead_s: Annotated[float, msgspec.Meta(ge=0.0, le=RETIRED_KEY_S)] = 0.0


_ROTATION = msgspec.json.Decoder(_Rotation)


async def rotate_sandbox_keys(services: Services, call: Call) -> Reply:
    """New keys that sign from now on, or after having been published for a while."""
    await require_sandbox(services)
    wanted = call.read(_ROTATION)
    made = await rotate_keys(services, wanted.ahead_s)
    keys = [{"kid": key.kid, "alg": key.alg, "active_from": instant(key.active_from_s)} for key in made]
    return json_reply({"keys": keys})
