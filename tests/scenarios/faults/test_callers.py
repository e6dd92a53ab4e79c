"""Who calls what: operations by path, callers by token, districts by the town."""

from base64 import b64encode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import small_people

from agents.city_os.messages import SandboxClient
from conformance.contract.operations import load_operations
from scenarios.defaults import parameters_with_ids
from scenarios.faults.callers import Callers
from scenarios.faults.injection import ASSOCIATION, CITIZEN, CITY_OFFICE, DESK
from scenarios.faults.paths import Paths
from scenarios.faults.whereabouts import Whereabouts
from scenarios.seeding import home_district, person_ids
from twin.randomness import Stream
from twin.sources.people import populate

OPERATIONS = load_operations()
CLIENTS = (
    SandboxClient("app", CITIZEN),
    SandboxClient("desk", DESK, recipient="municipality"),
    SandboxClient("office", CITY_OFFICE, recipient="municipality"),
    SandboxClient("kumi", ASSOCIATION, recipient="association:N01"),
)
EXCHANGE = b"grant_type=urn%3Aietf&subject_token=c0000005&subject_token_type=urn%3Acitytwin%3Alocal-id"


def basic(client: str) -> str:
    """The header of a client with a secret."""
    return "Basic " + b64encode(f"{client}:secret".encode()).decode()


def jwt(**claims: str) -> str:
    """A token with claims; nobody checks its signature here."""
    return "e30." + urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=") + ".x"


def issued(token: str) -> bytes:
    """An answer of the token endpoint."""
    return msgspec.json.encode({"access_token": token, "expires_in": 60})


@given(
    operation=st.sampled_from(OPERATIONS),
    value=st.text("abcXYZ019-_.~%", min_size=1).filter(lambda text: text not in (".", "..") and "%" not in text),
    base=st.sampled_from(["", "/city/os"]),
    query=st.sampled_from(["", "?limit=3&cursor=/v1/shelters"]),
)
def test_every_operation_is_found_by_its_path(operation: object, value: str, base: str, query: str) -> None:
    """Whatever stands in a parameter; what is fixed at the same place wins."""
    one = next(each for each in OPERATIONS if each is operation)
    path = "/".join(f"x{value}" if part.startswith("{") else part for part in one.path.split("/"))
    assert Paths(base).find(one.method, f"https://host:1{base}{path}{query}")[0] == one.operation_id
    assert Paths(base).find(one.method, f"{base}{path}{query}")[0] == one.operation_id


def test_head_is_get_and_other_paths_are_nobodys() -> None:
    """HEAD is answered as GET (RFC 9110, 9.3.2); a path or method of nobody is ""."""
    paths = Paths()
    assert paths.find("HEAD", "/v1/shelters") == ("listShelters", {})
    assert paths.find("DELETE", "/v1/shelters")[0] == ""
    assert paths.find("GET", "/v1/users//location")[0] == ""
    assert paths.find("GET", "/admin")[0] == ""


def test_endpoints_are_found_where_the_provider_puts_them() -> None:
    """A provider names its own addresses; the API's base may lie below a path."""
    paths = Paths.of("https://a.example/city/v1", {"token_endpoint": "https://op.example/oauth2/access"})
    assert paths.find("POST", "/oauth2/access")[0] == "issueToken"
    assert paths.find("GET", "/city/v1/shelters/E1/status") == ("getShelterStatus", {"shelter_id": "E1"})


def test_a_token_seen_being_issued_is_its_subjects() -> None:
    """Even one that says nothing: two tokens of one person are one subject, in the request for them too."""
    callers = Callers(CLIENTS)
    form = callers.asked("POST", ("issueToken", {}), basic("app"), EXCHANGE, 0.0)
    for token in ("opaque-1", jwt(sub="pairwise", client_id="app")):
        callers.learn(basic("app"), EXCHANGE, issued(token))
        told = callers.asked("POST", ("reportSafety", {}), f"Bearer {token}", b"", 0.0)
        assert (told.subject, told.role) == (form.subject, form.role) == ("c0000005", CITIZEN)


