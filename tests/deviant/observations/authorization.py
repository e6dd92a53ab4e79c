"""Observations of the authorization endpoint."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from browser import Browser
from deviant.observations.parties import again, error_of, login
from deviant.observing import observed
from relying_party import party_of
from sandbox_city import City
from signing_in import ask, sign_in, told


def _first(city: City, **changed: Any) -> str:
    """What a first request gets: a page, or an error."""
    return again(Browser(city), party_of(city), **changed)


def _later(city: City, after_s: float = 100.0, **changed: Any) -> str:
    """What a request of a browser with a session gets."""
    party, browser, _ = login(city)
    city.clock.set_s(city.clock.now_s() + after_s)
    return again(browser, party, **changed)


def _refusal(city: City) -> dict[str, str]:
    """The parameters that tell that nobody is signed in."""
    return told(ask(Browser(city), party_of(city), prompt="none"))


def _lands(city: City, uri: str) -> str:
    """Where a person is sent who signs in and agrees; or the status of the page that refuses."""
    browser, party = Browser(city), party_of(city)
    view = ask(browser, party, redirect_uri=uri)
    if view.status != 200:
        return f"page {view.status}"
    sign_in(browser)
    return urlsplit(browser.submit().link)._replace(query="").geturl()


@observed("O-AUT-01", right="s-1", wrong="s-1x")
def state(city: City) -> Any:
    """The state that comes back."""
    return _refusal(city)["state"]


@observed("O-AUT-02", right="http://127.0.0.1:8080", wrong="https://other.example")
def iss(city: City) -> Any:
    """The issuer that comes back."""
    return _refusal(city)["iss"]


@observed("iss-missing-in-errors", right=True, wrong=False)
def iss_in_errors(city: City) -> Any:
    """Whether an error names the issuer."""
    return "iss" in _refusal(city)


@observed("O-AUT-03", right="page 400", wrong="https://evil.example/take")
def unregistered(city: City) -> Any:
    """Where an unregistered URI leads."""
    return _lands(city, "https://evil.example/take")


@observed("O-AUT-04", right="page 400", wrong="http://127.0.0.1:8765/callback")
def query_added(city: City) -> Any:
    """Where a registered URI with an added query leads."""
    return _lands(city, "http://127.0.0.1:8765/callback?added=1")


@observed("prefix-redirect-match", right="page 400", wrong="http://127.0.0.1:8765/callback/../elsewhere")
def path_added(city: City) -> Any:
    """Where a registered URI with an added path leads."""
    return _lands(city, "http://127.0.0.1:8765/callback/../elsewhere")


@observed("O-AUT-05", right="login_required", wrong="page 200")
def prompt_none(city: City) -> Any:
    """The answer to prompt=none where nobody is signed in."""
    return _first(city, prompt="none")


@observed("O-AUT-07", right="page 200", wrong="code")
def prompt_login(city: City) -> Any:
    """The answer to prompt=login where somebody is signed in."""
    return _later(city, prompt="login")


@observed("O-AUT-08", right="page 200", wrong="code")
def max_age(city: City) -> Any:
    """The answer to max_age=1 where somebody signed in long before."""
    return _later(city, max_age="1")


@observed("hint-ignored", right="login_required", wrong="code")
def hint(city: City) -> Any:
    """The answer to prompt=none with the ID token of somebody else."""
    party, _, code = login(city, "c1")
    somebody = party.redeem(code).json["id_token"]
    return _later(city, prompt="none", id_token_hint=somebody)


@observed("O-AUT-10", right="page 200", wrong="invalid_request")
def unknown_parameters(city: City) -> Any:
    """The answer to a request with parameters that mean little."""
    return _first(city, foo="bar", display="popup", ui_locales="ja", acr_values="1 2")


@observed("O-AUT-11", right="page 200", wrong="invalid_scope")
def scope_reversed(city: City) -> Any:
    """The answer to a scope that begins with profile."""
    return _first(city, scope="profile openid")


@observed("O-AUT-12", right="unsupported_response_type", wrong="page 200")
def response_type(city: City) -> Any:
    """The answer to a response_type that nobody knows."""
    return _first(city, response_type="foo")


@observed("O-AUT-14", right=43, wrong=6)
def length_of_code(city: City) -> Any:
    """The length of a code."""
    return len(login(city)[2])


@observed("O-AUT-15", right=200, wrong=405)
def by_post(city: City) -> Any:
    """The answer to a request by POST."""
    return Browser(city).post("/authorize", party_of(city).parameters()).status


@observed("O-AUT-16", right="invalid_request", wrong="page")
def twice(city: City) -> Any:
    """The answer to a request that has the nonce twice."""
    query = urlencode([*party_of(city).parameters().items(), ("nonce", "n-2")])
    view = Browser(city).open("/authorize?" + query)
    return told(view)["error"] if view.status == 303 else "page"


@observed("accept-plain-pkce", right="invalid_request", wrong="page 200")
def plain(city: City) -> Any:
    """The answer to a plain challenge."""
    return _first(city, code_challenge_method="plain")


@observed("no-pkce", right="invalid_request", wrong="200")
def without_challenge(city: City) -> Any:
    """The answer to a request without challenge, and to a redemption without verifier."""
    if _first(city, code_challenge=None, code_challenge_method=None) == "invalid_request":
        return "invalid_request"
    party, _, code = login(city, code_challenge=None, code_challenge_method=None)
    return error_of(party.redeem(code, code_verifier=None))


@observed("request-uri-twice", right=[200, 400], wrong=[200, 200])
def pushed(city: City) -> Any:
    """The answers to a pushed request that is shown twice."""
    party = party_of(city)
    uri = party.post("/par", **party.parameters()).json["request_uri"]
    query = urlencode({"client_id": party.client.client_id, "request_uri": uri})
    return [Browser(city).open("/authorize?" + query).status for _ in range(2)]


@observed("pages-can-be-framed", right=True, wrong=False)
def frame_ancestors(city: City) -> Any:
    """Whether the sign-in page forbids that it is framed."""
    view = ask(Browser(city), party_of(city))
    return "frame-ancestors 'none'" in view.header("content-security-policy")


@observed("request-object-ignored", right="request_not_supported", wrong="page 200")
def request_object(city: City) -> Any:
    """The answer to a request object."""
    return _first(city, request="eyJhbGciOiJub25lIn0.e30.")


@observed("refusal-not-told", right="access_denied", wrong="server_error")
def refusal(city: City) -> Any:
    """What the client is told of a person who cancels."""
    browser = Browser(city)
    page = ask(browser, party_of(city))
    cancel = next(number for number, form in enumerate(page.forms) if form.named("step")[0].value == "cancel")
    return told(browser.submit(form=cancel))["error"]


@observed("any-detail", right="invalid_authorization_details", wrong="page 200")
def unknown_category(city: City) -> Any:
    """The answer to a detail of a category that nobody knows."""
    detail = (
        '[{"type": "cityos_consent", "purpose": "personal_service", "datatypes": ["unknown"],'
        ' "recipients": ["service:example-service"]}]'
    )
    return _first(city, authorization_details=detail)


@observed("redirect-with-307", right=303, wrong=307)
def answer_to_the_form(city: City) -> Any:
    """The status by which a form leads to the client."""
    browser = Browser(city)
    ask(browser, party_of(city))
    seen = sign_in(browser)
    return browser.submit().status if seen.status == 200 else seen.status
