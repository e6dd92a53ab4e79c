"""Clients of the authorization server, as they are registered."""

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from reference_api.store.protocol import Row, Store

BASIC = "client_secret_basic"
POST = "client_secret_post"
PRIVATE_KEY_JWT = "private_key_jwt"
PUBLIC = "none"
AUTH_METHODS = (BASIC, POST, PRIVATE_KEY_JWT, PUBLIC)
"""Ways in which a client proves who it is. Source: OpenID Connect Core 1.0 section 9."""

_COLUMNS = (
    "client_id, role, recipient, scopes, secret_sha256, auth_method, grant_types, sector, redirect_uris,"
    " post_logout_redirect_uris, backchannel_logout_uri, backchannel_session_required, jwks, name_ja, name_en,"
    " id_token_alg, require_par, default_max_age_s, metadata"
)


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client as the server knows it; the secret only as SHA-256, None where it has none.

    A client secret is 32 random bytes: it cannot be guessed from its hash, so no slow password hash is needed.
    ``recipient`` is who data are disclosed to. ``sector`` is what its pairwise subjects depend on (OpenID Connect Core
    8.1), None where it is shown local IDs. ``jwks`` are its public keys, ``metadata`` what it registered, as JSON.
    """

    client_id: str
    role: str
    recipient: str
    scopes: tuple[str, ...]
    secret_sha256: str | None
    auth_method: str
    grant_types: frozenset[str]
    sector: str | None
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str | None
    backchannel_session_required: bool
    jwks: str | None
    name_ja: str
    name_en: str
    id_token_alg: str
    require_par: bool
    default_max_age_s: int | None
    metadata: str


async def read_client(store: Store, client_id: str) -> ClientRecord | None:
    """The client of that id, None if there is none."""
    row = await store.one(f"SELECT {_COLUMNS} FROM client WHERE client_id = ?", (client_id,))
    return None if row is None else _record(row)


# Read anew each time, but put together once: what the columns of a client say does not change unless they do.
@lru_cache(maxsize=1024)
def _record(row: Row) -> ClientRecord:
    return ClientRecord(
        client_id=row[0],
        role=row[1],
        recipient=row[2],
        scopes=tuple(row[3].split()),
        secret_sha256=row[4],
        auth_method=row[5],
        grant_types=frozenset(row[6].split()),
        sector=row[7],
        redirect_uris=_uris(row[8]),
        post_logout_redirect_uris=_uris(row[9]),
        backchannel_logout_uri=row[10],
        backchannel_session_required=bool(row[11]),
        jwks=row[12],
        name_ja=row[13],
        name_en=row[14],
        id_token_alg=row[15],
        require_par=bool(row[16]),
        default_max_age_s=row[17],
        metadata=row[18],
    )


def _uris(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
