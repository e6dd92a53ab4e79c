"""The authorization endpoint: what is refused where, and what goes on to the person."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from reference_api.oidc.codes import redirect_to

ISSUER = "http://127.0.0.1:8080"
CALLBACK = "http://127.0.0.1:8765/callback"


def told(answer: Any, callback: str = CALLBACK) -> dict[str, str]:
    """The parameters told to the client by a redirect."""
    assert answer.status == 303, answer.body
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == callback
    return dict(parse_qsl(parts.query))


def is_shown_to_the_person(answer: Any) -> bool:
    """Whether the answer is a page and sends nobody anywhere."""
    return (
        answer.status == 400
        and answer.headers["content-type"].startswith("text/html")
        and "location" not in answer.headers
    )


def goes_on(answer: Any) -> bool:
    """Whether the person is asked to sign in."""
    return answer.status == 303 and answer.headers["location"].startswith(("/", ISSUER + "/"))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "https://elsewhere.example/callback",
        CALLBACK + "?a=b",
        CALLBACK + "/",
        CALLBACK + "#f",
        CALLBACK.upper(),
        CALLBACK.replace("8765", "8766"),
        CALLBACK.replace("/callback", ":80/callback"),
        CALLBACK.replace("http:", "https:"),
        "http://127.0.0.1:8765/callback/../callback",
        "http://user@127.0.0.1:8765/callback",
        "javascript:alert(1)",
        "http://[",
    ],
)
def test_nothing_is_sent_to_an_unregistered_uri(party: Any, redirect_uri: str | None) -> None:
    """Redirect URIs are compared as text; the fault is shown to the person (faults O-AUT-03, O-AUT-04)."""
    assert is_shown_to_the_person(party().ask(redirect_uri=redirect_uri))


def test_a_registered_query_is_kept(party: Any) -> None:
    """A redirect URI that is registered with a query is answered there, its query untouched."""
    answer = told(party().ask(redirect_uri=CALLBACK + "?from=city", response_type="x"))
    assert (answer["from"], answer["error"]) == ("city", "unsupported_response_type")


@pytest.mark.parametrize(
    ("redirect_uri", "registered"),
    [
        ("http://127.0.0.1:50123/callback", True),
        ("http://127.0.0.1/callback", True),
        ("http://127.0.0.1:50123/other", False),
        ("http://127.0.0.1:50123:1/callback", False),
        ("http://localhost:50123/callback", False),
        ("http://127.0.0.1:99999/callback", False),
        ("http://127.0.0.1.example:50123/callback", False),
        ("http://a@127.0.0.1:50123/callback", False),
        ("https://127.0.0.1:50123/callback", False),
    ],
)
def test_an_app_chooses_its_port_on_loopback(party: Any, redirect_uri: str, *, registered: bool) -> None:
    """A public client's loopback URI may have any port (RFC 8252 7.3), and nothing else may differ."""
    answer = party("example-app").ask(redirect_uri=redirect_uri, response_type="x")
    assert is_shown_to_the_person(answer) != registered


@pytest.mark.parametrize("client_id", [None, "", "nobody", "example-service\0", "example-service "])
def test_unknown_clients_are_not_redirected(party: Any, client_id: str | None) -> None:
    """Without a known client there is nobody to tell."""
    assert is_shown_to_the_person(party().ask(client_id=client_id))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "disaster.declare unknown"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo":{"name":5}}'}, "invalid_request"),
        ({"claims": "[" * 5000}, "invalid_request"),
        ({"id_token_hint": "abc"}, "invalid_request"),
        ({"request": "eyJ.x.y"}, "request_not_supported"),
        ({"request_uri": "https://elsewhere.example/r"}, "request_uri_not_supported"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"aud": "https://elsewhere.example"}, "invalid_target"),
        ({"authorization_details": "{}"}, "invalid_authorization_details"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_faults_go_back_with_state_and_issuer(party: Any, changed: dict[str, Any], error: str) -> None:
    """Every other fault is told at the redirect URI, with state and iss, and with no code (RFC 9207 2)."""
    answer = told(party().ask(**changed))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "s-1", ISSUER)
    assert "code" not in answer


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "prompt", "code_challenge", "response_type"])
def test_a_parameter_sent_twice_is_refused(party: Any, name: str) -> None:
    """Neither value counts (fault O-AUT-16); a state that is not clear is not returned."""
    one = party()
    answer = told(
        one.city.call("GET", "/authorize?" + urlencode([*one.parameters().items(), (name, "x"), (name, "y")]))
    )
    assert answer["error"] == "invalid_request"
    assert answer.get("state") == (None if name == "state" else "s-1")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_unclear_addressee_is_not_told(party: Any, name: str) -> None:
    """Client or redirect URI twice: a page, even if both are the same."""
    one = party()
    pairs = [*one.parameters().items(), (name, one.parameters()[name])]
    assert is_shown_to_the_person(one.city.call("GET", "/authorize?" + urlencode(pairs)))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"state": None},
        {"nonce": None},
        {"state": "x" * 1500, "nonce": "n" * 384},
        {"scope": "offline_access email openid profile"},
        {"scope": "openid unknown.scope"},
        {"unknown": "value"},
        {"display": "wap"},
        {"ui_locales": "fr ja"},
        {"claims_locales": "ja"},
        {"login_hint": "𠮷野@example.jp"},
        {"max_age": "0"},
        {"prompt": "login consent"},
        {"response_mode": "query"},
        {"claims": '{"userinfo":{"name":{"essential":true},"email":null},"verified":1}'},
        {"resource": ISSUER + "/v1"},
        {"aud": ISSUER + "/fhir"},
    ],
)
def test_what_is_right_or_unknown_goes_on(party: Any, changed: dict[str, Any]) -> None:
    """Order of scopes, unknown parameters, locales and hints are no fault (faults O-AUT-10, O-AUT-11)."""
    assert goes_on(party().ask(**changed))


