"""Target: what is judged, as the plan and the target's own metadata describe it."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from conformance.accounts import ClientAccount, PersonAccount
from conformance.plan import Plan
from conformance.text import Text
from conformance.wire import Line

OIDC_CONFIGURATION = "/.well-known/openid-configuration"
OAUTH_CONFIGURATION = "/.well-known/oauth-authorization-server"
CITY_OS = "/.well-known/city-os"


@dataclass(frozen=True)
class Target:
    """What is judged.

    ``metadata`` are the OpenID provider's, ``city_os`` the city OS's discovery document, ``capability`` the FHIR
    server's statement; each is empty where there is none. ``client`` and ``second_client`` sign people in; ``people``
    can sign in; ``accounts`` are further clients (of a sandbox, or the plan's roles).
    """

    plan: Plan
    line: Line = field(repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    city_os: Mapping[str, Any] = field(default_factory=dict)
    capability: Mapping[str, Any] = field(default_factory=dict)
    client: ClientAccount | None = None
    second_client: ClientAccount | None = None
    people: Sequence[PersonAccount] = ()
    accounts: Sequence[ClientAccount] = ()

    @property
    def issuer(self) -> str:
        """The issuer that the plan names."""
        return self.plan.target.issuer

    @property
    def fhir_base(self) -> str:
        """Base address of the FHIR server, without a slash at its end."""
        return self.plan.target.fhir.rstrip("/")

    @property
    def api_base(self) -> str:
        """Base address of the city OS's API (``/v1``)."""
        return str(self.city_os.get("api_base", self.plan.target.city_os.rstrip("/") + "/v1")).rstrip("/")

    @property
    def is_city_os(self) -> bool:
        """Whether it is judged as a city OS, so that the contract's own rules apply to it."""
        return bool(self.city_os or self.plan.target.city_os)

    @property
    def has_sandbox(self) -> bool:
        """Whether it has a sandbox that the plan lets the suite use."""
        return bool(self.city_os.get("sandbox")) and self.plan.sandbox.use

    def endpoint(self, name: str) -> str:
        """Address of an endpoint in the metadata (such as ``token_endpoint``); empty if there is none."""
        return str(self.metadata.get(name, ""))

    def of_role(self, role: str) -> tuple[ClientAccount, ...]:
        """Clients of a role."""
        return tuple(account for account in self.accounts if account.role == role)


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine (RFC 6761 6.3: localhost; 127.0.0.0/8, ::1)."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def offers(member: str, value: object = None) -> Any:
    """A condition: the provider's metadata have a member (true or not empty), or a value in its list."""

    def tell(target: Target) -> Text | None:
        found = target.metadata.get(member)
        if (value in found if isinstance(found, list) else found == value) if value is not None else found:
            return None
        wanted = f"{member} = {value}" if value is not None else member
        return Text(f"the metadata do not offer {wanted}", f"メタデータに {wanted} がない")

    return tell


def of_city_os(target: Target) -> Text | None:
    """A condition: the target is a city OS."""
    text = Text(
        "asked of a city OS only; there is no /.well-known/city-os", "都市OSだけが対象(/.well-known/city-osがない)"
    )
    return None if target.is_city_os else text


def with_sandbox(target: Target) -> Text | None:
    """A condition: there is a sandbox that may be used."""
    text = Text(
        "there is no sandbox, or the plan does not let it be used", "試験環境がないか、計画で使わないとしている"
    )
    return None if target.has_sandbox else text


def with_second_client(target: Target) -> Text | None:
    """A condition: the suite has two clients."""
    text = Text(
        "needs a second client: add [second_client] to the plan",
        "クライアントが二つ要る。計画に[second_client]を加える",
    )
    return None if target.second_client else text


def with_second_person(target: Target) -> Text | None:
    """A condition: two people can sign in."""
    text = Text(
        "needs a second person: add [second_person] to the plan", "二人目の利用者が要る。計画に[second_person]を加える"
    )
    return None if len(target.people) > 1 else text
