"""Sender: sends generated cases over a check's wire, and keeps of the exchanges what proves something."""

from collections.abc import Mapping
from typing import Any

import requests
from schemathesis import Case
from schemathesis.core.transport import Response

from conformance.accounts import PersonAccount
from conformance.context import Context
from conformance.contract.operations import Operation, load_operations
from conformance.generated.making import Making
from conformance.generated.schema import BASE
from conformance.outcomes import NotApplicable, Unmet
from conformance.wire import Reply

FORBIDDEN = ("host", "content-length", "transfer-encoding", "connection", "x-schemathesis-testcaseid", "user-agent")
"""Headers that the connection sets, or that say who generated the request."""


class Sender:
    """Sends cases as whoever may call their operation; ``count`` is how many were sent."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.making = ctx, Making(ctx)
        self.count = 0
        self._operations = {(one.path, one.method): one for one in load_operations()}
        self._tokens: dict[str, str | None] = {}

    def operation_of(self, case: Case[Any]) -> Operation:
        """The contract's operation that a case is of."""
        return self._operations[case.path, case.method.upper()]

    def may_ask(self, operation: Operation) -> bool:
        """Whether somebody is known who may call an operation."""
        try:
            self._authorization(operation)
        except (NotApplicable, Unmet):
            return False
        return True

    def turn_to(self, operation: Operation) -> None:
        """From now on the next of the people calls an operation: a service counts calls by person."""
        self.making.next_person()
        self._tokens.pop(operation.operation_id, None)

    def fixed_path(self, operation: Operation) -> dict[str, Any]:
        """Path parameters that every case of an operation has: the person that the token is of."""
        who = self.making.who(operation.operation_id)
        is_own = "{sub}" in operation.path and isinstance(who, PersonAccount)
        return {"sub": self.making.person().user} if is_own else {}

    def send(self, case: Case[Any]) -> tuple[Response, Reply]:
        """Send a case; what came back, for schemathesis and for us."""
        operation = self.operation_of(case)
        prepared = requests.Request(**_request(case.as_transport_kwargs(base_url=BASE))).prepare()
        headers = {name: value for name, value in _texts(prepared.headers).items() if name.lower() not in FORBIDDEN}
        token = self._authorization(operation)
        if token is not None:
            headers["authorization"] = token
        url = self._address(str(prepared.url))
        sent: Any = prepared.body
        body: bytes = sent.encode() if isinstance(sent, str) else sent or b""
        self.count += 1
        reply = self.ctx.wire.send(operation.method, url, headers=headers, body=body, patient=False)
        told: dict[str, list[str]] = {}
        for name, value in reply.headers:
            told.setdefault(name, []).append(value)
        prepared.url = url
        return Response(reply.status, told, reply.body, prepared, 0.0, verify=False), reply

    def forget(self, kept: int) -> None:
        """Let go of the exchanges after the first ``kept``: they proved nothing."""
        del self.ctx.wire.exchanges[kept:]

    def _authorization(self, operation: Operation) -> str | None:
        name = operation.operation_id
        if name not in self._tokens:
            who = self.making.who(name)
            self._tokens[name] = None if who is None else f"Bearer {self.ctx.city.token(who)}"
        return self._tokens[name]

    def _address(self, url: str) -> str:
        target = self.ctx.target
        path = url.removeprefix(BASE)
        for prefix, base in (("/v1/", target.api_base), ("/fhir", target.fhir_base)):
            if path.startswith(prefix) and base:
                return base + path[len(prefix.rstrip("/")) :]
        return target.plan.target.city_os.rstrip("/") + path


def _request(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a request that ``requests`` prepares."""
    return {
        name: value for name, value in given.items() if name in ("method", "url", "headers", "params", "data", "json")
    }


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers as text; what HTTP cannot carry is left out."""
    found = {}
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if all(" " <= one <= "~" or "\xa0" <= one <= "\xff" for one in text):
            found[name] = text
    return found
