"""Faults of the token endpoint."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call
from reference_api.oidc.access_tokens import ACCESS_TOKEN_TYPE, read_token
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.code_redemption import _check, challenge_of, redeem_code
from reference_api.oidc.grant_types import TOKEN_EXCHANGE
from reference_api.oidc.grants import Grant, read_grant
from reference_api.oidc.id_tokens import Beside, mint_id_token
from reference_api.oidc.keys import SigningKey
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.refresh_tokens import redeem_refresh_token
from reference_api.oidc.revoked import revoke_token
from reference_api.oidc.scopes import granted_to_client
from reference_api.oidc.token import LOCAL_ID
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row

VERIFIER = "v" * 43


def _answered(bench: Bench, change: Callable[[Answer], Answer]) -> None:
    """Alter what the token endpoint answers."""
    bench.answers(lambda request, answer: change(answer) if request.path == "/token" else answer)


def _error(answer: Answer, old: str, new: str) -> Answer:
    """The answer with another error code in the place of one."""
    if answer.status < 400 or answer.json["error"] != old:
        return answer
    return answer.with_json({**answer.json, "error": new})


async def _nothing(*_: object) -> None:
    """What is done by a server that forgets to do something."""


@fault("O-TOK-02", breaks=["OIDC-038"])
def no_token_type(bench: Bench) -> None:
    """token_type is missing."""

    def change(answer: Answer) -> Answer:
        return answer.with_json({name: value for name, value in answer.json.items() if name != "token_type"})

    _answered(bench, change)


@fault("O-TOK-04", breaks=["OIDC-007"])
def code_twice(bench: Bench) -> None:
    """The same code is redeemed twice."""
    bench.sql("used_at_s = ? WHERE code_sha256 = ? AND used_at_s IS NULL", "used_at_s = ? WHERE code_sha256 = ?")


@fault("O-TOK-05", breaks=["OIDC-039"])
def wrong_secret_is_400(bench: Bench) -> None:
    """A wrong Basic secret is answered 400."""
    _answered(bench, lambda answer: replace(answer, status=400) if answer.status == 401 else answer)


@fault("O-TOK-06", breaks=["OIDC-040"])
def errors_are_200(bench: Bench) -> None:
    """Errors come with HTTP 200."""
    _answered(bench, lambda answer: replace(answer, status=200) if answer.status == 400 else answer)


@fault("O-TOK-07", breaks=["OIDC-040"])
def made_up_error(bench: Bench) -> None:
    """Error codes are outside the registered set."""
    _answered(bench, lambda answer: _error(answer, "invalid_grant", "code_rejected"))


@fault("O-TOK-08", breaks=["OIDC-007"])
def bogus_code(bench: Bench) -> None:
    """A bogus code is accepted while another code of that client is open."""

    async def wrong(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Any:
        code, store = sha256_text(form.require("code")), services.store
        if await store.one("SELECT 1 FROM authorization_code WHERE code_sha256 = ?", (code,)) is None:
            async with store.transaction():
                await store.run(
                    "UPDATE authorization_code SET code_sha256 = ?"
                    " WHERE client_id = ? AND used_at_s IS NULL AND code_challenge = ?",
                    (code, client.client_id, challenge_of(form.require("code_verifier"))),
                )
        return await redeem_code(services, call, client, form)

    bench.patch("reference_api.oidc.token.redeem_code", wrong)


@fault("O-TOK-09", breaks=["OIDC-041"])
def any_verifier(bench: Bench) -> None:
    """A wrong code_verifier is accepted."""
    bench.patch("reference_api.oidc.code_redemption.hmac", SimpleNamespace(compare_digest=lambda *_: True))


@fault("O-TOK-10", breaks=["OIDC-041"])
def no_verifier(bench: Bench) -> None:
    """The code_verifier may be left out although a challenge was sent."""

    def wrong(row: Row, form: Parameters, now_s: float, *, replayed: bool) -> None:
        if form.get("code_verifier") is None:
            form = replace(form, values={**form.values, "code_verifier": VERIFIER})
            row = (*row[:3], challenge_of(VERIFIER), *row[4:])
        _check(row, form, now_s, replayed=replayed)

    bench.patch("reference_api.oidc.code_redemption._check", wrong)


@fault("O-TOK-12", breaks=["OIDC-042"])
def code_of_another_client(bench: Bench) -> None:
    """The code of client A is redeemed by client B."""

    async def wrong(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Any:
        code = sha256_text(form.require("code"))
        row = await services.store.one("SELECT client_id FROM authorization_code WHERE code_sha256 = ?", (code,))
        owner = client if row is None else replace(client, client_id=row[0])
        return await redeem_code(services, call, owner, form)

    bench.patch("reference_api.oidc.token.redeem_code", wrong)


@fault("O-TOK-13", breaks=["OIDC-043"])
def code_lives_for_hours(bench: Bench) -> None:
    """A code lives for hours."""
    bench.patch("reference_api.oidc.codes.CODE_TTL_S", 4 * 3600.0)


@fault("O-TOK-14", breaks=["OIDC-044"])
def basic_not_decoded(bench: Bench) -> None:
    """Basic credentials are not form-decoded."""
    bench.patch("reference_api.oidc.client_authentication.unquote_plus", lambda text, **_: text)


@fault("O-TOK-15", breaks=["OIDC-039"])
def no_challenge(bench: Bench) -> None:
    """A 401 comes without WWW-Authenticate."""
    _answered(bench, lambda answer: answer.with_header("www-authenticate", None))


@fault("O-TOK-16", breaks=["OIDC-018", "OIDC-039"])
def any_secret(bench: Bench) -> None:
    """Any client secret is accepted."""
    bench.patch("reference_api.oidc.client_authentication._is_secret", lambda *_: True)


@fault("O-TOK-17", breaks=["OIDC-045"])
def tokens_outlive_replay(bench: Bench) -> None:
    """Tokens stay valid after their code came again."""
    bench.patch("reference_api.oidc.code_redemption._end", _nothing)


@fault("O-TOK-18", breaks=["OIDC-046"])
def refresh_widens(bench: Bench) -> None:
    """A refresh may widen the scope."""

    def wrong(granted: Iterable[str], requested: str | None) -> tuple[str, ...]:
        return tuple(requested.split()) if requested else tuple(granted)

    bench.patch("reference_api.oidc.refresh_tokens.narrowed", wrong)


@fault("O-TOK-19", breaks=["OIDC-016"])
def family_survives_reuse(bench: Bench) -> None:
    """The newest refresh token still works after an old one came again."""
    bench.patch("reference_api.oidc.refresh_tokens.revoke_grant", _nothing)


@fault("refresh-not-rotated", breaks=["OIDC-016"])
def not_rotated(bench: Bench) -> None:
    """A refresh gives the same refresh token again."""

    async def wrong(services: Services, text: str, grant: Grant, now_s: float) -> str:
        return text

    bench.patch("reference_api.oidc.refresh_tokens._replace", wrong)


@fault("reuse-not-detected", breaks=["OIDC-016"])
def reuse_not_detected(bench: Bench) -> None:
    """A refresh token that was replaced works again."""
    bench.sql(
        "SELECT grant_id, expires_at_s, used_at_s FROM refresh_token",
        "SELECT grant_id, expires_at_s, NULL FROM refresh_token",
    )
    bench.sql("used_at_s = ? WHERE token_sha256 = ? AND used_at_s IS NULL", "used_at_s = ? WHERE token_sha256 = ?")


@fault("O-TOK-21", breaks=["OIDC-047"])
def other_sub_after_refresh(bench: Bench) -> None:
    """A refreshed ID token has another sub."""

    async def wrong(services: Services, client: ClientRecord, grant: Grant, beside: Beside, now_s: float) -> str:
        if not beside.with_nonce:
            grant = replace(grant, sign_in=replace(grant.sign_in, sub="c1"))
        return await mint_id_token(services, client, grant, beside, now_s)

    bench.patch("reference_api.oidc.issuing.mint_id_token", wrong)


@fault("O-TOK-22", breaks=["OIDC-048"])
def unknown_grant_type(bench: Bench) -> None:
    """An unknown grant_type is answered invalid_request."""
    _answered(bench, lambda answer: _error(answer, "unsupported_grant_type", "invalid_request"))


@fault("password-grant", breaks=["OIDC-004"])
def password_grant(bench: Bench) -> None:
    """The password grant is offered."""

    def change(request: Request) -> Request:
        form = dict(parse_qsl(request.body.decode("latin-1")))
        if request.path != "/token" or form.pop("grant_type", "") != "password":
            return request
        wanted = {"grant_type": TOKEN_EXCHANGE, "subject_token": form["username"], "subject_token_type": LOCAL_ID}
        return replace(request, body=urlencode(wanted).encode())

    bench.requests(change)


@fault("token-response-may-be-cached", breaks=["OIDC-038"])
def cached(bench: Bench) -> None:
    """Token responses come without Cache-Control."""
    _answered(bench, lambda answer: answer.with_header("cache-control", None))


@fault("access-token-lives-a-day", breaks=["OIDC-072"])
def long_lived(bench: Bench) -> None:
    """Access tokens live for a day."""
    bench.settings = replace(bench.settings, access_token_ttl_s=86_400)


@fault("access-token-typ-jwt", breaks=["OIDC-019"])
def plain_typ(bench: Bench) -> None:
    """The header of access tokens says typ JWT."""
    bench.patch("reference_api.oidc.access_tokens.ACCESS_TOKEN_TYPE", "JWT")


@fault("details-not-echoed", breaks=["OIDC-061"])
def details_not_echoed(bench: Bench) -> None:
    """The token response does not say which authorization details were granted."""

    def change(answer: Answer) -> Answer:
        kept = {name: value for name, value in answer.json.items() if name != "authorization_details"}
        return answer.with_json(kept)

    _answered(bench, change)


@fault("pending-is-invalid", breaks=["OIDC-065"])
def pending_is_invalid(bench: Bench) -> None:
    """A device whose person is not ready is answered invalid_grant."""
    _answered(bench, lambda answer: _error(answer, "authorization_pending", "invalid_grant"))


@fault("assertion-twice", breaks=["OIDC-067"])
def assertion_twice(bench: Bench) -> None:
    """The same client assertion is taken twice."""
    bench.sql(
        "ON CONFLICT (client_id, jti) DO NOTHING",
        "ON CONFLICT (client_id, jti) DO UPDATE SET expires_at_s = excluded.expires_at_s",
    )


@fault("any-scope", breaks=["OIDC-074"])
def any_scope(bench: Bench) -> None:
    """A client gets scopes that it may not have."""

    def wrong(client: ClientRecord, requested: str | None) -> tuple[str, ...]:
        return tuple(requested.split()) if requested else granted_to_client(client, None)

    bench.patch("reference_api.oidc.token.granted_to_client", wrong)


@fault("code-with-any-redirect-uri", breaks=["OIDC-042"])
def any_redirect_uri(bench: Bench) -> None:
    """A code is redeemed with another redirect_uri than that of its request."""

    def wrong(row: Row, form: Parameters, now_s: float, *, replayed: bool) -> None:
        _check((*row[:2], form.require("redirect_uri"), *row[3:]), form, now_s, replayed=replayed)

    bench.patch("reference_api.oidc.code_redemption._check", wrong)


@fault("refresh-token-of-another-client", breaks=["OIDC-079"])
def refresh_token_of_another_client(bench: Bench) -> None:
    """The refresh token of client A works for client B."""

    async def wrong(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Any:
        digest = sha256_text(form.require("refresh_token"))
        row = await services.store.one("SELECT grant_id FROM refresh_token WHERE token_sha256 = ?", (digest,))
        grant = None if row is None else await read_grant(services, row[0])
        owner = client if grant is None else replace(client, client_id=grant.client_id)
        return await redeem_refresh_token(services, call, owner, form)

    bench.patch("reference_api.oidc.token.redeem_refresh_token", wrong)


@fault("access-token-without-iat", breaks=["OIDC-081"])
def access_token_without_iat(bench: Bench) -> None:
    """Access tokens do not say when they were issued."""
    right = SigningKey.sign

    def sign(key: SigningKey, claims: Mapping[str, Any], typ: str) -> str:
        left_out = ("iat",) if typ == ACCESS_TOKEN_TYPE else ()
        return right(key, {name: value for name, value in claims.items() if name not in left_out}, typ)

    bench.patch("reference_api.oidc.keys.SigningKey.sign", sign)


@fault("revoked-by-anybody", breaks=["OIDC-017"])
def revoked_by_anybody(bench: Bench) -> None:
    """Any client may revoke any access token."""

    async def wrong(services: Services, client: ClientRecord, token: str, now_s: float) -> None:
        read = await read_token(services, token, now_s)
        if read is not None:
            await revoke_token(services, read.jti, read.expires_s, now_s)

    bench.patch("reference_api.oidc.revocation._end_token", wrong)