def test_a_form_is_taken_as_a_query_is(city: Any, party: Any) -> None:
    """The endpoint takes POST, and refuses there what it refuses elsewhere (fault O-AUT-15)."""
    one = party()

    def sent(**changed: Any) -> Any:
        body = urlencode(one.parameters(**changed)).encode()
        return city.call("POST", "/authorize", "", body, content_type="application/x-www-form-urlencoded")

    assert goes_on(sent())
    assert told(sent(response_type="token"))["error"] == "unsupported_response_type"
    assert is_shown_to_the_person(sent(redirect_uri="https://elsewhere.example"))
    assert is_shown_to_the_person(city.call("POST", "/authorize", "", b"{}", content_type="application/json"))


def test_a_hint_of_another_client_is_refused(party: Any) -> None:
    """An ID token counts as a hint from the client that it was issued to."""
    service, second = party(), party("example-second-service")
    hint = service.tokens()["id_token"]
    assert goes_on(service.ask(id_token_hint=hint))
    answer = second.ask(id_token_hint=hint)
    assert told(answer, second.client.redirect_uris[0])["error"] == "invalid_request"


def test_two_hints_name_one_person(party: Any) -> None:
    """The claim sub with a value and the ID token must mean the same person."""
    one = party()
    tokens = one.tokens("c0"), one.tokens("c1")
    subs = [one.claims(each["id_token"])["sub"] for each in tokens]
    demand = [json.dumps({"id_token": {"sub": {"value": sub}}}) for sub in [*subs, "nobody"]]
    assert goes_on(one.ask(id_token_hint=tokens[0]["id_token"], claims=demand[0]))
    assert told(one.ask(id_token_hint=tokens[0]["id_token"], claims=demand[1]))["error"] == "login_required"
    assert told(one.ask(claims=demand[2]))["error"] == "login_required"


def test_refusals_speak_the_persons_language(party: Any) -> None:
    """The page is in the language that the browser prefers, and says the code for developers."""
    one = party()
    url = "/authorize?" + urlencode(one.parameters(client_id="nobody"))
    japanese = one.city.call("GET", url, accept_language="ja")
    english = one.city.call("GET", url, accept_language="en")
    assert 'lang="ja"' in japanese.body.decode()
    assert 'lang="en"' in english.body.decode()
    assert b"invalid_client" in japanese.body
    assert b"nobody" not in japanese.body


@pytest.mark.parametrize("state", ["s-1", "a b&c=d#e%", "𠮷野󠄁", "x" * 1500, None])
def test_a_code_comes_with_state_and_issuer(party: Any, state: str | None) -> None:
    """The state returns as it was sent, beside the code and the issuer (O-AUT-01, O-AUT-02, OIDC-011)."""
    answer = told(party().sign_in(state=state))
    assert answer.pop("code")
    assert answer == {"iss": ISSUER} | ({} if state is None else {"state": state})


def test_a_code_is_long_and_never_the_same(city: Any, party: Any) -> None:
    """256 random bits, kept hashed only (fault O-AUT-14)."""
    one = party()
    codes = {one.code() for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 43 for code in codes)
    stored = str(city.rows("SELECT * FROM authorization_code"))
    assert not any(code in stored for code in codes)


@pytest.mark.parametrize(("uri", "joint"), [("", "?"), ("?", "?&"), ("?from=city", "?from=city&")])
def test_answers_are_joined_to_the_redirect_uri(city: Any, uri: str, joint: str) -> None:
    """Its own query is kept, and no name of ours begins with a question mark (RFC 6749 3.1.2)."""
    reply = redirect_to(city.app.services, CALLBACK + uri, None, {"code": "c"})
    assert reply.headers["location"].startswith(f"{CALLBACK}{joint}code=c&")
