"""Bounds of what anybody can make the server keep."""

from typing import Any

import pytest
from browser import Browser
from signing_in import ask

from reference_api.oidc import row_bounds
from reference_api.oidc.parameters import MAX_CHARACTERS


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for three rows, looked after each time."""
    monkeypatch.setattr(row_bounds, "MOST_ROWS", 3)
    monkeypatch.setattr(row_bounds, "LOOKED_AFTER", 1)


@pytest.mark.parametrize("table", ["interaction", "pushed_request", "device_code"])
def test_the_oldest_make_room(city: Any, party: Any, crowded: None, table: str) -> None:
    """However many are begun by people who never sign in, the latest few are kept."""
    one, kiosk = party("example-app"), party("example-kiosk")
    begin = {
        "interaction": one.ask,
        "pushed_request": lambda: one.post("/par", **one.parameters()),
        "device_code": lambda: kiosk.post("/device_authorization", scope="openid"),
    }[table]
    for _ in range(10):
        city.clock.set_s(city.clock.now_s() + 1)
        begin()
    kept = city.rows(f"SELECT expires_at_s FROM {table} ORDER BY expires_at_s DESC")  # noqa: S608 - a table of ours
    assert [kept[0][0] - row[0] for row in kept] == [0, 1, 2, 3]


def test_whoever_began_last_goes_on(city: Any, party: Any, crowded: None) -> None:
    """The page of a person who begins in a crowd works."""
    service = party()
    for _ in range(5):
        service.ask()
    browser = Browser(city)
    ask(browser, service)
    assert browser.view.status == 200
    assert browser.open(browser.view.url).status == 200


@pytest.mark.parametrize("path", ["/authorize", "/par", "/device_authorization", "/token"])
def test_long_requests_are_refused(city: Any, party: Any, path: str) -> None:
    """What is kept of a request before anybody signed in is short."""
    one = party("example-app")
    answer = one.post(path, **one.parameters(state="x" * MAX_CHARACTERS))
    assert answer.status == 400
    assert b"invalid_request" in answer.body
    assert not city.rows("SELECT 1 FROM interaction") + city.rows("SELECT 1 FROM pushed_request")
