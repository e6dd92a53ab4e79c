"""Every error below /fhir is an OperationOutcome, and the metadata of the server are true."""

import re
from typing import Any

import pytest
from ward import FHIR_JSON, HOSPITAL, Ward

from reference_api.fhir.search.criteria import common_parameters
from reference_api.fhir.search.parameters import parameters_of
from reference_api.fhir.smart import read_scope
from reference_api.fhir.validation import validate

FORM = "application/x-www-form-urlencoded"
CASES: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "Observation", {"who": ""}, 401, "login"),
    ("GET", "Observation", {"who": "", "authorization": "Bearer x"}, 401, "login"),
    ("GET", "Observation", {"scope": "patient/Patient.rs"}, 403, "forbidden"),
    ("GET", "Observation/none", {}, 404, "not-found"),
    ("GET", "Observatory", {}, 404, "not-found"),
    ("GET", "Observation/none/some/where", {"who": ""}, 404, "not-found"),
    ("DELETE", "Observation", {}, 405, "not-supported"),
    ("PATCH", "Observation/none", {}, 405, "not-supported"),
    ("GET", "", {}, 405, "not-supported"),
    ("GET", "Observation", {"accept": "text/html"}, 406, "not-supported"),
    ("GET", "Observation?_format=xml", {}, 406, "not-supported"),
    ("GET", "metadata?_format=application/fhir%2Bxml", {"who": ""}, 406, "not-supported"),
    ("POST", "Observation", {"body": b"<Observation/>", "content_type": "application/fhir+xml"}, 415, "not-supported"),
    ("POST", "Observation", {"body": b"{", "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation", {"body": b"[]", "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation", {"body": b'{"a":1,"a":1}', "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation", {"body": b'{"a":NaN}', "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation", {"body": b'"\xff"', "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation", {"body": b'{"resourceType":"Patient"}', "content_type": FHIR_JSON}, 400, "structure"),
    ("POST", "Observation/_search", {"body": b"{}", "content_type": "application/json"}, 415, "not-supported"),
    ("POST", "Observation/_search", {"body": b"\xff", "content_type": FORM}, 400, "structure"),
    ("GET", "Observation?_cursor=x", {}, 400, "invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "request_", "status", "code"), CASES)
def test_errors_are_outcomes(
    ward: Ward, method: str, path: str, request_: dict[str, Any], status: int, code: str
) -> None:
    """Whatever goes wrong is told by a resource that keeps R4's rules, with its issue type."""
    given = {"who": "c0", **request_}
    answer = ward.call(method, path, given.pop("who"), given.pop("body", None), **given)
    assert (answer.status, answer.headers["content-type"]) == (status, FHIR_JSON), answer.body
    assert answer.json["resourceType"] == "OperationOutcome"
    assert [issue["code"] for issue in answer.json["issue"]] == [code]
    assert validate(answer.json) == []


@pytest.mark.parametrize("media_type", [FHIR_JSON, "application/json", f"{FHIR_JSON}; charset=utf-8", "text/json"])
def test_json_is_taken_under_its_names(ward: Ward, media_type: str) -> None:
    """FHIR's media type and the general ones are taken; answers come under FHIR's."""
    answer = ward.create("c0", ward.pulse("c0"), content_type=media_type, accept=media_type.partition(";")[0])
    assert (answer.status, answer.headers["content-type"]) == (201, FHIR_JSON)
    assert ward.call("GET", "Observation?_format=application/fhir+json", "c0").status == 200


def test_capability_statement_is_what_the_server_does(ward: Ward) -> None:
    """Types, search parameters and interactions of the statement are those that there are."""
    statement = ward.call("GET", "metadata", "").json
    assert (statement["fhirVersion"], statement["kind"]) == ("4.0.1", "instance")
    assert validate(statement) == []
    (rest,) = statement["rest"]
    for resource in rest["resource"]:
        kind = resource["type"]
        served = {**parameters_of(kind), **common_parameters(kind)}
        assert {one["name"] for one in resource["searchParam"]} == set(served), kind
        for parameter in resource["searchParam"]:
            kinds = {"id": "token", "updated": "date", "patient": "reference"}
            offered = served[parameter["name"]].kind
            assert parameter["type"] == kinds.get(offered, offered)
        interactions = {one["code"] for one in resource["interaction"]}
        for code, method, path in (
            ("create", "POST", kind),
            ("update", "PUT", f"{kind}/x"),
            ("delete", "DELETE", f"{kind}/x"),
        ):
            refused = ward.call(method, path, HOSPITAL, {"resourceType": kind, "id": "x"}).status == 405
            assert (code in interactions) is not refused, (kind, code)
        for include in resource.get("searchInclude", ()):
            url = f"{kind}?_include={include}"
            assert ward.call("GET", url, "c0", prefer="handling=strict").status == 200


def test_smart_configuration_is_complete(ward: Ward) -> None:
    """What SMART App Launch requires is there, on S256 alone, with scopes that this server understands."""
    answer = ward.call("GET", ".well-known/smart-configuration", "")
    assert answer.headers["content-type"] == "application/json"
    found = answer.json
    required = {
        "issuer",
        "jwks_uri",
        "authorization_endpoint",
        "token_endpoint",
        "grant_types_supported",
        "capabilities",
    }
    assert required <= set(found)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"permission-v2", "permission-v1", "launch-standalone"} <= set(found["capabilities"])
    smart = [scope for scope in found["scopes_supported"] if re.match(r"(patient|user|system)/", scope)]
    assert len(smart) >= 3
    assert all(read_scope(scope) for scope in smart)
