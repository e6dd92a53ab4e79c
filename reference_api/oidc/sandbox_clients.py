"""The clients of a sandbox with what they prove themselves by, for its discovery document."""

from typing import Any

import msgspec

from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.services import Services


async def listed_clients(services: Services) -> list[dict[str, Any]]:
    """Every client that a sandbox was filled with; what a client does not have is left out."""
    rows = await services.store.all("SELECT client_id, secret, private_jwk FROM sandbox_secret ORDER BY client_id")
    listed = [(await read_client(services.store, client_id), *proofs) for client_id, *proofs in rows]
    return [_listed(client, secret, private_jwk) for client, secret, private_jwk in listed if client is not None]


def _listed(client: ClientRecord, secret: str | None, private_jwk: str | None) -> dict[str, Any]:
    known = {
        "client_id": client.client_id,
        "client_secret": secret,
        "private_jwk": None if private_jwk is None else msgspec.Raw(private_jwk.encode()),
        "role": client.role,
        "recipient": client.recipient,
        "scopes": client.scopes,
        "auth_method": client.auth_method,
        "grant_types": sorted(client.grant_types),
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "id_token_alg": client.id_token_alg,
    }
    return {name: value for name, value in known.items() if value not in (None, ())}
