"""The token endpoint: client credentials, and token exchange in a sandbox.

What a grant needs is read from the store first; then Authlib's grants decide without waiting for anything; then, if
anything is to be kept, it is written.
"""

import hmac
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    BaseGrant,
    ClientCredentialsGrant,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from reference_api.call import Call, Reply, json_reply
from reference_api.services import ClientRecord, Services, sha256_text

CLIENT_CREDENTIALS = "client_credentials"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant type, RFC 8693 2.1
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a token type, RFC 8693 3
LOCAL_ID = "urn:citytwin:local-id"
GRANT_TYPES = (CLIENT_CREDENTIALS, TOKEN_EXCHANGE)
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
"""Source: RFC 6749 section 5.1."""


async def issue_token(services: Services, call: Call) -> Reply:
    """Issue an access token, or say by RFC 6749 section 5.2 why not."""
    form = _form(call)
    if form is None:
        return _oauth_error("invalid_request", "send each parameter once, as a form in UTF-8")
    subject = form.get("subject_token", "")
    known = await services.store.one("SELECT 1 FROM account WHERE sub = ?", (subject,)) if subject else None
    server = _TokenServer(
        services, await services.clients(), known_subject=subject if known else None, now_s=call.now_s
    )
    try:
        reply: Reply = server.create_token_response(_TokenRequest(form, call.headers))
    except UnicodeDecodeError:
        # Authlib reads the Basic header as UTF-8 without expecting anything else.
        return _oauth_error("invalid_client", "the Authorization header cannot be read", status=401)
    return reply


def _form(call: Call) -> dict[str, str] | None:
    """The parameters; None if one comes twice (RFC 6749 section 3.2) or this is no form."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    try:
        pairs = parse_qsl(call.body.decode("utf-8"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


def _oauth_error(error: str, description: str, *, status: int = 400) -> Reply:
    headers = {**NO_STORE, "www-authenticate": 'Basic realm="token"'} if status == 401 else NO_STORE
    return json_reply({"error": error, "error_description": description}, status, headers)


@dataclass(frozen=True, slots=True)
class _OAuthClient:
    """A client as Authlib asks about it."""

    record: ClientRecord

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(sha256_text(client_secret), self.record.secret_sha256)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == (TOKEN_EXCHANGE if self.record.role == "citizen_app" else CLIENT_CREDENTIALS)

    def granted_scope(self, requested: str | None) -> str:
        """What is asked for if the client may have all of it; everything it may have if it asks for nothing."""
        wanted = self.record.scopes if not requested else tuple(requested.split())
        if not set(wanted) <= set(self.record.scopes):
            raise InvalidScopeError
        return " ".join(wanted)


class _TokenRequest(OAuth2Request):
    """A request at the token endpoint, as Authlib reads it.

    Its address is written with https whatever it was: TLS ends before this process, and check_settings has refused
    plain http beyond this machine.
    """

    def __init__(self, form: dict[str, str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", "https://token/", headers={"Authorization": headers.get("authorization")})
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data


class _ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class _TokenExchange(BaseGrant, TokenEndpointMixin):
    """RFC 8693, as far as a sandbox needs it: a test client obtains a subject's token by the subject's local ID."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def validate_token_request(self) -> None:
        """Check client, token type and subject.

        Source: RFC 8693 sections 2.1, 2.2.2 (an unacceptable subject_token is an invalid_request).
        """
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError(f"the role {client.record.role} may not exchange tokens")
        form = self.request.payload.data
        if form.get("subject_token_type") != LOCAL_ID:
            raise InvalidRequestError(f"subject_token_type must be {LOCAL_ID}")
        if self.server.known_subject is None:
            raise InvalidRequestError("subject_token is not acceptable")
        self.request.client = client
        self.request.user = self.server.known_subject

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """The subject's access token."""
        token = self.generate_token(
            user=self.request.user, scope=self.request.payload.scope, include_refresh_token=False
        )
        return 200, {**token, "issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER


class _TokenServer(AuthorizationServer):
    """Authlib's server for one request, given everything it may need to know."""

    def __init__(
        self, services: Services, clients: Mapping[str, ClientRecord], *, known_subject: str | None, now_s: float
    ) -> None:
        super().__init__()
        self.known_subject = known_subject
        self._services = services
        self._clients = clients
        self._now_s = now_s
        self.register_grant(_ClientCredentials)
        if services.settings.sandbox:
            self.register_grant(_TokenExchange)
        self.register_token_generator("default", self._mint)

    def query_client(self, client_id: str) -> _OAuthClient | None:
        record = self._clients.get(client_id)
        return None if record is None else _OAuthClient(record)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Keep nothing: an access token carries all that is needed, and lives an hour at most."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: dict[str, Any], headers: Any) -> Reply:
        kept = {name.lower(): value for name, value in headers if name.lower() != "content-type"}
        return json_reply(body, status, kept)

    def _mint(
        self, *, client: _OAuthClient, user: str | None = None, scope: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """An access token. Source: RFC 9068 section 2.2; sub is the client's own id where no subject is involved."""
        settings = self._services.settings
        granted = client.granted_scope(scope)
        claims = {
            "iss": settings.issuer,
            "aud": settings.audience,
            "sub": user or client.record.client_id,
            "client_id": client.record.client_id,
            "iat": int(self._now_s),
            # Rounded up, so that a client that counts from when it asked is never refused a moment early.
            "exp": math.ceil(self._now_s) + settings.access_token_ttl_s,
            "jti": secrets.token_urlsafe(12),
            "scope": granted,
        }
        return {
            "access_token": self._services.key.sign(claims),
            "token_type": "Bearer",
            "expires_in": settings.access_token_ttl_s,
            "scope": granted,
        }
