"""Preflight: each error of configuration has a message of its own, with the fix, and several are told at once."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from answering import NOT_FOUND, PAGE, Answer, answering, as_json, fhir_server, provider, self_signed
from judged_city import plan_for, served_city
from msgspec.structs import replace

from conformance.plan import ClientPart, FhirPart, LoginPart, PersonPart, Plan, ReceiverPart, TargetPart
from conformance.preflight.hold import preflight
from conformance.preflight.remark import Remark

OPEN_CLIENT = ClientPart(client_id="somebody", auth_method="none")
PERSON = {"CITYTWIN_USER": "somebody", "CITYTWIN_PASSWORD": "something"}


def plan_of(issuer: str = "", fhir: str = "", **parts: Any) -> Plan:
    """A plan for a stranger's provider or FHIR server."""
    target = TargetPart((*(["core-oidc"] if issuer else []), *(["health-fhir"] if fhir else [])), issuer, "", fhir)
    return Plan(replace(target, timeout_s=2.0), **{"client": OPEN_CLIENT, **parts})


def kinds(found: list[Remark]) -> list[str]:
    """Words for what was found; what does not stand in a run's way has a mark."""
    assert all(one.text.en and one.text.ja != one.text.en for one in found)
    return [one.kind + ("" if one.blocks else "?") for one in found]


def single(found: list[Remark]) -> str:
    """The only remark's text."""
    assert len(found) == 1, [one.text.en for one in found]
    return found[0].text.en


def test_nobody_listens() -> None:
    """The port is closed: the service is not started, or the port is wrong."""
    assert "nobody listens" in single(preflight(plan_of("http://127.0.0.1:1"), PERSON))


def test_a_name_that_is_not_known() -> None:
    """DNS is told apart from silence."""
    assert "DNS" in single(preflight(plan_of("https://city-os.invalid"), PERSON))


def test_a_host_that_says_nothing() -> None:
    """A connection without an answer ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        begin_s = time.monotonic()
        plan = plan_of(f"http://127.0.0.1:{mute.getsockname()[1]}")
        plan = replace(plan, target=replace(plan.target, timeout_s=0.3))
        assert "does not answer in time" in single(preflight(plan, PERSON))
    assert time.monotonic() - begin_s < 5


def test_a_host_is_told_once() -> None:
    """A dead host with three addresses in the plan is one error."""
    plan = plan_of("http://127.0.0.1:1", "http://127.0.0.1:1/fhir")
    assert kinds(preflight(plan, PERSON)) == ["unreachable"]


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """The fix is ca_file, and with it the service is reached."""
    pem = self_signed(tmp_path)
    with answering(provider, certificate=pem) as url:
        text = single(preflight(plan_of(url), PERSON))
        assert "target.ca_file" in text
        assert "self-signed" in text
        plan = plan_of(url)
        trusting = replace(plan, target=replace(plan.target, ca_file=str(pem)))
        assert "certificate" not in kinds(preflight(trusting, PERSON))


def test_https_where_there_is_none() -> None:
    """A wrong scheme is told as such."""
    with answering(provider) as url:
        text = single(preflight(plan_of(url.replace("http:", "https:")), PERSON))
    assert "http://" in text


def test_a_file_without_certificates(tmp_path: Path) -> None:
    """The plan's file is named."""
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    plan = plan_of("https://127.0.0.1:1")
    broken = replace(plan, target=replace(plan.target, ca_file=str(tmp_path / "ca.pem")))
    assert "holds no certificates" in single(preflight(broken, PERSON))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NOT_FOUND, "404"),
        (PAGE, "HTML"),
        (as_json({"hello": 1}), "JSON of another kind"),
        ((503, "text/plain", ""), "error of its own"),
        ((200, "application/json", ""), "200"),
    ],
)
def test_an_address_that_is_no_provider(answer: Answer, said: str) -> None:
    """A page, a 404, other JSON: what came is told, and where to find the issuer."""
    with answering(lambda _url, _path: answer) as url:
        text = single(preflight(plan_of(url), PERSON))
    assert said in text
    assert "target.issuer" in text


def test_an_address_that_is_no_fhir_server() -> None:
    """The base address is asked for."""
    with answering(partial(fhir_server, base="/fhir/R4")) as url:
        assert "target.fhir" in single(preflight(plan_of(fhir=url), {}))
        assert preflight(plan_of(fhir=url + "/fhir/R4"), {}) == []


