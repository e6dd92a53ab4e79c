"""Bodies that cannot be understood in one way only are refused."""

import pytest
from sandbox_city import City


@pytest.mark.parametrize(
    "body",
    [b'{"name":"a","name":"b"}', b'{"x":{"a":1,"a":1}}', b'{"x":"\xff"}', b'{"x":NaN,}', b"", b"[" * 5000],
)
def test_unclear_json_is_refused(city: City, body: bytes) -> None:
    """Doubled names, bytes that are no UTF-8, also in members that are passed over, and no JSON at all are 400."""
    answer = city.call("POST", "/v1/shelters", "city-office", body)
    assert (answer.status, answer.problem) == (400, "malformed-request")
