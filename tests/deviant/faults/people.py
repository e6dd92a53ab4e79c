"""Faults of UserInfo, introspection, revocation, subjects and logout."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from deviant.switches import Answer, Bench, Request, fault

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.call import Call, Reply, Token, json_reply
from reference_api.errors import ApiError, OAuthError
from reference_api.handlers import Handler
from reference_api.oidc.access_tokens import read_token
from reference_api.oidc.claims import load_rules
from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.keys import SigningKey
from reference_api.oidc.logout import Return, _understood
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.resources import known_resources
from reference_api.oidc.revocation import _end_token
from reference_api.oidc.subjects import _cipher_of
from reference_api.services import Services

T = TypeVar("T", bound=msgspec.Struct)
USERINFO = "getUserinfo postUserinfo"


def _userinfo(bench: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Alter what UserInfo tells."""

    def altered(_: Call, reply: Reply) -> Reply:
        told = msgspec.json.decode(reply.body)
        return json_reply({**told, **change(told)}, headers=reply.headers)

    bench.reply(USERINFO, altered)


async def _nothing(*_: object) -> None:
    """What is done by a server that forgets to do something."""


async def _everything(*_: object) -> frozenset[str]:
    """All categories, whoever asks."""
    return frozenset(load_consent_catalogue().categories)


@fault("O-UI-01", breaks=["OIDC-015"])
def other_sub(bench: Bench) -> None:
    """The sub differs from that of the ID token."""
    _userinfo(bench, lambda told: {"sub": told["sub"][::-1]})


@fault("O-UI-02", breaks=["OIDC-053"])
def verified_as_text(bench: Bench) -> None:
    """The claim email_verified is a string."""
    _userinfo(bench, lambda told: {name: str(told[name]).lower() for name in told if name == "email_verified"})


@fault("O-UI-04", breaks=["OIDC-055"])
def invalid_token_is_400(bench: Bench) -> None:
    """An invalid token is not answered 401."""

    def change(request: Request, answer: Answer) -> Answer:
        concerned = request.path == "/userinfo" and answer.status == 401
        return replace(answer, status=400) if concerned else answer

    bench.answers(change)


@fault("O-UI-05", breaks=["OIDC-052"])
def beyond_the_scope(bench: Bench) -> None:
    """Claims beyond the granted scope are told (address with scope openid only)."""

    def change(call: Call, reply: Reply) -> Reply:
        if call.token.scopes != {"openid"}:
            return reply
        told = msgspec.json.decode(reply.body)
        return json_reply({**told, "address": {"formatted": "東栄町3-46"}}, headers=reply.headers)

    bench.reply(USERINFO, change)


@fault("userinfo-ignores-consent", breaks=["OIDC-052", "CONS-009"])
def consent_ignored(bench: Bench) -> None:
    """Claims that the scope granted are told although the consent to them was withdrawn."""
    bench.patch("reference_api.oidc.claims._permitted", _everything)


@fault("O-UI-06", breaks=["OIDC-053"])
def wrong_types(bench: Bench) -> None:
    """The address is a plain string, birthdate is 1950/1/1, updated_at an ISO string."""

    def change(told: dict[str, Any]) -> dict[str, Any]:
        address = told.get("address", {}).get("formatted")
        wrong = {"address": address, "birthdate": "1950/1/1", "updated_at": "2026-11-01T00:00:00Z"}
        return {name: value for name, value in wrong.items() if name in told}

    _userinfo(bench, change)


@fault("O-UI-07", breaks=["OIDC-054"])
def post_refused(bench: Bench) -> None:
    """POST with the Bearer header is refused."""

    def wrong(_: Handler) -> Handler:
        async def refused(services: Services, call: Call) -> Reply:
            raise ApiError("method-not-allowed", headers={"allow": "GET"})

        return refused

    bench.handler("postUserinfo", wrong)


@fault("full-birthdate-in-tourism", breaks=["OIDC-052"])
def birthdate_in_tourism(bench: Bench) -> None:
    """A service for visitors is told the whole date of birth."""
    rules = load_rules()
    birthdate = replace_struct(
        rules.claims["birthdate"], scopes={"tourism.profile", "profile"}, categories=("profile.birth_year",)
    )
    wrong = replace_struct(rules, claims={**rules.claims, "birthdate": birthdate})
    bench.patch("reference_api.oidc.claims.load_rules", lambda: wrong)


def replace_struct(struct: T, **changed: Any) -> T:
    """The struct with other members."""
    return msgspec.structs.replace(struct, **changed)


@fault("same-sub-in-every-sector", breaks=["OIDC-025"])
def one_sub(bench: Bench) -> None:
    """All services know a person by the same sub."""

    class Unsectored:
        def __init__(self, cipher: AESSIV) -> None:
            self._cipher = cipher

        def encrypt(self, data: bytes, _: Iterable[bytes]) -> bytes:
            return self._cipher.encrypt(data, [b"all"])

        def decrypt(self, data: bytes, _: Iterable[bytes]) -> bytes:
            return self._cipher.decrypt(data, [b"all"])

    bench.patch("reference_api.oidc.subjects._cipher_of", lambda key: Unsectored(_cipher_of(key)))


