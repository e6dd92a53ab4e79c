"""Faults of the authorization endpoint."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Call, Reply
from reference_api.errors import ApiError, OAuthError
from reference_api.handlers import Handler
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.code_redemption import _check, challenge_of
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.request_validation import _challenge, is_registered, validate
from reference_api.services import Services
from reference_api.store.protocol import Row

KNOWN = frozenset(
    {"client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge"}
    | {
        "code_challenge_method",
        "response_mode",
        "prompt",
        "max_age",
        "id_token_hint",
        "login_hint",
        "claims",
        "authorization_details",
    }
)
VERIFIER = "v" * 43
Pairs = list[tuple[str, str]]


def _asked(bench: Bench, change: Callable[[Pairs], Pairs]) -> None:
    """Alter the parameters of authorization requests in the query."""

    def altered(request: Request) -> Request:
        if request.path != "/authorize" or request.method != "GET":
            return request
        pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        return replace(request, url="/authorize?" + urlencode(change(pairs)))

    bench.requests(altered)


def _ignoring(bench: Bench, name: str, *values: str) -> None:
    """Overhear a parameter (of these values, if any are given)."""
    _asked(bench, lambda pairs: [(key, said) for key, said in pairs if key != name or (values and said not in values)])


def _told(bench: Bench, change: Callable[[dict[str, str]], Mapping[str, str]]) -> None:
    """Alter what goes back to clients."""

    def altered(_: Request, answer: Answer) -> Answer:
        place, query = answer.header("location").partition("?")[::2]
        said = dict(parse_qsl(query))
        return answer.with_header("location", f"{place}?{urlencode(change(said))}") if "iss" in said else answer

    bench.answers(altered)


def _refusing(bench: Bench, error: str, is_refused: Callable[[Parameters], bool]) -> None:
    """Refuse what must be taken."""

    async def wrong(services: Services, client: ClientRecord, uri: str, parameters: Parameters, now_s: float) -> Any:
        if is_refused(parameters):
            raise OAuthError(error)
        return await validate(services, client, uri, parameters, now_s)

    bench.patch("reference_api.oidc.authorize.validate", wrong)


@fault("O-AUT-01", breaks=["OIDC-011"])
def other_state(bench: Bench) -> None:
    """Returns another state than was sent."""
    _told(bench, lambda said: {**said, "state": said.get("state", "") + "x"})


@fault("O-AUT-02", breaks=["OIDC-012"])
def other_iss(bench: Bench) -> None:
    """The iss in the callback names another issuer."""
    _told(bench, lambda said: {**said, "iss": "https://other.example"})


@fault("iss-missing-in-errors", breaks=["OIDC-012"])
def no_iss_in_errors(bench: Bench) -> None:
    """Error responses carry no iss."""
    _told(bench, lambda said: {name: value for name, value in said.items() if name != "iss" or "error" not in said})


@fault("O-AUT-03", breaks=["OIDC-006"])
def any_redirect_uri(bench: Bench) -> None:
    """Redirects to an unregistered redirect_uri."""
    bench.patch("reference_api.oidc.request_validation.is_registered", lambda *_: True)


@fault("O-AUT-04", breaks=["OIDC-006"])
def added_query(bench: Bench) -> None:
    """Accepts a registered redirect_uri with an added query."""
    bench.patch(
        "reference_api.oidc.request_validation.is_registered",
        lambda client, uri: is_registered(client, uri) or is_registered(client, uri.partition("?")[0]),
    )


@fault("prefix-redirect-match", breaks=["OIDC-006"])
def prefix_match(bench: Bench) -> None:
    """Accepts whatever begins like a registered redirect_uri."""
    bench.patch(
        "reference_api.oidc.request_validation.is_registered",
        lambda client, uri: uri.startswith(client.redirect_uris),
    )


@fault("O-AUT-05", breaks=["OIDC-013"])
def prompt_none_shows_a_page(bench: Bench) -> None:
    """prompt=none shows a page instead of login_required."""
    _ignoring(bench, "prompt", "none")


@fault("O-AUT-07", breaks=["OIDC-031"])
def prompt_login_ignored(bench: Bench) -> None:
    """prompt=login is ignored, the old session is used."""
    _ignoring(bench, "prompt", "login")


@fault("O-AUT-08", breaks=["OIDC-014"])
def max_age_ignored(bench: Bench) -> None:
    """max_age is ignored."""
    _ignoring(bench, "max_age")


@fault("hint-ignored", breaks=["OIDC-062"])
def id_token_hint_ignored(bench: Bench) -> None:
    """With an id_token_hint of somebody else, prompt=none gets a code of whoever is signed in."""
    _ignoring(bench, "id_token_hint")


@fault("O-AUT-10", breaks=["OIDC-032"])
def unknown_parameter_refused(bench: Bench) -> None:
    """Unknown parameters, display, ui_locales and acr_values make the request fail."""
    _refusing(bench, "invalid_request", lambda parameters: not {*parameters.values} <= KNOWN)


@fault("O-AUT-11", breaks=["OIDC-033"])
def scope_order(bench: Bench) -> None:
    """The scope must begin with openid."""
    _refusing(bench, "invalid_scope", lambda parameters: not (parameters.get("scope") or "").startswith("openid"))


@fault("O-AUT-12", breaks=["OIDC-034"])
def any_response_type(bench: Bench) -> None:
    """An unknown response_type is answered with a code."""
    _asked(bench, lambda pairs: [(key, "code" if key == "response_type" else said) for key, said in pairs])


@fault("O-AUT-14", breaks=["OIDC-035"])
def guessable_code(bench: Bench) -> None:
    """Codes have 24 bits."""
    bench.patch("reference_api.oidc.codes.secrets", SimpleNamespace(token_urlsafe=lambda _: secrets.token_hex(3)))


@fault("O-AUT-15", breaks=["OIDC-036"])
def post_refused(bench: Bench) -> None:
    """POST to the authorization endpoint is refused."""

    def wrong(_: Handler) -> Handler:
        async def refused(services: Services, call: Call) -> Reply:
            raise ApiError("method-not-allowed", headers={"allow": "GET"})

        return refused

    bench.handler("authorizeByPost", wrong)


@fault("O-AUT-16", breaks=["OIDC-037"])
def last_one_wins(bench: Bench) -> None:
    """A parameter sent twice is accepted, the last one wins."""
    _asked(bench, lambda pairs: list(dict(pairs).items()))


@fault("accept-plain-pkce", breaks=["OIDC-005"])
def plain_challenge(bench: Bench) -> None:
    """The challenge method plain is accepted."""

    def wrong(parameters: Parameters) -> str:
        if parameters.get("code_challenge_method") == "plain":
            return challenge_of(parameters.require("code_challenge"))
        return _challenge(parameters)

    bench.patch("reference_api.oidc.request_validation._challenge", wrong)


@fault("no-pkce", breaks=["OIDC-005", "OIDC-041"])
def no_challenge(bench: Bench) -> None:
    """A request without code_challenge is accepted."""

    def wrong(parameters: Parameters) -> str:
        return "" if parameters.get("code_challenge") is None else _challenge(parameters)

    def unchecked(row: Row, form: Parameters, now_s: float, *, replayed: bool) -> None:
        if not row[3]:
            form = replace(form, values={**form.values, "code_verifier": VERIFIER})
            row = (*row[:3], challenge_of(VERIFIER), *row[4:])
        _check(row, form, now_s, replayed=replayed)

    bench.patch("reference_api.oidc.request_validation._challenge", wrong)
    bench.patch("reference_api.oidc.code_redemption._check", unchecked)


@fault("request-uri-twice", breaks=["OIDC-083"])
def pushed_request_twice(bench: Bench) -> None:
    """A request_uri of PAR can be used again and again."""
    bench.sql(
        "WHERE handle_sha256 = ? AND used_at_s IS NULL", "WHERE handle_sha256 = ? AND (used_at_s IS NULL OR 1 = 1)"
    )


@fault("pages-can-be-framed", breaks=["OIDC-069"])
def framed(bench: Bench) -> None:
    """Pages come without Content-Security-Policy and X-Frame-Options."""

    def altered(_: Request, answer: Answer) -> Answer:
        return answer.with_header("content-security-policy", None).with_header("x-frame-options", None)

    bench.answers(altered)


@fault("request-object-ignored", breaks=["OIDC-063"])
def request_ignored(bench: Bench) -> None:
    """A request object is neither handled nor refused."""
    _ignoring(bench, "request")


@fault("refusal-not-told", breaks=["OIDC-071"])
def refusal_not_told(bench: Bench) -> None:
    """That a person refuses is told as server_error."""
    _told(bench, lambda said: said | {"error": "server_error"} if said.get("error") == "access_denied" else said)


@fault("any-detail", breaks=["OIDC-060"])
def any_detail(bench: Bench) -> None:
    """An authorization detail with an unknown category is accepted."""
    bench.patch("reference_api.oidc.request_validation.validate_detail", lambda *_, **__: [])


@fault("redirect-with-307", breaks=["OIDC-096"])
def redirect_with_307(bench: Bench) -> None:
    """Forms are answered with 307, so that browsers send them on to the client."""

    def altered(request: Request, answer: Answer) -> Answer:
        to_client = "iss=" in answer.header("location")
        return replace(answer, status=307) if request.method == "POST" and to_client else answer

    bench.answers(altered)
