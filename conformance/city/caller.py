"""Caller: calls operations of the contract at a city OS, as a role's client or as a person."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from conformance.accounts import ClientAccount, PersonAccount
from conformance.contract.operations import Operation, load_operations
from conformance.draws import fresh
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import NotApplicable, Unmet
from conformance.target import Target
from conformance.text import Text
from conformance.wire import Reply, Wire

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
LOCAL_ID = "urn:citytwin:local-id"
"""Type of a made-up person's local ID in the sandbox's token exchange. Source: contract, requirement OIDC-073."""

PAGES = 1000
"""Most pages of a list that are read: half a million items, more than a town has people."""

Who = ClientAccount | PersonAccount | str | None
"""Who calls: a client, a person, the name of a role, or nobody."""


class City:
    """A city OS as one check calls it; tokens are fetched once for each who and scope within the check."""

    def __init__(self, target: Target, wire: Wire) -> None:
        self.target, self.wire = target, wire
        self._tokens: dict[tuple[str, str], str] = {}

    def role(self, name: str) -> ClientAccount:
        """The first client of a role.

        Raises:
            NotApplicable: The target has none, and the plan names none.
        """
        found = self.target.of_role(name)
        if found:
            return found[0]
        text = Text(
            f"no client of role {name}: add [roles.{name}] to the plan",
            f"役割 {name} のクライアントがない。計画に[roles.{name}]を加える",
        )
        raise NotApplicable(text)

    def person(self, number: int = 0) -> PersonAccount:
        """One of the made-up people.

        Raises:
            NotApplicable: There are not so many.
        """
        if number < len(self.target.people):
            return self.target.people[number]
        wanted = number + 1
        raise NotApplicable(
            Text(f"needs {wanted} made-up people who can sign in", f"サインインできる架空の住民が{wanted}人要る")
        )

    def token(self, who: ClientAccount | PersonAccount | str, **form: str) -> str:
        """An access token for the API: a client's own, or a person's.

        Raises:
            Unmet: None was issued.
        """
        account = self.role(who) if isinstance(who, str) else who
        key = (repr(account), urlencode(sorted(form.items())))
        if key not in self._tokens:
            self._tokens[key] = self.new_token(account, **form)
        return self._tokens[key]

    def new_token(self, who: ClientAccount | PersonAccount, **form: str) -> str:
        """A fresh access token."""
        if isinstance(who, ClientAccount):
            reply = self.ask_token(who, grant_type="client_credentials", **form)
        else:
            subject = {"subject_token": who.user, "subject_token_type": LOCAL_ID}
            reply = self.ask_token(self.role("citizen_app"), grant_type=EXCHANGE, **subject, **form)
        found = reply.members.get("access_token")
        if not isinstance(found, str):
            said = f"{reply.status} {reply.text[:120]}"
            raise Unmet(Text(f"no access token was issued: {said}", f"アクセストークンが発行されない: {said}"))
        return found

    def ask_token(self, client: ClientAccount, **form: str) -> Reply:
        """A request to the token endpoint."""
        return RelyingParty(self.target, self.wire, client).token(**form)

    def call(  # noqa: PLR0913 - a request has so many parts
        self,
        operation_id: str,
        who: Who = None,
        json_body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        patient: bool = True,
        path: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call an operation of the contract; ``path`` fills the braces of its path.

        A fresh Idempotency-Key is sent where the operation demands one; a header given as None is left out.
        """
        operation = operation_of(operation_id)
        given: dict[str, str | None] = {"accept": "application/json, application/problem+json;q=0.9, */*;q=0.1"}
        if who is not None:
            given["authorization"] = f"Bearer {self.token(who)}"
        if operation.needs_idempotency_key:
            given["idempotency-key"] = fresh()
        given |= headers or {}
        sent = {name: value for name, value in given.items() if value is not None}
        url = self.url(operation, path) + (f"?{urlencode(query, doseq=True, errors='surrogatepass')}" if query else "")
        return self.wire.send(operation.method, url, headers=sent, json_body=json_body, body=body, patient=patient)

    def url(self, operation: Operation | str, path: Mapping[str, str] | None = None) -> str:
        """Address of an operation."""
        found = operation_of(operation) if isinstance(operation, str) else operation
        filled = found.path
        for name, value in (path or {}).items():
            filled = filled.replace("{" + name + "}", quote(str(value), safe="", errors="surrogatepass"))
        if filled.startswith("/v1"):
            return self.target.api_base + filled.removeprefix("/v1")
        if filled.startswith("/fhir") and self.target.fhir_base:
            return self.target.fhir_base + filled.removeprefix("/fhir")
        return self.target.plan.target.city_os.rstrip("/") + filled

    def pages(
        self,
        operation_id: str,
        who: Who = None,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> Iterator[Reply]:
        """All pages of a list, by its cursors."""
        asked = dict(query or {})
        for _ in range(PAGES):
            reply = self.call(operation_id, who, query=asked, path=path)
            yield reply
            cursor = reply.members.get("next_cursor")
            if not cursor or not isinstance(cursor, str):
                return
            asked["cursor"] = cursor

    def items(
        self,
        operation_id: str,
        who: Who = None,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> list[Any]:
        """Items of all pages of a list.

        Raises:
            Unmet: A page was not answered with 200.
        """
        items: list[Any] = []
        for reply in self.pages(operation_id, who, query, path):
            if reply.status != 200:
                raise Unmet(f"{operation_id}: {reply.status} {reply.text[:120]}")
            items += _items(reply, operation_id)
        return items


class Sandbox:
    """The sandbox's controls: its clock, its keys, and the way back to its start."""

    def __init__(self, city: City) -> None:
        self._city = city

    def reset(self) -> None:
        """Back to the seeded state; the clock shows the real time again."""
        self._control("resetSandbox")
        self._city._tokens.clear()  # noqa: SLF001 - tokens end with a reset

    def advance(self, seconds: float) -> None:
        """Set the sandbox's clock forward; tokens are fetched anew from then on."""
        now = self._control("getSandboxClock").members.get("now", "")
        later = _shifted(str(now), seconds)
        self._control("setSandboxClock", {"now": later})
        self._city._tokens.clear()  # noqa: SLF001 - tokens may have ended by the new time

    def rotate_keys(self) -> Reply:
        """New signing keys."""
        return self._control("rotateKeys", {"ahead_s": 0})

    def _control(self, operation_id: str, json_body: Any = None) -> Reply:
        reply = self._city.call(operation_id, "sandbox_admin", json_body)
        if reply.status not in (200, 204):
            raise Unmet(f"{operation_id}: {reply.status} {reply.text[:120]}")
        return reply


def _items(reply: Reply, operation_id: str) -> list[Any]:
    """The items of a page; each is an object, by every list of the contract.

    Raises:
        Unmet: They are something else.
    """
    found = reply.members.get("items")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        said = reply.text[:200]
        text = f"items of {operation_id} are no list of objects: {said}"
        raise Unmet(Text(text, f"{operation_id} のitemsがオブジェクトの配列でない: {said}"))
    return found


def _shifted(instant: str, seconds: float) -> str:
    return (datetime.fromisoformat(instant) + timedelta(seconds=seconds)).isoformat()


@cache
def operation_of(operation_id: str) -> Operation:
    """An operation of the contract.

    Raises:
        KeyError: There is none of that id.
    """
    return {operation.operation_id: operation for operation in load_operations()}[operation_id]
