"""Grant types that the token endpoint takes."""

from reference_api.settings import Settings

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type, RFC 6749 section 6
CLIENT_CREDENTIALS = "client_credentials"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant type, RFC 8693 2.1
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def offered(settings: Settings) -> tuple[str, ...]:
    """The grant types of this server. Token exchange without the subject's doing is for a sandbox only."""
    everywhere = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE)
    return (*everywhere, TOKEN_EXCHANGE) if settings.sandbox else everywhere
