"""What a service says of itself is found at the address that a user has, and near it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from answering import NOT_FOUND, PAGE, Answer, answering, as_json, fhir_server, provider
from judged_city import served_city

from conformance.errors import PlanError
from conformance.planning.discovery import Found, discover
from conformance.wire import Line


@contextmanager
def line() -> Iterator[Line]:
    """A connection for a test."""
    one = Line(timeout_s=3.0)
    try:
        yield one
    finally:
        one.close()


def found(url: str) -> Found:
    """What is found at an address."""
    with line() as one:
        return discover(url, one)


def test_a_city_os_is_found_with_all_that_it_names() -> None:
    """Issuer, FHIR base and sandbox come from its own document."""
    with served_city() as url:
        seen = found(url + "/")
        assert (seen.issuer, seen.fhir) == (url, url + "/fhir")
        assert seen.sandbox["clients"]
        assert seen.capability["fhirVersion"] == "4.0.1"
        assert found(url + "/.well-known/city-os").city_os == seen.city_os


def test_an_issuer_with_a_path_is_found() -> None:
    """Its document stands below the path (OIDCD 4.1)."""
    with answering(partial(provider, issuer="/realms/town")) as url:
        for given in (
            f"{url}/realms/town",
            f"{url}/realms/town/",
            f"{url}/realms/town/.well-known/openid-configuration",
        ):
            assert found(given).issuer == f"{url}/realms/town"


def test_an_issuer_with_a_slash_keeps_it() -> None:
    """The issuer is written as the provider writes it."""
    with answering(_slashed) as url:
        assert found(url).issuer == url + "/"


def _slashed(url: str, path: str) -> Answer:
    status, kind, body = provider(url, path)
    return status, kind, body.replace(f'"issuer": "{url}"', f'"issuer": "{url}/"')


def test_the_hosts_own_document_leads_to_an_issuer_with_a_path() -> None:
    """A host that shows the metadata of its only issuer at its root."""
    with answering(_at_the_root) as url:
        assert found(url).issuer == url + "/op"


def _at_the_root(url: str, path: str) -> Answer:
    return provider(url, path if path.startswith("/op") else "/op" + path, "/op")


@pytest.mark.parametrize("base", ["", "/fhir", "/fhir/R4"])
def test_a_fhir_server_is_found_near_its_host(base: str) -> None:
    """By its base address, or by that of its host."""
    with answering(partial(fhir_server, base=base)) as url:
        assert found(url).fhir == url + base
        assert found(url + base).fhir == url + base
        assert found(f"{url}{base}/metadata").fhir == url + base


def test_whether_fhir_wants_a_token_is_seen() -> None:
    """By what a search without one is answered."""
    with answering(partial(fhir_server, locked=True)) as url:
        assert found(url).fhir_status == 401


def test_an_address_of_nothing_tells_all_that_was_asked() -> None:
    """The user sees where the suite looked, and what came."""
    answers = answering(lambda _url, path: PAGE if path == "/metadata" else NOT_FOUND)
    with answers as url, pytest.raises(PlanError) as caught:
        found(url)
    told = [one.text.en for one in caught.value.faults]
    assert "neither a city OS" in told[0]
    assert any("/.well-known/openid-configuration: 404" in one for one in told)
    assert any("/metadata: 200 text/html" in one for one in told)


@pytest.mark.parametrize("url", ["", "http://", "http://[::1", "ftp://host", "a b"])
def test_what_is_no_address_is_told(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(PlanError):
        found(url)


def test_a_host_that_is_not_there_is_told() -> None:
    """With the fix, as preflight tells it."""
    with pytest.raises(PlanError, match="nobody listens"):
        found("http://127.0.0.1:1")


def test_a_host_without_a_scheme_is_taken_for_https() -> None:
    """As browsers do."""
    with pytest.raises(PlanError, match=r"https://127\.0\.0\.1:1"):
        found("127.0.0.1:1")


def test_json_of_another_kind_is_not_taken() -> None:
    """A server that answers everything with the same object."""
    with answering(lambda _url, _path: as_json({"status": "ok"})) as url, pytest.raises(PlanError):
        found(url)
