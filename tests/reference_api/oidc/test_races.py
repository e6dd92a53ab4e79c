"""Two requests at the same moment: a code, a refresh token, a pushed request or an assertion counts once."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec

from conformance.contract.operations import load_operations
from reference_api.call import Call, Reply
from reference_api.handlers import HANDLERS

AT_ONCE = 4


def together(city: Any, operation_id: str, form: dict[str, str], count: int = AT_ONCE) -> list[Reply]:
    """Replies to the same form, sent several times to one worker at the same moment."""
    operation = next(one for one in load_operations() if one.operation_id == operation_id)
    services = city.app.services
    headers = {"content-type": "application/x-www-form-urlencoded"}
    call = Call(operation, {}, headers, "", urlencode(form).encode(), city.clock.now_s())

    async def all_of_them() -> list[Reply]:
        await services.secret.learn(services.store)
        return await asyncio.gather(*(HANDLERS[operation_id](services, call) for _ in range(count)))

    replies: list[Reply] = city.opened.in_loop(all_of_them())
    return replies


def test_of_codes_that_come_together_one_is_redeemed(city: Any, party: Any) -> None:
    """One gets tokens, the others are replays, which end its grant (RFC 6749 4.1.2)."""
    app = party("example-app")
    form = {
        "grant_type": "authorization_code",
        "client_id": "example-app",
        "code": app.code(),
        "redirect_uri": app.client.redirect_uris[0],
        "code_verifier": app.verifier,
    }
    replies = together(city, "issueToken", form)
    assert sorted(reply.status for reply in replies) == [200, *[400] * (AT_ONCE - 1)]
    won = next(msgspec.json.decode(reply.body) for reply in replies if reply.status == 200)
    assert not city.opens_userinfo(won["access_token"])
    assert app.refresh(won["refresh_token"]).json["error"] == "invalid_grant"


def test_of_refreshes_that_come_together_one_is_served(city: Any, party: Any) -> None:
    """One gets the next token, the others are reuses, which end the family."""
    app = party("example-app")
    token = app.tokens()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "example-app", "refresh_token": token}
    replies = together(city, "issueToken", form)
    assert sorted(reply.status for reply in replies) == [200, *[400] * (AT_ONCE - 1)]
    won = next(msgspec.json.decode(reply.body) for reply in replies if reply.status == 200)
    assert not city.opens_userinfo(won["access_token"])
    assert app.refresh(won["refresh_token"]).json["error"] == "invalid_grant"


def test_of_assertions_that_come_together_one_counts(city: Any, party: Any) -> None:
    """The same assertion opens the token endpoint once."""
    one = party("example-key-client")
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": one.assertion(),
    }
    replies = together(city, "issueToken", form)
    assert sorted(reply.status for reply in replies) == [200, *[401] * (AT_ONCE - 1)]


def test_first_keys_and_secrets_are_made_once(make_city: Any) -> None:
    """Whoever needs a key first makes it, also when many come first."""
    city = make_city()
    replies = together(city, "getJwks", {})
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert len(city.rows("SELECT kid FROM signing_key")) == 2
    assert len(city.rows("SELECT secret FROM server_secret")) == 1
