"""UserInfo: what is told about a person, to whom."""

import json
from typing import Any

import pytest
from browser import Browser
from signing_in import agree, log_in


def tokens(city: Any, service: Any, name: str = "c0", **changed: Any) -> dict[str, Any]:
    """What a client gets when a person signs in and agrees to everything."""
    return dict(service.redeem(log_in(Browser(city), service, name, **changed)["code"]).json)


def ask(city: Any, token: str, method: str = "GET") -> Any:
    """The claims of a token's person."""
    return city.call(method, "/userinfo", authorization=f"Bearer {token}")


def test_claims_by_scope(city: Any, party: Any) -> None:
    """Each scope gives its claims, in the types of OpenID Connect Core 5.1; openid alone gives the subject."""
    service = party()
    told = ask(city, tokens(city, service, scope="openid profile email address phone")["access_token"]).json
    assert {name: told[name] for name in told if name not in ("sub", "updated_at")} == {
        "name": "𠮷野󠄁 0",
        "family_name": "𠮷野󠄁",
        "given_name": "0",
        "name#ja-Kana-JP": "ヨシノ 0",
        "family_name#ja-Kana-JP": "ヨシノ",
        "given_name#ja-Kana-JP": "0",
        "gender": "female",
        "birthdate": "1950-02-03",
        "email": "0@example.jp",
        "email_verified": False,
        "phone_number": "090-0",
        "phone_number_verified": False,
        "address": {"formatted": "町0"},
    }
    assert isinstance(told["updated_at"], int)
    assert set(ask(city, tokens(city, service, scope="openid")["access_token"]).json) == {"sub"}


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid email", {"email", "email_verified"}),
        ("openid phone", {"phone_number", "phone_number_verified"}),
        ("openid address", {"address"}),
    ],
)
def test_nothing_beyond_the_scope(city: Any, party: Any, scope: str, claims: set[str]) -> None:
    """A consent whose category covers more does not open claims that were not asked for."""
    service = party()
    tokens(city, service, scope="openid profile email address phone")
    told = ask(city, tokens(city, service, scope=scope, prompt="consent")["access_token"]).json
    assert set(told) == {"sub", *claims}


def test_subject_is_that_of_the_id_token(city: Any, party: Any) -> None:
    """GET and POST tell the same person by the same pairwise subject, which differs between sectors (OIDC-015, 025)."""
    subjects = set()
    for client_id in ("example-service", "example-second-service"):
        service = party(client_id)
        got = tokens(city, service)
        sub = service.claims(got["id_token"])["sub"]
        assert {ask(city, got["access_token"], method).json["sub"] for method in ("GET", "POST")} == {sub}
        subjects.add(sub)
    assert len(subjects) == 2
    assert "c0" not in subjects


def test_token_in_a_form(city: Any, party: Any) -> None:
    """POST takes the token as a form field too; twice is refused, and so is none."""
    token = tokens(city, party())["access_token"]
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert city.call("POST", "/userinfo", body=f"access_token={token}".encode(), **form).json["name"] == "𠮷野󠄁 0"
    twice = city.call(
        "POST", "/userinfo", body=f"access_token={token}".encode(), authorization=f"Bearer {token}", **form
    )
    assert twice.status == 400
    for answer in (city.call("POST", "/userinfo"), ask(city, "x.y.z"), ask(city, token[:-4])):
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_claims_asked_for_one_by_one(city: Any, party: Any) -> None:
    """The claims parameter gives single claims where it wants them; what is unknown or not allowed is left out."""
    service = party()
    wanted = {
        "userinfo": {
            "birthdate": {"essential": True},
            "name": None,
            "unheard": {"essential": True},
            "birth_year": None,
        },
        "id_token": {"email": None, "auth_time": {"essential": True}},
    }
    got = tokens(city, service, scope="openid", claims=json.dumps(wanted))
    assert set(ask(city, got["access_token"]).json) == {"sub", "birthdate", "name", "name#ja-Kana-JP"}
    claims = service.claims(got["id_token"])
    assert claims["email"] == "0@example.jp"
    assert "birthdate" not in claims


