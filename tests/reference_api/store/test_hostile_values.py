"""Values that a database cannot hold, sent from outside."""

from typing import Any

import pytest

AT = "2027-01-15T07:00:00+09:00"


@pytest.mark.parametrize("name", ["a\u0000b", "\u0000", "田中"])
def test_no_text_makes_the_server_fail(city: Any, name: str) -> None:
    """U+0000 in a name is kept or refused as the sender's fault, whatever the database; the headcount tells which."""
    body = {"unregistered": {"temp_id": "t1", "name": name}, "channel": "paper", "observed_at": AT}
    answer = city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body)
    assert answer.status in (201, 422)
    assert city.board()["S0"]["headcount"] == (answer.status == 201)


def test_no_path_makes_the_server_fail(city: Any) -> None:
    """U+0000 in a path names nothing that is there."""
    assert city.call("GET", "/v1/users/%00", "city-office").status in (404, 422)
    assert city.call("GET", "/v1/check-ins?shelter=%00", "city-office").status in (404, 422)