@pytest.mark.parametrize(
    ("token", "subject", "role"),
    [
        (jwt(sub="p1", client_id="app"), "p1", CITIZEN),
        (jwt(sub="p1", local_id="c7", client_id="app"), "c7", CITIZEN),
        (jwt(sub="office", client_id="office"), "office", CITY_OFFICE),
        (jwt(sub="desk"), "desk", DESK),
    ],
)
def test_claims_tell_who_holds_a_token(token: str, subject: str, role: str) -> None:
    """A token that was issued elsewhere is read, if it can be."""
    asked = Callers(CLIENTS).asked("GET", ("listShelters", {}), f"Bearer {token}", b"", 0.0)
    assert (asked.subject, asked.role) == (subject, role)


@given(st.text(max_size=40))
def test_any_header_is_taken(text: str) -> None:
    """Whatever stands in the header, the same header is the same caller and another's is another."""
    callers = Callers(CLIENTS)
    first, second = (callers.asked("GET", ("listUsers", {}), f"Bearer {text}", b"", 0.0) for _ in range(2))
    assert first == second
    callers.asked("GET", ("listUsers", {}), text, b"", 0.0)
    callers.learn(text, text.encode(), text.encode())


def test_opaque_tokens_are_told_apart_and_not_kept_as_they_are() -> None:
    """A token that nobody can read is a subject by its hash."""
    callers = Callers()
    one, two = (callers.asked("GET", ("getUser", {}), f"Bearer {token}", b"", 0.0).subject for token in ("aaa", "bbb"))
    assert one != two
    assert "aaa" not in one


def test_nobody_has_no_name() -> None:
    """A call without a token is nobody's."""
    asked = Callers(CLIENTS).asked("GET", ("listShelterStatus", {}), "", b"", 0.0)
    assert (asked.subject, asked.role, asked.district) == ("", "", "")


def test_districts_are_those_of_homes_shelters_and_neighbourhoods() -> None:
    """A citizen is where they live, a reception where its shelter is, an association in its neighbourhood."""
    town, population = small_people()
    places = Whereabouts.of(town, population)
    codes = [one.code for one in town.districts]
    clients = (*CLIENTS[:3], SandboxClient("kumi", ASSOCIATION, recipient=f"association:{town.neighbourhoods[2].code}"))
    callers = Callers(clients, places)
    homes = home_district(town, population)
    for row, one in enumerate(person_ids(population)):
        form = EXCHANGE.replace(b"c0000005", one.encode())
        assert callers.asked("POST", ("issueToken", {}), "", form, 0.0).district == codes[homes[row]]
    for shelter in town.shelters:
        callers.learn(basic("desk"), b"grant_type=client_credentials", issued("desk-token"))
        found = ("checkIn", {"shelter_id": shelter.id})
        desk = callers.asked("POST", found, "Bearer desk-token", b"", 0.0)
        assert (desk.role, desk.district) == (DESK, codes[shelter.district])
        assert shelter.id in desk.subject
    association = callers.asked("POST", ("issueToken", {}), basic("kumi"), b"", 0.0)
    assert association.district == codes[town.neighbourhoods[2].district]


@pytest.mark.parametrize("ids", [1, 150])
def test_who_has_an_id_by_another_adoption_is_at_home_too(ids: int) -> None:
    """A service may know more people, or fewer, by a local ID than the proxy was told of: they live where they do."""
    town, population = small_people()
    callers = Callers(CLIENTS, Whereabouts.of(town, population))
    served = populate(town, stream=Stream(7), parameters=parameters_with_ids(ids, population.people))
    codes, homes = [one.code for one in town.districts], home_district(town, served)
    named = person_ids(served)
    assert named != person_ids(population)
    for row, one in enumerate(named):
        form = EXCHANGE.replace(b"c0000005", one.encode())
        assert callers.asked("POST", ("issueToken", {}), "", form, 0.0).district == codes[homes[row]]
