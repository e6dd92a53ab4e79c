"""Login: pages are passed by forms, by steps or by a command; what cannot be passed is told, and nothing hangs."""

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx2
import pytest

from conformance.accounts import ClientAccount, PersonAccount
from conformance.oidc.browser import Callback, Stop
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import Misconfigured, NeedsReview
from conformance.plan import LoginPart, LoginStep, Plan, TargetPart
from conformance.target import Target
from conformance.wire import Line, Wire

OP = "https://op.example"
BACK = "https://rp.example/callback"
PERSON = PersonAccount("somebody", "right")
Page = Callable[[dict[str, str]], httpx2.Response]


def html(body: str, status: int = 200) -> httpx2.Response:
    """A page."""
    return httpx2.Response(status, html=body)


def form(action: str, *fields: str, button: str = "<button>Continue</button>") -> str:
    """A form of a page."""
    return f'<form method=post action="{action}">{"".join(fields)}{button}</form>'


def field(name: str, kind: str = "text") -> str:
    """A field of a form."""
    return f'<input name="{name}" type="{kind}">'


def to(place: str, **query: str) -> httpx2.Response:
    """A redirect."""
    return httpx2.Response(303, headers={"location": f"{place}?{urlencode(query)}" if query else place})


def signed_in(sent: dict[str, str], *, name: str = "login", password: str = "pw") -> httpx2.Response:
    """Back to the client with a code if the credentials are right, else the page again."""
    if (sent.get(name), sent.get(password)) == (PERSON.user, PERSON.password):
        return to(BACK, code="c", state="s")
    return html(form("/in", field(name), field(password, "password")))


def party(pages: dict[str, Page], login: LoginPart | None = None) -> RelyingParty:
    """A relying party at a provider made of pages."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        content = request.content.decode()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        sent = json.loads(content) if is_json else dict(parse_qsl(content))
        return pages[request.url.path]({**dict(request.url.params), **sent})

    target = Target(
        Plan(TargetPart(("core-oidc",), issuer=OP), login=login or LoginPart()),
        Line(transport=httpx2.MockTransport(answer)),
        metadata={"authorization_endpoint": f"{OP}/auth"},
        people=[PERSON],
    )
    client = ClientAccount("rp", redirect_uris=(BACK,))
    return RelyingParty(target, Wire(target.line), client)


def arrive(pages: dict[str, Page], login: LoginPart | None = None) -> Any:
    """Where an authorization request ends."""
    rp = party(pages, login)
    return rp.authorize(rp.request("v" * 43))


def code_of(arrival: Any) -> str | None:
    """The code of a callback."""
    assert isinstance(arrival, Callback)
    return arrival.get("code")


ASKING: Page = lambda _: html(form("/in", field("login"), field("pw", "password")))  # noqa: E731 - a page is data here


@pytest.mark.parametrize("user", ["login", "username", "email", "j_user"])
def test_fields_of_a_form_are_guessed(user: str) -> None:
    """Whatever they are called, the field before the password is the user's."""
    first: Page = lambda _: html(form("/in", field(user), field("pw", "password")))  # noqa: E731 - a page is data here
    assert code_of(arrive({"/auth": first, "/in": lambda sent: signed_in(sent, name=user)})) == "c"


def test_fields_may_be_named_by_the_plan() -> None:
    """Where two fields could be meant, the plan says which."""
    first: Page = lambda _: html(form("/in", field("email"), field("x-17"), field("pw", "password")))  # noqa: E731
    pages = {"/auth": first, "/in": lambda sent: signed_in(sent, name="x-17")}
    assert code_of(arrive(pages, LoginPart(user_field="x-17", password_field="pw"))) == "c"
    with pytest.raises(Misconfigured, match="shown again"):
        arrive(pages)


def test_the_name_may_be_asked_before_the_password() -> None:
    """Two pages are passed as one."""
    pages: dict[str, Page] = {
        "/auth": lambda _: html(form("/who", field("identifier"))),
        "/who": lambda sent: html(
            form("/in", f'<input type=hidden name=login value="{sent["identifier"]}">', field("pw", "password"))
        ),
        "/in": signed_in,
    }
    assert code_of(arrive(pages)) == "c"


def test_everything_that_is_asked_is_agreed_to() -> None:
    """Boxes are ticked, and the button that refuses is left alone."""
    asked = form(
        "/agreed", "<input type=checkbox name=ok value=1>",
        button="<button name=do value=deny>Deny</button><button name=do value=allow>Allow</button>",
    )  # fmt: skip
    pages: dict[str, Page] = {
        "/auth": ASKING,
        "/in": lambda _: html(asked),
        "/agreed": lambda sent: to(BACK, code="c" if sent == {"ok": "1", "do": "allow"} else "wrong"),
    }
    assert code_of(arrive(pages)) == "c"


