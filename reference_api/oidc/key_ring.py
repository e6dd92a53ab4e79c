"""The key ring: which keys sign now, which are published, and their rotation.

A new key is published before it signs, and stays published after another one took over, so that whoever keeps the JWK
set for a while can verify every token that still holds. Source: OpenID Connect Core 1.0 section 10.1.1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from reference_api.oidc.keys import ALGORITHMS, SigningKey, new_key, unsealed
from reference_api.services import Services

RETIRED_KEY_S = 86_400.0
"""How long a key stays published after its last signature, in seconds.

Source: contract C7, tokens live an hour at most; a day covers ID tokens that are shown again at a logout. Confidence C.
"""

PUBLISHED_AHEAD_S = 3_600.0
"""How long a key is published before it signs, in seconds.

Source: none; above the JWK set's max-age (30 s) and what clients keep it for. Confidence C.
"""

_MEMORY = "signing_keys"


async def prepare_keys(services: Services) -> None:
    """Have secret and keys ready before the first request, so that none waits and a wrong secret is told at the start.

    Raises:
        StoreFault: The keys in the database were sealed with another secret.
    """
    await services.secret.learn(services.store)
    await published_keys(services, await services.now_s())


async def signing_key(services: Services, alg: str, now_s: float) -> SigningKey:
    """The key of an algorithm that signs now; the first one is made when it is first needed."""
    of_alg = [key for key in await _keys(services) if key.alg == alg] or [await _first(services, alg, now_s)]
    active = [key for key in of_alg if key.active_from_s <= now_s]
    # A worker whose clock is behind uses the oldest: it has been published longest.
    return active[-1] if active else of_alg[0]


async def published_keys(services: Services, now_s: float) -> list[SigningKey]:
    """The keys of the JWK set, oldest first: those to come, those that sign, and retired ones."""
    for alg in ALGORITHMS:
        await signing_key(services, alg, now_s)
    return _holding(await _keys(services), now_s)


async def verify(services: Services, token: str, typ: str, now_s: float) -> Mapping[str, Any] | None:
    """The claims of a token of that type that a published key signed, None for anything else.

    Time, issuer and audience are not judged here.
    """
    try:
        kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    named = [key for key in _holding(await _keys(services), now_s) if key.kid == kid]
    return named[0].verify(token, typ) if named else None


async def rotate_keys(services: Services, ahead_s: float = PUBLISHED_AHEAD_S) -> list[SigningKey]:
    """Make a new key of each algorithm that signs from ``ahead_s`` seconds on; keys that nothing needs are removed."""
    await services.secret.learn(services.store)
    now_s = await services.now_s()
    made = [new_key(alg, now_s + ahead_s) for alg in ALGORITHMS]
    async with services.store.transaction():
        keys = await _keys(services)
        kept = {key.kid for key in _holding(keys, now_s)}
        await services.store.many(
            "DELETE FROM signing_key WHERE kid = ?", [(key.kid,) for key in keys if key.kid not in kept]
        )
        for key in made:
            await _keep(services, key, now_s)
    services.memory.forget(_MEMORY)
    return made


def _holding(keys: Sequence[SigningKey], now_s: float) -> list[SigningKey]:
    """Without those whose successor has signed for so long that nothing they signed holds any more."""
    kept = []
    for place, key in enumerate(keys):
        successors = [other for other in keys[place + 1 :] if other.alg == key.alg]
        if not successors or now_s < successors[0].active_from_s + RETIRED_KEY_S:
            kept.append(key)
    return kept


async def _first(services: Services, alg: str, now_s: float) -> SigningKey:
    made = new_key(alg, now_s)
    async with services.store.transaction():
        # Another worker may have been faster: then its key is the first.
        row = await services.store.one("SELECT 1 FROM signing_key WHERE alg = ?", (alg,))
        if row is None:
            await _keep(services, made, now_s)
    services.memory.forget(_MEMORY)
    return next(key for key in await _keys(services) if key.alg == alg)


async def _keep(services: Services, key: SigningKey, now_s: float) -> None:
    await services.store.run(
        "INSERT INTO signing_key (kid, alg, sealed_jwk, created_at_s, active_from_s) VALUES (?, ?, ?, ?, ?)",
        (key.kid, key.alg, key.sealed(_sealing(services)), now_s, key.active_from_s),
    )
    services.memory.forget(_MEMORY)


async def _keys(services: Services) -> list[SigningKey]:
    """All keys, in the order in which they become active."""
    rows = await services.memory.recall(_MEMORY, lambda: _read(services))
    opened = services.signing_keys
    for kid, alg, sealed_jwk, active_from_s in rows:
        if kid not in opened:
            opened[kid] = unsealed(kid, alg, active_from_s, sealed_jwk, secret=_sealing(services))
    return [opened[row[0]] for row in rows]


async def _read(services: Services) -> list[tuple[Any, ...]]:
    return await services.store.all(
        "SELECT kid, alg, sealed_jwk, active_from_s FROM signing_key ORDER BY active_from_s, id"
    )


def _sealing(services: Services) -> bytes:
    return services.secret.derive("signing keys at rest")
