"""Pages of other origins may call the API with a token they hold, and never with a cookie."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reference_api.cross_origin import REQUEST_HEADERS, preflight


def test_a_page_may_ask_and_read(city: Any) -> None:
    """A preflight names methods and headers; the answer itself may be read with its ETag; no cookie is ever allowed."""
    asked = city.call("OPTIONS", "/v1/shelters", origin="https://app.example", access_control_request_method="GET")
    assert asked.status == 204
    assert "GET" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    read = city.call("GET", "/v1/shelters", origin="https://app.example")
    assert read.headers["access-control-allow-origin"] == "*"
    assert "etag" in read.headers["access-control-expose-headers"]
    for answer in (asked, read):
        assert "access-control-allow-credentials" not in answer.headers


def test_faults_can_be_read_too(city: Any) -> None:
    """A page of another origin sees why it was refused."""
    refused = city.call("GET", "/v1/users/c0", origin="https://app.example")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "*")


def test_what_is_not_there_can_be_read_too(city: Any) -> None:
    """A page of another origin sees that a path or a method is not there."""
    for method, path, status in (("GET", "/v1/nothing", 404), ("DELETE", "/v1/shelters", 405)):
        refused = city.call(method, path, origin="https://app.example")
        assert (refused.status, refused.headers["access-control-allow-origin"]) == (status, "*")


def test_what_a_shared_cache_keeps_serves_every_page(city: Any) -> None:
    """An answer that may be kept is the same for who has no origin: the next one to get it may be a page."""
    for path in (
        "/v1/shelters",
        "/v1/shelters/status",
        "/v1/disaster-state",
        "/.well-known/jwks.json",
        "/.well-known/city-os",
    ):
        kept = city.call("GET", path)
        assert "max-age" in kept.headers["cache-control"], path
        assert kept.headers["access-control-allow-origin"] == "*", path


@given(methods=st.sets(st.sampled_from(["GET", "POST", "PUT", "DELETE"])))
def test_plain_options_lists_the_methods(methods: set[str]) -> None:
    """OPTIONS that is no preflight answers Allow and grants nothing."""
    reply = preflight(methods, None)
    assert set(reply.headers["allow"].split(", ")) == methods | {"OPTIONS"}
    assert REQUEST_HEADERS not in reply.headers.values()
