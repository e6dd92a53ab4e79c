"""Clients that a city OS is filled with: those of the contract's roles, and examples for a sandbox."""

import secrets
import tomllib
from collections.abc import Mapping
from importlib.resources import files

import msgspec
from joserfc.jwk import ECKey

from conformance.contract.catalogue import load_roles
from reference_api.oidc.clients import BASIC, POST, PRIVATE_KEY_JWT
from reference_api.oidc.grant_types import CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from reference_api.oidc.keys import RS256
from reference_api.services import sha256_text

SECRET_BYTES = 32
"""Entropy of a generated client secret. Source: RFC 6749 10.10, odds of guessing at most 2**-128."""

SERVICE_ROLE = "service"
"""Role of a third party's service: data are disclosed to it as service:<client id>, under pairwise subjects."""


_SIGNING_ROLES = ("lgwan_bridge",)
"""Roles whose clients sign files, and so have a key beside their secret."""


class Name(msgspec.Struct, frozen=True):
    """What a person is told that a client is called."""

    ja: str = ""
    en: str = ""


class Client(msgspec.Struct, frozen=True):
    """A client of the authorization server; ``recipient`` is municipality, association:<code>, family or none.

    ``sector`` is None where the client is shown local IDs. ``private_jwk`` is the key of a client that proves itself by
    one, as JSON; only its public half is kept outside a sandbox.
    """

    client_id: str
    role: str
    recipient: str
    scopes: tuple[str, ...]
    secret: str | None = None
    auth_method: str = BASIC
    grant_types: tuple[str, ...] = (CLIENT_CREDENTIALS,)
    sector: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    private_jwk: str | None = None
    name: Name = Name()
    id_token_alg: str = RS256
    require_par: bool = False


def sandbox_client(role: str, neighbourhood: str | None = None) -> Client:
    """A client of a role of the contract's ``roles.toml`` with a random secret; it is shown local IDs.

    ``neighbourhood`` is the association's area and demanded for role association only; the client is then named
    ``association-<code>``.

    Raises:
        KeyError: The role is not one of the contract.
        ValueError: An association without an area, or another role with one.
    """
    rules = load_roles()[role]
    if (role == "association") != (neighbourhood is not None):
        raise ValueError(f"role {role!r} with neighbourhood {neighbourhood!r}: an association has one, nobody else has")
    suffix = "" if neighbourhood is None else f"-{neighbourhood}"
    name = role.replace("_", "-") + suffix
    return Client(
        client_id=name,
        role=role,
        recipient=rules.recipient if neighbourhood is None else f"{rules.recipient}:{neighbourhood}",
        scopes=rules.scopes,
        secret=new_secret(),
        # The citizens' app acts for those whose token it obtains, never for itself.
        grant_types=(TOKEN_EXCHANGE,) if role == "citizen_app" else (CLIENT_CREDENTIALS,),
        private_jwk=_new_jwk(f"{name}-1") if role in _SIGNING_ROLES else None,
    )


def example_clients() -> tuple[Client, ...]:
    """A third party's services for a sandbox, with fresh secrets and keys; as ``example_clients.toml`` has them."""
    text = files("reference_api.oidc").joinpath("example_clients.toml").read_text(encoding="utf-8")
    return tuple(_equipped(_example(name, row)) for name, row in tomllib.loads(text).items())


def _example(name: str, row: Mapping[str, object]) -> Client:
    """An example as its row has it; of the role of a service unless it says another one."""
    role = str(row.get("role", SERVICE_ROLE))
    rules = load_roles()[role]
    recipient = f"service:{name}" if rules.recipient == "service" else rules.recipient
    given = {"client_id": name, "role": role, "recipient": recipient, "scopes": rules.scopes}
    return msgspec.convert({**row, **given}, Client)


def _equipped(client: Client) -> Client:
    """With what it needs to prove itself."""
    if client.auth_method in (BASIC, POST):
        return msgspec.structs.replace(client, secret=new_secret())
    if client.auth_method == PRIVATE_KEY_JWT:
        return msgspec.structs.replace(client, private_jwk=_new_jwk(f"{client.client_id}-1"))
    return client


def _new_jwk(kid: str) -> str:
    return msgspec.json.encode(ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=True)).decode()


def new_secret() -> str:
    """A client secret that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


CLIENT_COLUMNS = (
    "client_id", "role", "recipient", "scopes", "secret_sha256", "auth_method", "grant_types", "sector",
    "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "jwks", "name_ja", "name_en",
    "id_token_alg", "require_par",
)  # fmt: skip


def client_row(client: Client) -> tuple[object, ...]:
    """The client as the table ``client`` holds it, in order of ``CLIENT_COLUMNS``."""
    return (
        client.client_id,
        client.role,
        client.recipient,
        " ".join(client.scopes),
        None if client.secret is None else sha256_text(client.secret),
        client.auth_method,
        " ".join(client.grant_types),
        client.sector,
        msgspec.json.encode(client.redirect_uris).decode(),
        msgspec.json.encode(client.post_logout_redirect_uris).decode(),
        client.backchannel_logout_uri,
        _public_jwks(client.private_jwk),
        client.name.ja,
        client.name.en,
        client.id_token_alg,
        int(client.require_par),
    )


def _public_jwks(private_jwk: str | None) -> str | None:
    if private_jwk is None:
        return None
    key = ECKey.import_key(msgspec.json.decode(private_jwk, type=dict[str, str | list[str]]))
    return msgspec.json.encode({"keys": [key.as_dict(private=False)]}).decode()
