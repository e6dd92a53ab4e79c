"""Any path of any set of operations is found, and no other."""

from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.operations import load_operations
from reference_api.call import Reply
from reference_api.handlers import own_route
from reference_api.routing import Routes

PARTS = st.sampled_from(["a", "b", "c", "{x}", "{y}"])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


async def _nothing(_services: Any, _call: Any) -> Reply:
    return Reply()


def _matches(template: str, path: str) -> bool:
    wanted, given_parts = template.split("/"), path.split("/")
    return len(wanted) == len(given_parts) and all(
        (part.startswith("{") and found != "") or part == found for part, found in zip(wanted, given_parts, strict=True)
    )


@given(templates=st.lists(PATHS, max_size=8), parts=st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=4))
def test_a_path_is_found_if_and_only_if_a_template_matches(templates: list[str], parts: list[str]) -> None:
    """Whatever shadows whatever, a path that some template matches is found, and the template found matches it."""
    routes = Routes((own_route("GET", template), _nothing) for template in templates)
    path = "/" + "/".join(parts)
    found = routes.find(path)
    assert (found is not None) == any(_matches(template, path) for template in templates)
    if found is not None:
        methods, parameters = found
        template = methods["GET"][0].path
        assert _matches(template, path)
        assert "" not in parameters.values()


def test_parameters_carry_what_stood_there() -> None:
    """Every path of the contract leads to itself, its parameters hold what was put there, a fixed part wins."""
    routes = Routes((operation, _nothing) for operation in load_operations())
    for operation in load_operations():
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        values = {name: quote(f"{name} 値", safe="") for name in names}
        found = routes.find(operation.path.format_map(values))
        assert found is not None
        assert found[0][operation.method][0] is operation
        assert found[1] == values
    assert sorted(routes) == sorted((operation.method, operation.path) for operation in load_operations())


def test_the_fhir_base_is_found_with_a_slash_too() -> None:
    """Clients write base URLs either way; no other path is found by a slash more."""
    routes = Routes((own_route("POST", path), _nothing) for path in ("/fhir", "/v1/shelters"))
    for path in ("/fhir", "/fhir/"):
        found = routes.find(path)
        assert found is not None
        assert found[0]["POST"][0].path == "/fhir"
    assert routes.find("/v1/shelters/") is routes.find("/fhir//") is None
