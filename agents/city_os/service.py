"""Service: where a city OS has its endpoints, and the clients by which a run speaks to it."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from agents.city_os.messages import CityOsDocument, ProviderMetadata, SandboxClient, Token
from agents.city_os.transport import Request, Response, Transport
from agents.errors import CityOsUnreachable, NoCityOs, TransportFault

DISCOVERY_PATH = "/.well-known/city-os"
OPENID_PATH = "/.well-known/openid-configuration"

T = TypeVar("T")


class Role(enum.StrEnum):
    """Kinds of clients.

    Source: the contract, roles.toml.
    """

    CITY_OFFICE = "city_office"
    SHELTER_DESK = "shelter_desk"
    ASSOCIATION = "association"
    CITIZEN_APP = "citizen_app"
    SANDBOX_ADMIN = "sandbox_admin"


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the authorization server."""

    client_id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """Addresses and clients of one city OS; ``associations`` maps a neighbourhood's code to its client."""

    document: CityOsDocument
    token_url: str
    clients: Mapping[Role, Client]
    associations: Mapping[str, Client]

    def client(self, role: Role, neighbourhood: str = "") -> Client | None:
        """The client of a role, or of the association of a neighbourhood; None if the service has none."""
        return self.associations.get(neighbourhood) if role is Role.ASSOCIATION else self.clients.get(role)

    def read_token(self, response: Response) -> str:
        """The access token in an answer of the token endpoint.

        Raises:
            NoCityOs: there is none.
        """
        return _decoded(response, Token, self.token_url).access_token


def discover(transport: Transport) -> Service:
    """Read the discovery documents of a city OS.

    Raises:
        CityOsUnreachable: nobody answered, or not in time.
        NoCityOs: what answered is no city OS.
    """
    document = read_document(transport)
    issuer = document.issuer.rstrip("/")
    metadata = _decoded(_get(transport, issuer + OPENID_PATH), ProviderMetadata, issuer + OPENID_PATH)
    # A client without a secret is a person's own app: nobody here can act as it.
    listed = [one for one in document.sandbox.clients if one.client_secret] if document.sandbox else []
    roles = set(Role)
    return Service(
        document=document,
        token_url=metadata.token_endpoint,
        clients={Role(one.role): _client(one) for one in listed if one.role in roles},
        associations={
            one.recipient.partition(":")[2]: _client(one) for one in listed if one.role == Role.ASSOCIATION.value
        },
    )


def read_document(transport: Transport) -> CityOsDocument:
    """Read the document by which a city OS says what it is.

    Raises:
        CityOsUnreachable: nobody answered, or not in time.
        NoCityOs: what answered is no city OS.
    """
    return _decoded(_get(transport, DISCOVERY_PATH), CityOsDocument, DISCOVERY_PATH)


def _client(listed: SandboxClient) -> Client:
    return Client(listed.client_id, listed.client_secret, tuple(listed.scopes))


def _get(transport: Transport, url: str) -> Response:
    try:
        return transport.send(Request("GET", url, headers={"accept": "application/json"}))
    except TransportFault as fault:
        raise CityOsUnreachable(f"GET {url}: {fault}; is the service running, and is the address right?") from fault


def _decoded(response: Response, shape: type[T], url: str) -> T:
    if response.status != 200:
        raise NoCityOs(
            f"{url} answered {response.status}, a city OS answers 200; "
            + ("the service has a fault, see its log" if response.status >= 500 else "is the address right?")
        )
    try:
        return msgspec.json.decode(response.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        kind = response.headers.get("content-type", "nothing that names its type")
        raise NoCityOs(f"{url} answered {kind} that no city OS says there: {fault}") from fault
