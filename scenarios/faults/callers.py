"""Callers: who makes a call, as far as the request tells: by a token that was seen being issued, or by its claims."""

from base64 import b64decode, urlsafe_b64decode
from binascii import Error as NoBase64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import parse_qs, unquote_plus

import msgspec

from agents.city_os.messages import SandboxClient
from scenarios.faults.injection import ANYBODY, ASSOCIATION, CITIZEN, DESK, Asked
from scenarios.faults.whereabouts import Whereabouts

TOKENS_KEPT = 1 << 18
"""Tokens whose holder is remembered. Source: none; five for each of the city's 50,000 IDs. Confidence C."""


@dataclass(frozen=True, slots=True)
class Who:
    """A caller: what to know them by again, their role, and for an association the code of its neighbourhood."""

    subject: str = ""
    role: str = ANYBODY
    area: str = ""


NOBODY = Who()


class _Claims(msgspec.Struct):
    """What an access token may say of its holder. Source: RFC 9068, 2.2; local_id is the contract's own."""

    sub: str = ""
    local_id: str = ""
    client_id: str = ""


class _Issued(msgspec.Struct):
    access_token: str


class Callers:
    """Knows callers by their tokens; ``clients`` are those that a service's sandbox names."""

    def __init__(self, clients: tuple[SandboxClient, ...] = (), places: Whereabouts | None = None) -> None:
        self._clients = {one.client_id: _client(one) for one in clients}
        self._places = places or Whereabouts()
        self._holders: OrderedDict[bytes, Who] = OrderedDict()

    def asked(
        self, method: str, found: tuple[str, Mapping[str, str]], authorization: str, body: bytes, at_s: float
    ) -> Asked:
        """A call as faults see it; ``body`` is read only of token requests."""
        operation, parameters = found
        who = self._of_form(authorization, body) if operation == "issueToken" else self._of_header(authorization)
        if who.role == DESK and "shelter_id" in parameters:
            # All receptions speak as one client: each is known by its shelter.
            who = replace(who, subject=f"{who.subject}/{parameters['shelter_id']}")
        return Asked(method, operation, who.subject, who.role, self._district(who, parameters), at_s)

    def learn(self, authorization: str, form: bytes, answer: bytes) -> None:
        """Remember for whom a token was issued."""
        try:
            token = msgspec.json.decode(answer, type=_Issued).access_token
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        told = self._of_claims(token)
        asked = self._of_form(authorization, form)
        # A subject token is the ID by which the town knows a person; a claim may be made up for one client.
        self._holders[_digest(token)] = asked if asked.role == CITIZEN or told is None else told
        if len(self._holders) > TOKENS_KEPT:
            self._holders.popitem(last=False)

    def _district(self, who: Who, parameters: Mapping[str, str]) -> str:
        if who.role == ASSOCIATION:
            return self._places.neighbourhoods.get(who.area, "")
        if who.role == DESK:
            return self._places.shelters.get(parameters.get("shelter_id", ""), "")
        return self._places.people.get(who.subject, "")

    def _of_header(self, authorization: str) -> Who:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() not in ("bearer", "dpop") or not credentials:
            return self._of_basic(authorization)
        held = self._holders.get(_digest(credentials))
        if held is None:
            held = self._of_claims(credentials) or Who(_digest(credentials).hex())
            self._holders[_digest(credentials)] = held
        return held

    def _of_claims(self, token: str) -> Who | None:
        try:
            payload = token.split(".")[1]
            claims = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
        except (IndexError, NoBase64, ValueError):
            return None
        client = self._clients.get(claims.client_id or claims.sub)
        subject = claims.local_id or claims.sub
        if client is not None and client.role != CITIZEN and claims.sub in ("", client.subject):
            return client
        return Who(subject, CITIZEN) if subject and subject != claims.client_id else None

    def _of_form(self, authorization: str, form: bytes) -> Who:
        members = parse_qs(form.decode("utf-8", "replace"))
        subject = members.get("subject_token", [""])[0]
        if subject and "." not in subject:
            return Who(subject, CITIZEN)
        client = members.get("client_id", [""])[0]
        return self._clients.get(client, Who(client)) if client else self._of_basic(authorization)

    def _of_basic(self, authorization: str) -> Who:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return NOBODY
        try:
            client = unquote_plus(b64decode(credentials, validate=True).decode().partition(":")[0])
        except (NoBase64, UnicodeDecodeError):
            return NOBODY
        return self._clients.get(client, Who(client))


def _client(one: SandboxClient) -> Who:
    return Who(one.client_id, one.role, one.recipient.partition(":")[2])


def _digest(token: str) -> bytes:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
