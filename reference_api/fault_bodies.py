"""How a fault is told: as a problem, as an OAuth error, or as a page, as the operation has it."""

from conformance.contract.operations import Operation
from reference_api.call import Reply, json_reply
from reference_api.errors import ApiError
from reference_api.fhir.outcome import FHIR_JSON, outcome

NO_STORE = {"cache-control": "no-store"}
"""Source: RFC 6749 section 5.2."""


FHIR_PATH = "/fhir"
"""Where every answer is FHIR's, also that there is nothing."""


def fault_reply(fault: ApiError, operation: Operation | None, path: str = "") -> Reply:
    """The answer that tells a fault; of a request to no operation, as its ``path`` has it, else as a problem."""
    unserved = "fhir" if path == FHIR_PATH or path.startswith(FHIR_PATH + "/") else "problem"
    told_as = unserved if operation is None else operation.error_format
    if told_as == "oauth":
        return _oauth(fault)
    if told_as == "fhir":
        return Reply(fault.status, outcome(fault), fault.headers, FHIR_JSON)
    return Reply(status=fault.status, body=fault.body(), headers=fault.headers, media_type="application/problem+json")


def _oauth(fault: ApiError) -> Reply:
    """An error of RFC 6749 section 5.2; codes for a busy or failing server are those of section 4.1.2.1."""
    error = {500: "server_error", 503: "temporarily_unavailable"}.get(fault.status, "invalid_request")
    body = {"error": error, "error_description": fault.detail or fault.title}
    return json_reply(body, fault.status, {**NO_STORE, **fault.headers})
