"""Exchanges survive writing and reading, and carry no secret."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.exchange import SECRET_MEMBERS, Exchange, ExchangeLog, decode, encode, mask, read_exchanges

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=400)
EXCHANGES = st.builds(
    Exchange,
    number=st.integers(0, 10**6),
    at_s=st.floats(0, 1e6),
    actor=st.sampled_from(["citizen", "desk"]),
    operation_id=st.just("checkIn"),
    method=st.just("POST"),
    url=st.just("/v1/x"),
    status=st.integers(0, 599),
    request_body=TEXT,
    response_body=TEXT,
)


@given(EXCHANGES)
def test_line_is_read_as_it_was_written(exchange: Exchange) -> None:
    """Decoding undoes encoding, and a line is one line."""
    line = encode(exchange)
    assert line.count(b"\n") == 1
    assert decode(line) == exchange


@given(st.lists(st.sampled_from(["a" * 300, "b" * 300, "short", ""]), max_size=20))
def test_equal_bodies_are_written_once_and_come_back(bodies: list[str]) -> None:
    """A long body stands in the file once for each distinct body; reading restores all of them."""
    file = io.BytesIO()
    log = ExchangeLog(file)
    said = [
        Exchange(number, 0.0, "desk", "op", "GET", "/", 200, response_body=body) for number, body in enumerate(bodies)
    ]
    for exchange in said:
        log.add(exchange)
    for letter in "ab":
        assert file.getvalue().count(letter.encode() * 300) == min(1, bodies.count(letter * 300))
    file.seek(0)
    assert list(read_exchanges(file)) == said


SECRETS = st.text(alphabet='abcdefghijklmnopqrstuvwxyzABCDEF0123456789-._~+/=\\" \n', min_size=20, max_size=60)


@given(st.sampled_from(SECRET_MEMBERS), SECRETS)
def test_secrets_of_json_are_masked(member: str, secret: str) -> None:
    """No credential of a JSON body is left, the body stays JSON, and equal secrets look equal."""
    body = json.dumps({"items": [{member: secret}], "kept": 1})
    masked = mask(Exchange(0, 0.0, "a", "op", "POST", "/", 200, request_body=body, response_body=body))
    read = json.loads(masked.response_body)
    assert read["kept"] == 1
    assert read["items"][0][member].startswith("***")
    assert len(read["items"][0][member]) == 11
    assert masked.request_body == masked.response_body


def test_secrets_of_headers_forms_and_addresses_are_masked() -> None:
    """Authorization keeps its scheme only; form and query parameters are masked too."""
    masked = mask(
        Exchange(
            0,
            0.0,
            "a",
            "op",
            "POST",
            "/cb?code=SECRETCODE&state=s",
            200,
            request_headers={"authorization": "Bearer SECRETTOKEN", "accept": "*/*"},
            request_body="grant_type=x&client_secret=SECRETPASS&subject_token=SECRETSUB",
        )
    )
    assert b"SECRET" not in encode(masked)
    assert masked.request_headers["authorization"].startswith("Bearer ***")
    assert masked.request_headers["accept"] == "*/*"
    assert masked.request_body.startswith("grant_type=x&client_secret=***")
    assert masked.url.endswith("&state=s")