def test_a_provider_under_another_name() -> None:
    """An alias of a right provider is the plan's fault, and the right name is told."""
    with answering(provider) as url:
        text = single(preflight(plan_of(url.replace("127.0.0.1", "localhost")), PERSON))
        assert f"Set target.issuer to {url}" in text.replace("that", url)


def test_a_provider_that_calls_itself_wrongly_is_judged() -> None:
    """Where its own name leads nowhere, that is its fault and no configuration's."""

    def wrong(url: str, path: str) -> Answer:
        """Metadata of a provider that has forgotten its port."""
        status, kind, body = provider(url, path)
        return status, kind, body.replace(f'"issuer": "{url}"', '"issuer": "http://127.0.0.1:1"')

    with answering(wrong) as url:
        assert "issuer" not in kinds(preflight(plan_of(url), PERSON))


@pytest.mark.parametrize(("ahead_s", "words"), [(600, "ahead of"), (-600, "behind")])
def test_a_clock_that_is_off(ahead_s: float, words: str) -> None:
    """Ten minutes are told, once for a host, with the way."""
    with answering(partial(fhir_server), ahead_s=ahead_s) as url:
        found = preflight(plan_of(fhir=url + "/fhir"), {})
    assert kinds(found) == ["clock"]
    assert words in found[0].text.en
    assert "NTP" in found[0].text.en


def test_a_fhir_server_that_wants_a_token() -> None:
    """Open but locked, and a token that is refused, are told apart."""
    with answering(partial(fhir_server, locked=True)) as url:
        assert 'fhir.access = "token"' in single(preflight(plan_of(fhir=url + "/fhir"), {}))
        given = _with_token(url)
        assert "refuses the token" in single(preflight(given, {"CITYTWIN_FHIR_TOKEN": "old"}))
        assert kinds(preflight(given, {})) == ["variable"]


def _with_token(url: str) -> Plan:
    plan = plan_of(fhir=url + "/fhir")
    return replace(plan, fhir=FhirPart("token"))


def test_variables_that_lack_are_told_together() -> None:
    """With an address that is wrong as well: all at once."""
    found = preflight(plan_of("http://127.0.0.1:1", client=ClientPart()), {})
    assert kinds(found) == ["variable"] * 4 + ["unreachable"]
    assert "CITYTWIN_CLIENT_SECRET" in found[1].text.en


def test_a_key_that_is_none() -> None:
    """private_key_jwt needs a private JWK."""
    client = ClientPart(client_id="a", auth_method="private_key_jwt", private_jwk_env="KEY")
    found = preflight(plan_of("http://127.0.0.1:1", client=client), {**PERSON, "KEY": "secret"})
    assert "holds no private key" in found[0].text.en


def test_a_receivers_port_that_is_taken() -> None:
    """What listens there is somebody else's."""
    with socket.create_server(("127.0.0.1", 0)) as taken, answering(partial(fhir_server)) as url:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        plan = plan_of(fhir=url + "/fhir", receiver=ReceiverPart(f"http://{place}", place))
        assert f"cannot listen at {place}" in single(preflight(plan, {}))


def test_a_receiver_with_two_ports() -> None:
    """The target would send where nobody listens."""
    with answering(partial(fhir_server)) as url:
        plan = plan_of(fhir=url + "/fhir", receiver=ReceiverPart("http://127.0.0.1:9", "127.0.0.1:0"))
        assert "another port" in single(preflight(plan, {}))


def test_a_sandbox_that_is_not_there() -> None:
    """The plan counts on it."""
    with answering(_city_without_sandbox) as url:
        target = TargetPart(("core-rest",), city_os=url)
        plan = Plan(target, client=ClientPart("sandbox"), person=PersonPart("sandbox"))
        assert "[client], [person]" in single(preflight(plan, {}))


def _city_without_sandbox(url: str, path: str) -> Answer:
    described = path == "/.well-known/city-os"
    return as_json({"issuer": url, "api_base": url, "profiles": []}) if described else NOT_FOUND


@pytest.fixture(scope="module")
def city() -> Iterator[str]:
    """Address of the reference city OS."""
    with served_city() as url:
        yield url


