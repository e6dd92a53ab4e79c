"""Accounts: the clients and people that the suite acts as, with their credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class ClientAccount:
    """A client of the target. ``secret`` and ``private_jwk`` are shown in no text (``repr``)."""

    client_id: str
    auth_method: str = "client_secret_basic"
    secret: str = field(default="", repr=False)
    private_jwk: Mapping[str, Any] = field(default_factory=dict, repr=False)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid",)
    grant_types: tuple[str, ...] = ("authorization_code",)
    role: str = ""
    recipient: str = ""
    id_token_alg: str = ""
    backchannel_logout_uri: str = ""
    registration_token: str = field(default="", repr=False)
    registration_uri: str = ""

    @property
    def redirect_uri(self) -> str:
        """The redirect URI that is used unless another is named."""
        return self.redirect_uris[0] if self.redirect_uris else ""

    def with_secret(self, secret: str) -> "ClientAccount":
        """The same client with another secret."""
        return replace(self, secret=secret)


@dataclass(frozen=True)
class PersonAccount:
    """A made-up person who can sign in; ``user`` is also the local ID at a sandbox."""

    user: str
    password: str = field(default="", repr=False)