@fault("O-REV-02", breaks=["OIDC-056"])
def unknown_token_is_400(bench: Bench) -> None:
    """To revoke an unknown token is answered 400."""

    async def wrong(services: Services, client: ClientRecord, token: str, now_s: float) -> None:
        if await read_token(services, token, now_s) is None:
            raise OAuthError("invalid_request", "unknown token")
        await _end_token(services, client, token, now_s)

    bench.patch("reference_api.oidc.revocation._end_token", wrong)


@fault("revoked-token-still-works", breaks=["OIDC-017"])
def revocation_without_effect(bench: Bench) -> None:
    """A revoked access token still works at the APIs."""
    bench.patch("reference_api.oidc.revocation._end_token", _nothing)


@fault("wrong-aud-accepted", breaks=["OIDC-019"])
def any_audience(bench: Bench) -> None:
    """An API takes tokens that are meant for another one."""

    async def wrong(services: Services, text: str, now_s: float) -> Token | None:
        token = await read_token(services, text, now_s)
        return None if token is None else replace(token, audience=frozenset(known_resources(services.settings)))

    bench.patch("reference_api.access.read_token", wrong)
    bench.patch("reference_api.oidc.access_tokens.remember", lambda *_: None)  # so that every token is read


@fault("O-INT-01", breaks=["OIDC-018"])
def introspection_for_all(bench: Bench) -> None:
    """Introspection needs no client authentication."""

    async def wrong(services: Services, call: Call, form: Parameters) -> ClientRecord | None:
        return await read_client(services.store, "example-service")

    bench.patch("reference_api.oidc.introspection.authenticate_confidential", wrong)


@fault("expired-is-active", breaks=["OIDC-018"])
def expired_is_active(bench: Bench) -> None:
    """Introspection says active of a token that has expired."""
    bench.patch(
        "reference_api.oidc.introspection.read_token", lambda services, text, _: read_token(services, text, 0.0)
    )


@fault("inactive-with-reason", breaks=["OIDC-018"])
def inactive_with_reason(bench: Bench) -> None:
    """Of a token that does not hold, introspection says more than that."""
    bench.patch("reference_api.oidc.introspection.INACTIVE", {"active": False, "reason": "expired"})


@fault("O-LGO-01", breaks=["OIDC-020", "OIDC-086", "OIDC-087"])
def open_redirect(bench: Bench) -> None:
    """The post_logout_redirect_uri is not checked."""

    async def wrong(services: Services, call: Call, given: Parameters) -> Return:
        uri = given.get("post_logout_redirect_uri")
        rest = {name: value for name, value in given.values.items() if name != "post_logout_redirect_uri"}
        back = await _understood(services, call, replace(given, values=rest))
        return replace_struct(back, uri=uri or "", state=given.get("state"))

    bench.patch("reference_api.oidc.logout._understood", wrong)


@fault("O-LGO-02", breaks=["OIDC-022"])
def session_survives(bench: Bench) -> None:
    """The session survives logout: prompt=none still yields a code."""
    bench.sql(
        "UPDATE auth_session SET ended_at_s = ? WHERE", "UPDATE auth_session SET ended_at_s = NULL WHERE ? > 0 AND"
    )
    bench.patch("reference_api.oidc.logout.write_cookie", lambda *_, **__: "")


@fault("O-LGO-03", breaks=["OIDC-057"])
def state_not_returned(bench: Bench) -> None:
    """The state does not come back after a logout."""

    async def wrong(services: Services, call: Call, given: Parameters) -> Return:
        return replace_struct(await _understood(services, call, given), state=None)

    bench.patch("reference_api.oidc.logout._understood", wrong)


@fault("O-LGO-05", breaks=["OIDC-057"])
def logout_needs_parameters(bench: Bench) -> None:
    """Logout fails without parameters or without state."""

    def wrong(right: Handler) -> Handler:
        async def strict(services: Services, call: Call) -> Reply:
            if "state=" not in call.query_string + call.body.decode("latin-1"):
                raise ApiError("malformed-request")
            return await right(services, call)

        return strict

    bench.handler("endSession postEndSession", wrong)


@fault("O-LGO-06", breaks=["OIDC-058"])
def grants_survive(bench: Bench) -> None:
    """Refresh tokens of a session that ended keep working."""
    bench.patch("reference_api.oidc.session_end.revoke_grants_of_session", _nothing)


@fault("O-BCL-02", breaks=["OIDC-059"])
def no_back_channel_logout(bench: Bench) -> None:
    """A back-channel logout is never sent, although the metadata promise it."""
    bench.patch("reference_api.oidc.session_end.send_later", _nothing)


@fault("back-channel-token-with-nonce", breaks=["OIDC-021"])
def logout_token_with_nonce(bench: Bench) -> None:
    """A logout token has a nonce."""
    right = SigningKey.sign

    def wrong(key: SigningKey, claims: dict[str, Any], typ: str) -> str:
        return right(key, {**claims, "nonce": "n"} if typ == "logout+jwt" else claims, typ)

    bench.patch("reference_api.oidc.keys.SigningKey.sign", wrong)


@fault("challenge-without-metadata", breaks=["OIDC-068"])
def no_pointer(bench: Bench) -> None:
    """A 401 does not say where the metadata of the resource are."""

    def altered(_: object, answer: Answer) -> Answer:
        told = answer.header("www-authenticate").partition(", resource_metadata=")[0]
        return answer.with_header("www-authenticate", told) if told else answer

    bench.answers(altered)