@pytest.fixture(scope="module")
def given(city: str) -> Mapping[str, str]:
    """A client and a person of its sandbox, as an environment."""
    with urlopen(city + "/.well-known/city-os") as answer:  # noqa: S310 - our own server
        sandbox = json.load(answer)["sandbox"]
    client = next(one for one in sandbox["clients"] if one["client_id"] == "example-service")
    return {
        "CITYTWIN_CLIENT_ID": client["client_id"],
        "CITYTWIN_CLIENT_SECRET": client["client_secret"],
        "CITYTWIN_USER": sandbox["sign_in"]["subjects"][0],
        "CITYTWIN_PASSWORD": sandbox["sign_in"]["password"],
    }


def stranger(city: str, **parts: Any) -> Plan:
    """The reference as a provider of which nothing is known but a client and a person."""
    return plan_of(city, **{"client": ClientPart(), **parts})


def test_the_reference_stands_in_no_way(city: str, given: Mapping[str, str]) -> None:
    """As a city OS with a sandbox, and as a stranger's provider."""
    plan = plan_for(city)
    quiet = replace(plan, receiver=ReceiverPart())
    assert preflight(quiet, {}) == []
    assert preflight(stranger(city), given) == []


def test_a_clients_secret_that_is_wrong(city: str, given: Mapping[str, str]) -> None:
    """Refused at the token endpoint: the variables are named, and the client."""
    found = preflight(stranger(city), {**given, "CITYTWIN_CLIENT_SECRET": "wrong"})
    assert set(kinds(found)) == {"client"}
    assert "credentials of client example-service were refused" in found[0].text.en


def test_a_client_that_is_not_known(city: str, given: Mapping[str, str]) -> None:
    """The provider shows an error instead of a sign-in page."""
    found = preflight(stranger(city), {**given, "CITYTWIN_CLIENT_ID": "nobody"})
    assert set(kinds(found)) == {"client"}


def test_a_password_that_is_wrong(city: str, given: Mapping[str, str]) -> None:
    """The page comes back: the person's variables are named."""
    text = single(preflight(stranger(city), {**given, "CITYTWIN_PASSWORD": "wrong"}))
    assert "were refused" in text
    assert given["CITYTWIN_USER"] not in text


def test_a_login_page_that_changed(city: str, given: Mapping[str, str]) -> None:
    """A field that the plan names is no longer there: those that are there are told."""
    plan = stranger(city, login=LoginPart(user_field="kennung"))
    text = single(preflight(plan, given))
    assert "no such fields" in text
    assert "user_field" in text


def test_a_redirect_uri_that_is_not_registered(city: str, given: Mapping[str, str]) -> None:
    """The plan's and the registered one differ."""
    client = ClientPart(redirect_uri="http://127.0.0.1:8765/elsewhere")
    found = preflight(stranger(city, client=client), given)
    assert kinds(found) == ["redirect-uri"]
    assert "http://127.0.0.1:8765/elsewhere" in found[0].text.en


def test_a_role_without_a_token(city: str) -> None:
    """A client of a role with a wrong secret."""
    roles = {"city_office": ClientPart(client_id="city-office", client_secret_env="OFFICE")}
    target = TargetPart(("core-rest",), city, city)
    plan = Plan(target, client=ClientPart("sandbox"), person=PersonPart("sandbox"), roles=roles)
    found = preflight(plan, {"OFFICE": "wrong"})
    assert kinds(found) == ["role"]
    assert "[roles.city_office]" in found[0].text.en


def test_what_the_target_hands_out_is_no_fault_of_the_plan() -> None:
    """A sandbox whose own clients are refused is judged: notes, and no stop."""

    def refusing(url: str, path: str) -> Answer:
        """A city OS that refuses everybody, its own sandbox's clients too."""
        if path == "/token_endpoint":
            return as_json({"error": "invalid_client"}, 401)
        if path != "/.well-known/city-os":
            return provider(url, path)
        client = {"client_id": "a", "client_secret": "b", "role": "service", "redirect_uris": ["http://127.0.0.1/c"]}
        people = {"subjects": ["one"], "password": "two"}
        return as_json({"issuer": url, "sandbox": {"clients": [client], "sign_in": people}})

    with answering(refusing) as url:
        plan = Plan(TargetPart(("core-oidc",), url, url), client=ClientPart("sandbox"), person=PersonPart("sandbox"))
        found = preflight(plan, {})
    assert kinds(found) == ["client?", "client?"]
