"""Access: who is calling, and whether the operation's scope was granted. A token is verified once, then known."""

from urllib.parse import parse_qsl

from reference_api.call import ANONYMOUS, Call, Token
from reference_api.errors import ApiError
from reference_api.fhir.smart import HEALTH_PROFILE, smart_scopes
from reference_api.oidc.access_tokens import read_token, remember, token_digest
from reference_api.oidc.resources import METADATA_PATH, USERINFO_PATH, resource_path
from reference_api.oidc.revoked import revoked_tokens
from reference_api.services import Services

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 10
"""A bound against exhaustion, above what a form with a token holds. Source: none. Confidence C."""


async def authorise(services: Services, call: Call) -> Token:
    """The caller's token, which has one of the operation's scopes and is meant for what is called.

    Raises:
        ApiError: invalid-token, insufficient-scope or malformed-request. Source: RFC 6750 section 3.1.
    """
    if not services.secret.is_known:
        await services.secret.learn(services.store)
    scopes = call.operation.scopes
    if not scopes:
        return ANONYMOUS
    token = await _verified(services, call)
    # Scopes of health data can be narrower than those that are registered: what exactly they open, the handler judges.
    fits = not token.scopes.isdisjoint(scopes) or (
        call.operation.profile == HEALTH_PROFILE and bool(smart_scopes(token.scopes))
    )
    if not fits:
        wanted = " ".join(scopes)
        raise ApiError(
            "insufficient-scope",
            f"needs one of: {wanted}",
            headers=_challenge(services, call, f'error="insufficient_scope", scope="{wanted}"'),
        )
    return token


async def _verified(services: Services, call: Call) -> Token:
    text = _bearer(services, call)
    digest = token_digest(text)
    token = services.tokens.get(digest)
    if token is None:
        token = await read_token(services, text, call.now_s)
        if token is None:
            raise _refused(services, call, "the token was not issued here, or holds no longer")
        remember(services, digest, token)
    if token.expires_s <= call.now_s:
        del services.tokens[digest]
        raise _refused(services, call, "the token has expired")
    revoked = await revoked_tokens(services, call.now_s)
    if token.grant_id in revoked or token.jti in revoked or token.client_id in revoked:
        raise _refused(services, call, "the token has been revoked")
    if services.settings.issuer + resource_path(call.operation.path) not in token.audience:
        raise _refused(services, call, "the token is meant for another resource")
    return token


def _bearer(services: Services, call: Call) -> str:
    """The one token of a request: in the header, or at UserInfo in a form (RFC 6750 sections 2.1, 2.2).

    Raises:
        ApiError: invalid-token if there is none, malformed-request if there are two.
    """
    scheme, _, text = call.headers.get("authorization", "").partition(" ")
    given = [text.strip()] if scheme.lower() == "bearer" and text.strip() else []
    if call.headers.get("content-type", "").partition(";")[0] == FORM:
        given += _in_form(call)
    if "access_token=" in call.query_string:
        raise _twice(services, call, "a token never stands in a URL")
    if len(given) > 1:
        raise _twice(services, call, "send the token once")
    if not given:
        raise ApiError("invalid-token", headers=_challenge(services, call, 'realm="city-os"'))
    return given[0]


def _in_form(call: Call) -> list[str]:
    if call.operation.path != USERINFO_PATH:
        return []
    try:
        pairs = parse_qsl(call.body.decode("ascii"), max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return []
    return [value for name, value in pairs if name == "access_token"]


def _twice(services: Services, call: Call, why: str) -> ApiError:
    return ApiError("malformed-request", why, headers=_challenge(services, call, 'error="invalid_request"'))


def _refused(services: Services, call: Call, why: str) -> ApiError:
    return ApiError("invalid-token", why, headers=_challenge(services, call, 'error="invalid_token"'))


def _challenge(services: Services, call: Call, members: str) -> dict[str, str]:
    """WWW-Authenticate, with where to learn who issues tokens. Source: RFC 6750 section 3, RFC 9728 section 5.1."""
    metadata = services.settings.issuer + METADATA_PATH + resource_path(call.operation.path)
    return {"www-authenticate": f'Bearer {members}, resource_metadata="{metadata}"'}
