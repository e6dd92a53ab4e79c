"""Events: security event tokens (RFC 8417) for clients that registered an endpoint, pushed by the outbox (RFC 8935).

They are written in the transaction of what they tell of, so that neither is there without the other.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.contract.catalogue import load_events
from reference_api.oidc.key_ring import signing_key
from reference_api.oidc.keys import ES256
from reference_api.oidc.subjects import shown_sub
from reference_api.outbox import send_later
from reference_api.services import Services

SET_TYPE = "secevent+jwt"
"""Source: RFC 8417 section 2.3."""
SET_MEDIA_TYPE = "application/secevent+jwt"
"""Source: RFC 8935 section 2."""
STREAMS = "event streams"
"""Under this name the memory keeps who is told of what."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint of a client, the events it takes, and how the client stands: role, recipient, sector of subjects."""

    client_id: str
    url: str
    events: frozenset[str]
    role: str
    recipient: str
    sector: str | None


async def receivers(services: Services, event: str) -> Sequence[Receiver]:
    """The endpoints that take an event of ``events.toml``."""
    known = await services.memory.recall(STREAMS, lambda: _read(services))
    return [receiver for receiver in known if event in receiver.events]


async def tell(
    services: Services,
    event: str,
    towards: Sequence[Receiver],
    payload: Mapping[str, object],
    now_s: float,
    *,
    sub: str | None = None,
) -> None:
    """Note an event for these receivers; ``sub`` is the local ID of whom it is about. Call it in a transaction."""
    uri = load_events()[event].uri
    for receiver in towards:
        claims: dict[str, object] = {
            "iss": services.settings.issuer,
            "aud": receiver.client_id,
            "jti": str(uuid.uuid4()),
            "iat": int(now_s),
            "events": {uri: dict(payload)},
        }
        if sub is not None:
            known_as = shown_sub(services, receiver, sub)
            claims["sub_id"] = {"format": "iss_sub", "iss": services.settings.issuer, "sub": known_as}
        key = await signing_key(services, ES256, now_s)
        await send_later(services.store, "set", receiver.url, SET_MEDIA_TYPE, key.sign(claims, SET_TYPE), now_s)


async def _read(services: Services) -> Sequence[Receiver]:
    rows = await services.store.all(
        "SELECT event_stream.client_id, url, events, role, recipient, sector FROM event_stream"
        " JOIN client ON client.client_id = event_stream.client_id ORDER BY event_stream.id"
    )
    return [Receiver(row[0], row[1], frozenset(row[2].split()), row[3], row[4], row[5]) for row in rows]