def test_tourist_guide_learns_little(city: Any, party: Any) -> None:
    """A client for tourism gets sex, year of birth and municipality, whatever it asks for (contract C2)."""
    service = party("example-tourism")
    wanted = {
        "userinfo": {name: {"essential": True} for name in ("name", "birthdate", "address", "email", "birth_year")}
    }
    got = tokens(city, service, scope="openid profile email tourism.profile", claims=json.dumps(wanted))
    told = ask(city, got["access_token"]).json
    assert {name: told[name] for name in told if name != "sub"} == {
        "gender": "female",
        "birth_year": 1950,
        "residence_municipality": "072028",
    }


def test_city_app_is_shown_the_persons_own(city: Any, party: Any) -> None:
    """An app of the city acts for the person: all of their data, the ID that the city uses, no consent record made."""
    app = party("example-city-app")
    got = tokens(city, app, scope="openid profile email local_id safety.write")
    told = ask(city, got["access_token"]).json
    assert (told["sub"], told["local_id"], told["email"]) == ("c0", "c0", "0@example.jp")
    assert city.rows("SELECT count(*) FROM consent WHERE client_id = 'example-city-app'") == [(0,)]
    assert city.rows("SELECT count(*) FROM access_log") == [(0,)]


SAME = {"name": "name", "birthdate": "birth_date", "gender": "sex", "email": "email", "phone_number": "phone"}
"""Claims and members of the contract's UserData that tell the same."""


@pytest.mark.parametrize("scope", ["", "profile", "email", "profile email phone", "profile email phone address"])
def test_userinfo_and_users_tell_the_same(city: Any, party: Any, scope: str) -> None:
    """For one client and purpose both answers rest on the same consents (CONS-009): UserInfo never tells more."""
    token = tokens(city, party(), scope=f"openid users.read {scope}")["access_token"]
    told = ask(city, token).json
    users = city.call("GET", f"/v1/users/{told['sub']}?purpose=personal_service", authorization=f"Bearer {token}")
    data = users.json["data"] if users.status == 200 else {}
    assert (users.status == 200) == bool(scope)
    for claim, member in SAME.items():
        if claim in told:
            assert told[claim] == data[member]
    wanted = {"profile": {"name", "birthdate", "gender"}, "email": {"email"}, "phone": {"phone_number"}}
    assert {claim for claim in SAME if claim in told} == {
        claim for name in scope.split() for claim in wanted.get(name, set())
    }


def test_withdrawn_consent_empties_the_answer(city: Any, party: Any) -> None:
    """The token still says who it is; what rested on the consent is gone at once, for that client only."""
    service, second = party(), party("example-second-service")
    first_token, second_token = (tokens(city, one)["access_token"] for one in (service, second))

    async def withdraw() -> None:
        async with city.store.transaction():
            await city.store.run("UPDATE consent SET state = 'withdrawn' WHERE client_id = 'example-service'")

    city.opened.drive(withdraw())
    assert set(ask(city, first_token).json) == {"sub"}
    assert "name" in ask(city, second_token).json


def test_disclosures_are_logged(city: Any, party: Any) -> None:
    """Each answer leaves a line with the person, the client, the purpose and the basis of every category."""
    token = tokens(city, party(), scope="openid profile email")["access_token"]
    ask(city, token)
    rows = city.rows(
        "SELECT person, client_id, recipient, purpose, grants FROM access_log"
        " JOIN access_request ON access_request.id = request_id JOIN access_grant ON access_grant.id = grant_id"
    )
    assert rows == [
        ("s:c0", "example-service", "service:example-service", "personal_service",
         "profile.basic=consent profile.contact=consent"),
    ]  # fmt: skip


def test_scope_openid_is_needed(city: Any) -> None:
    """A client's own token, and a person's token without openid, are not for UserInfo."""
    assert city.call("GET", "/userinfo", "city-office").status in (401, 403)
    assert city.call("GET", "/userinfo", "c0").status in (401, 403)


def test_consent_page_names_single_claims(city: Any, party: Any) -> None:
    """What is asked for beyond the scopes stands on the consent page by name."""
    browser, service = Browser(city), party()
    agree(browser, service, scope="openid", claims=json.dumps({"userinfo": {"birthdate": None}}))
    assert "Date of birth" in browser.view.text
    assert "E-mail address" not in browser.view.text
