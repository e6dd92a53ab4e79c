"""Parameters of requests to the authorization server: each once, empty ones as if they were not there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from urllib.parse import parse_qsl

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import OAuthError
from reference_api.services import Services

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 60
"""A bound against exhaustion, well above the longest request. Source: none. Confidence C."""

MAX_CHARACTERS = 16_384
"""Length of all parameters together, which are kept while a person signs in.

Source: none; a request for every purpose of the catalogue, with all of its items, has 6,300 characters. Confidence C.
"""

REPEATABLE = "resource"
"""The one parameter that may come several times. Source: RFC 8707 section 2."""

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
"""Source: RFC 6749 section 5.1."""

Handler = Callable[[Services, Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters by name, of a repeated one the first; which ones were repeated; and all resources."""

    values: Mapping[str, str]
    repeated: frozenset[str]
    resources: tuple[str, ...]

    def get(self, name: str) -> str | None:
        """The parameter's value, None if it was left out or empty (RFC 6749 section 3.1)."""
        return self.values.get(name)

    def require(self, name: str) -> str:
        """The parameter's value.

        Raises:
            OAuthError: invalid_request, if it was left out.
        """
        value = self.values.get(name)
        if value is None:
            raise OAuthError("invalid_request", f"{name} is missing")
        return value

    def check_single(self) -> None:
        """Refuse what was sent twice.

        Raises:
            OAuthError: invalid_request. Source: RFC 6749 sections 3.1 and 3.2.
        """
        if self.repeated:
            raise OAuthError("invalid_request", f"sent more than once: {', '.join(sorted(self.repeated))}")


def query_parameters(call: Call) -> Parameters:
    """Those of the query component.

    Raises:
        OAuthError: invalid_request, if they cannot be read.
    """
    return _parsed(call.query_string)


def form_parameters(call: Call) -> Parameters:
    """Those of a form in the body.

    Raises:
        OAuthError: invalid_request, if this is no form in UTF-8.
    """
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"send {FORM}")
    return _parsed(call.body)


def token_parameters(call: Call) -> Parameters:
    """Those of a form in the body, each once.

    Raises:
        OAuthError: invalid_request.
    """
    parameters = form_parameters(call)
    parameters.check_single()
    return parameters


def _parsed(text: str | bytes) -> Parameters:
    if len(text) > MAX_CHARACTERS:
        raise OAuthError("invalid_request", f"send at most {MAX_CHARACTERS} characters")
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        pairs = parse_qsl(plain, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as fault:
        raise OAuthError("invalid_request", f"send at most {MAX_FIELDS} parameters, in UTF-8") from fault
    if any("\0" in value for _, value in pairs):
        raise OAuthError("invalid_request", "a parameter holds the character NUL")
    names = [name for name, _ in pairs if name != REPEATABLE]
    return Parameters(
        values={name: value for name, value in reversed(pairs) if value},
        repeated=frozenset(name for name in names if names.count(name) > 1),
        resources=tuple(value for name, value in pairs if name == REPEATABLE and value),
    )


def oauth_endpoint(handler: Handler) -> Handler:
    """Let a handler answer refusals as RFC 6749 section 5.2 has it."""

    @wraps(handler)
    async def answered(services: Services, call: Call) -> Reply:
        try:
            return await handler(services, call)
        except OAuthError as fault:
            return oauth_error(fault)

    return answered


def oauth_error(fault: OAuthError) -> Reply:
    """A refusal as JSON. Source: RFC 6749 section 5.2."""
    body = {"error": fault.error} | ({"error_description": fault.description} if fault.description else {})
    challenge = {"www-authenticate": fault.challenge} if fault.challenge else {}
    return json_reply(body, fault.status, {**NO_STORE, **challenge})