def test_wrong_credentials_are_a_fault_of_the_plan() -> None:
    """The same page again means that nobody was let in."""
    with pytest.raises(Misconfigured, match="credentials"):
        arrive({"/auth": ASKING, "/in": lambda _: ASKING({})})


def test_a_page_without_a_way_on_needs_a_person() -> None:
    """A captcha, a notice, a second factor: review, not a hang."""
    with pytest.raises(NeedsReview, match="without a person"):
        arrive({"/auth": ASKING, "/in": lambda _: html(form("/no", button="<button>Cancel</button>"))})


def test_pages_in_a_circle_end() -> None:
    """A server that asks for ever is not asked for ever."""
    with pytest.raises(NeedsReview):
        arrive({"/auth": lambda _: html(form("/auth"))})


def test_an_error_page_is_where_the_journey_ends() -> None:
    """What a provider shows instead of redirecting is looked at by the check."""
    assert isinstance(arrive({"/auth": lambda _: html("<p>bad redirect_uri</p>", 400)}), Stop)


STEPS = LoginPart(
    kind="steps",
    steps=(
        LoginStep("/api/start", keep={"flow": "flow.id"}),
        LoginStep("/api/in/{flow}", json={"who": {"name": "{user}"}, "secret": ["{password}"]}),
        LoginStep(then="/resume?challenge={challenge}"),
    ),
)


def test_steps_sign_in_where_pages_are_programs() -> None:
    """Steps use what the page's address told and what earlier answers held."""
    wanted: Any = {"who": {"name": "somebody"}, "secret": ["right"]}
    pages: dict[str, Page] = {
        "/auth": lambda _: to("/app", challenge="x y"),
        "/app": lambda _: html("<script src=app.js></script>"),
        "/api/start": lambda _: httpx2.Response(200, json={"flow": {"id": 7}}),
        "/api/in/7": lambda sent: httpx2.Response(200 if sent == wanted else 403),
        "/resume": lambda sent: to(BACK, code=sent["challenge"]),
    }
    assert code_of(arrive(pages, STEPS)) == "x y"
    with pytest.raises(Misconfigured, match="403"):
        arrive({**pages, "/api/in/7": lambda _: httpx2.Response(403)}, STEPS)
    with pytest.raises(Misconfigured, match=r"has no flow\.id"):
        arrive({**pages, "/api/start": lambda _: httpx2.Response(200, json={})}, STEPS)


def test_a_command_signs_in() -> None:
    """It is told the request and the credentials, and prints the callback URL as its last line."""
    script = (
        "import os; e = os.environ; print('a log line');"
        "told = 'state=' in e['CITYTWIN_AUTHORIZATION_URL'];"
        f"print({BACK!r} + f'?code={{e[\"CITYTWIN_USER\"]}}&state={{told}}')"
    )
    arrival = arrive({"/auth": ASKING}, LoginPart(kind="command", command=(sys.executable, "-c", script)))
    assert (code_of(arrival), arrival.get("state")) == ("somebody", "True")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('no browser')", "no browser"),
        ("print('http://elsewhere.example')", "callback URL"),
        ("input()", "end well"),
    ],
)
def test_a_command_that_fails_is_a_fault_of_the_plan(code: str, said: str) -> None:
    """Its last words are told."""
    part = LoginPart(kind="command", command=(sys.executable, "-c", code), command_timeout_s=20.0)
    with pytest.raises(Misconfigured, match=said):
        arrive({"/auth": ASKING}, part)


def test_a_session_in_the_commands_browser_needs_a_person() -> None:
    """The suite cannot look into another browser, and does not say that nobody is signed in."""
    rp = party({"/auth": ASKING}, LoginPart(kind="command", command=(sys.executable, "-c", f"print({BACK!r})")))
    browser = rp.new_browser()
    rp.authorize(rp.request("v" * 43), browser)
    with pytest.raises(NeedsReview):
        rp.authorize(rp.request("v" * 43), browser)


def test_a_callback_in_a_query_of_another_address_is_none() -> None:
    """Only the place itself counts, not what is said in it."""
    pages: dict[str, Page] = {"/auth": lambda _: to(f"{OP}/in?next={quote(BACK)}"), "/in": lambda _: html("", 400)}
    assert isinstance(arrive(pages), Stop)
