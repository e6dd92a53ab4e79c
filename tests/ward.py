"""A FHIR server over a small city, and people and services that talk to it."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from conformance.contract.fhir.lifelog import observation
from reference_api.call import Token
from reference_api.fhir.search.references import patient_id
from reference_api.seed import Consent, SeedData

FHIR_JSON = "application/fhir+json"
AT = "2027-01-15T07:00:00+09:00"
HEALTH = ("lifelog", "rx_lab", "medication_condition", "profile.basic")
HOSPITAL = "medical-institution"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

CALLS_A_MINUTE = 200
"""So few that no quota ends a test."""


def with_hospital(seed: SeedData) -> SeedData:
    """The seed with a hospital: c0 lets it have everything, c1 the life log; c3 shares the log with its household."""
    consents = (
        *seed.consents,
        Consent("c0", "health_sharing", HEALTH, ("medical",), ("normal",)),
        Consent("c1", "health_sharing", ("lifelog",), ("medical",), ("normal",)),
        Consent("c3", "health_sharing", ("lifelog", "profile.basic"), ("family",), ("normal",)),
    )
    return SeedData(**{name: getattr(seed, name) for name in seed.__struct_fields__} | {"consents": consents})


def check(answer: Any) -> None:
    """An answer of FHIR without a fault of the server."""
    assert answer.status < 500, answer.body
    assert b"Traceback" not in answer.body
    if answer.status >= 400:
        assert answer.headers["content-type"] == FHIR_JSON
        assert answer.json["resourceType"] == "OperationOutcome"


@dataclass
class Ward:
    """A FHIR server, and tokens by person (or client) and scope."""

    city: Any
    _tokens: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _calls: int = 0

    def patient(self, sub: str) -> str:
        """Logical id of a person's Patient."""
        ((row,),) = self.city.rows("SELECT id FROM account WHERE sub = ?", sub)
        return patient_id(row)

    def token(self, who: str, scope: str) -> str:
        """An access token of a person or of the hospital; an empty scope is everything that may be had."""
        key = (who, scope, int(self.city.clock.now_s()) // 3600)
        if key not in self._tokens:
            form = {"scope": scope} if scope else {}
            if who == HOSPITAL:
                answer = self.city.ask_token(who, grant_type="client_credentials", **form)
            else:
                answer = self.city.ask_token(
                    "citizen-app",
                    grant_type=EXCHANGE,
                    subject_token=who,
                    subject_token_type="urn:citytwin:local-id",
                    **form,
                )
            assert answer.status == 200, answer.body
            self._tokens[key] = answer.json["access_token"]
        return self._tokens[key]

    def call(self, method: str, path: str, who: str, body: Any = None, *, scope: str = "", **headers: str) -> Any:
        """A request below ``/fhir`` (or to a whole URL); names of headers with underscores."""
        self._calls += 1
        if self._calls % CALLS_A_MINUTE == 0:
            self.city.clock.set_s(self.city.clock.now_s() + 60)
        given = {"authorization": f"Bearer {self.token(who, scope)}"} if who else {}
        if body is not None:
            given["content_type"] = FHIR_JSON
            body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        url = path if path.startswith("http") else f"/fhir/{path}".rstrip("/")
        return self.city.call(method, url, "", body, **given | headers)

    def create(self, who: str, resource: Any, *, scope: str = "", **headers: str) -> Any:
        """A new resource."""
        return self.call("POST", resource["resourceType"], who, resource, scope=scope, **headers)

    def search(self, query: str, who: str, *, scope: str = "", **headers: str) -> list[dict[str, Any]]:
        """Matches and inclusions of all pages, in order."""
        found: list[dict[str, Any]] = []
        url = query
        while url:
            answer = self.call("GET", url, who, scope=scope, **headers)
            assert answer.status == 200, answer.body
            found += [entry["resource"] for entry in answer.json.get("entry", [])]
            url = next((link["url"] for link in answer.json["link"] if link["relation"] == "next"), "")
        return found

    def pulse(self, sub: str, value: float = 72, at: str = AT) -> dict[str, Any]:
        """A pulse rate that keeps every profile."""
        return self.observed("pulse-rate", sub, value, at)

    def observed(self, item: str, sub: str, value: float, at: str = AT) -> dict[str, Any]:
        """An item of the life log that keeps every profile."""
        return observation(item, {"value": value}, subject=f"Patient/{self.patient(sub)}", effective=at)

    def held(self, sub: str | None, recipient: str, scope: str) -> dict[str, str]:
        """The header of a token that was issued already: about a person, or about nobody, to a recipient of data."""
        text = f"{sub} {recipient} {scope}"
        client = recipient.partition(":")[2] or recipient
        token = Token(
            client_id=client,
            subject=sub,
            role="service",
            recipient=recipient,
            scopes=frozenset(scope.split()),
            expires_s=self.city.clock.now_s() + 3600,
            audience=frozenset({"http://127.0.0.1:8080/fhir"}),
            sector="x.example" if recipient.startswith("service:") else None,
        )
        self.city.app.services.tokens[hashlib.sha256(text.encode()).digest()] = token
        return {"authorization": f"Bearer {text}"}
