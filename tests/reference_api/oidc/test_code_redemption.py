"""Authorization codes: redeemed once, in time, by whom they were given to, with the verifier."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_api.oidc.code_redemption import challenge_of


@pytest.mark.parametrize(
    "client_id", ["example-service", "example-second-service", "example-app", "example-key-client"]
)
def test_a_code_gives_tokens(city: Any, party: Any, client_id: str) -> None:
    """Each kind of client gets what RFC 6749 5.1 and Core 3.1.3.3 name, and may not store it."""
    one = party(client_id)
    answer = one.redeem(one.code())
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert city.opens_userinfo(answer.json["access_token"])


def test_without_offline_access_nothing_outlives_the_token(party: Any) -> None:
    """No refresh token is given where offline_access was not granted (Core 11), no ID token without openid."""
    one = party()
    assert "refresh_token" not in one.tokens(scope="openid")
    assert "id_token" not in one.tokens(scope="offline_access users.read")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": "bogus"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8765/callback?from=city"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "a" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": "é" * 43}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
def test_faulty_redemptions_leave_the_code_as_it_was(party: Any, changed: dict[str, Any], error: str) -> None:
    """Each is refused with status 400 (O-TOK-08 to O-TOK-10); the code can still be redeemed rightly."""
    one = party()
    code = one.code()
    refused = one.redeem(code, **changed)
    assert (refused.status, refused.json["error"]) == (400, error)
    assert one.redeem(code).status == 200


def test_a_code_that_comes_again_ends_its_grant(city: Any, party: Any) -> None:
    """The second use is refused, and everything that the first gave holds no longer (OIDC-007, O-TOK-17)."""
    one = party()
    code = one.code()
    first = one.redeem(code).json
    again = one.redeem(code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert not city.opens_userinfo(first["access_token"])
    assert one.refresh(first["refresh_token"]).json["error"] == "invalid_grant"


def test_a_replay_much_later_is_still_noticed(city: Any, party: Any) -> None:
    """Half an hour after its use a code still ends its grant."""
    one = party()
    code = one.code()
    first = one.redeem(code).json
    city.clock.set_s(city.clock.now_s() + 1800.0)
    one.redeem(one.code("c1"))
    assert one.redeem(code).json["error"] == "invalid_grant"
    assert not city.opens_userinfo(first["access_token"])


def test_one_grant_ends_alone(city: Any, party: Any) -> None:
    """A replay does not touch what the same client was given for another code."""
    one = party()
    other = one.tokens("c1")["access_token"]
    code = one.code()
    one.redeem(code)
    one.redeem(code)
    assert city.opens_userinfo(other)


def test_a_code_belongs_to_its_client(city: Any, party: Any) -> None:
    """Another client cannot redeem it (O-TOK-12), and its trying changes nothing."""
    one, thief = party(), party("example-second-service")
    code = one.code()
    stolen = thief.redeem(code, redirect_uri=one.client.redirect_uris[0], code_verifier=one.verifier)
    assert (stolen.status, stolen.json["error"]) == (400, "invalid_grant")
    assert one.redeem(code).status == 200


@pytest.mark.parametrize(("wait_s", "status"), [(59.5, 200), (60.0, 400), (3600.0, 400)])
def test_a_code_lives_a_minute(city: Any, party: Any, wait_s: float, status: int) -> None:
    """Just before its end it is taken, from then on it is not (O-TOK-13)."""
    one = party()
    code = one.code()
    city.clock.set_s(city.clock.now_s() + wait_s)
    assert one.redeem(code).status == status


def test_a_client_without_the_grant_type_is_refused(city: Any, party: Any) -> None:
    """What a client did not register it cannot use."""
    answer = city.ask_token("city-office", grant_type="authorization_code", code="x")
    assert answer.json["error"] == "unauthorized_client"


def test_the_verifier_of_the_standard_is_taken() -> None:
    """The example of RFC 7636, appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_code_or_verifier_is_refused(city: Any, party: Any, data: st.DataObject) -> None:
    """A code or verifier with any one character changed, dropped or doubled opens nothing."""
    one = party()
    code = one.code()
    which = data.draw(st.sampled_from(["code", "code_verifier"]))
    text = code if which == "code" else one.verifier
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(["", "a", "B", "-", "~", text[place] * 2]))
    changed = text[:place] + letter + text[place + 1 :]
    if changed == text:
        return
    refused = one.redeem(code, **{which: changed})
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
