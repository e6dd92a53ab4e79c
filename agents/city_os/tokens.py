"""TokenBook: access tokens of clients and citizens, fetched when first needed and renewed when they end."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

import msgspec

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.messages import Token
from agents.city_os.port import Failure, FailureKind
from agents.city_os.service import Client, Role, Service
from agents.city_os.transport import Request, Response

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type of RFC 8693
LOCAL_ID = "urn:citytwin:local-id"
"""Type of a subject token that is a local ID. Source: the contract, operation issueToken."""

ROLE_OF_ASKER = {
    AskerKind.CITY_OFFICE: Role.CITY_OFFICE,
    AskerKind.SHELTER_DESK: Role.SHELTER_DESK,
    AskerKind.ASSOCIATION: Role.ASSOCIATION,
    AskerKind.CITIZEN: Role.CITIZEN_APP,
}

Sender = Callable[[Request], Response | Failure]


@dataclass(slots=True)
class TokenBook:
    """Tokens by holder. All desks share one client's token; each association and each citizen has their own."""

    service: Service
    person_ids: Sequence[str]
    neighbourhood_codes: Sequence[str]
    _held: dict[Asker, tuple[str, float]] = field(default_factory=dict)
    _decoder: msgspec.json.Decoder[Token] = field(default_factory=lambda: msgspec.json.Decoder(Token))

    def bearer(self, asker: Asker, at_s: float, send: Sender, *, renew: bool = False) -> str | Failure:
        """The token by which an asker speaks at a time; ``renew`` fetches a new one even if one is held."""
        holder = Asker(asker.kind) if asker.kind is AskerKind.SHELTER_DESK else asker
        held = self._held.get(holder)
        if held and not renew and at_s < held[1]:
            return held[0]
        return self._fetch(holder, at_s, send)

    def _fetch(self, holder: Asker, at_s: float, send: Sender) -> str | Failure:
        area = self.neighbourhood_codes[holder.row] if holder.kind is AskerKind.ASSOCIATION else ""
        client = self.service.client(ROLE_OF_ASKER[holder.kind], area)
        if client is None:
            return Failure(FailureKind.STATUS, 401, f"the service names no client for {holder.kind} {area}".rstrip())
        answer = send(self._request(holder, client, at_s))
        if isinstance(answer, Failure):
            return answer
        if answer.status != 200:
            kind = FailureKind.STATUS if answer.status >= 400 else FailureKind.MALFORMED
            return Failure(kind, answer.status, "no token was issued")
        try:
            token = self._decoder.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            return Failure(FailureKind.MALFORMED, answer.status, f"token: {fault}")
        self._held[holder] = (token.access_token, at_s + token.expires_in)
        return token.access_token

    def _request(self, holder: Asker, client: Client, at_s: float) -> Request:
        authorization, scope = _said_of(client)
        if holder.kind is AskerKind.CITIZEN:
            subject = quote_plus(self.person_ids[holder.row])
            form = f"grant_type={_EXCHANGE}&{scope}&subject_token={subject}&subject_token_type={_LOCAL_ID}"
        else:
            form = f"grant_type=client_credentials&{scope}"
        headers = {
            "authorization": authorization,
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return Request("POST", self.service.token_url, at_s, headers, form.encode())


_EXCHANGE, _LOCAL_ID = quote_plus(TOKEN_EXCHANGE), quote_plus(LOCAL_ID)


@lru_cache(maxsize=1024)
def _said_of(client: Client) -> tuple[str, str]:
    """What every request for a token of a client says alike: its header, and the scope as a part of the form."""
    return basic(client), urlencode({"scope": " ".join(client.scopes)})


def basic(client: Client) -> str:
    """The header by which a client says who it is (client_secret_basic, RFC 6749 2.3.1)."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
    return "Basic " + b64encode(pair.encode()).decode()
