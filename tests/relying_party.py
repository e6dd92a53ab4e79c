"""A relying party: a client of the seed that asks for codes and redeems them, as a service would."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from conformance.contract.operations import load_operations
from reference_api.call import Call
from reference_api.oidc.code_redemption import challenge_of
from reference_api.oidc.codes import grant_code
from reference_api.oidc.consent_recording import record_agreement
from reference_api.oidc.grants import Granted, SignIn
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.request_validation import find_client, validate

FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def answered(location: str) -> dict[str, str]:
    """The parameters that a redirect carries."""
    return dict(parse_qsl(urlsplit(location).query))


@dataclass
class Party:
    """A client of the seed with a code verifier; it authenticates as it is registered."""

    city: Any
    client: Any
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def parameters(self, **changed: Any) -> dict[str, Any]:
        """An authorization request with some parameters changed, None leaves one out."""
        asked = {
            "client_id": self.client.client_id,
            "response_type": "code",
            "redirect_uri": self.client.redirect_uris[0],
            "scope": "openid offline_access",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**asked, **changed}.items() if value is not None}

    def ask(self, **changed: Any) -> Any:
        """The authorization request at its endpoint."""
        return self.city.call("GET", "/authorize?" + urlencode(self.parameters(**changed), doseq=True))

    def sign_in(self, sub: str = "c0", details: Any = None, sid: str | None = "session-1", **changed: Any) -> Any:
        """The redirect after a person signed in and agreed to everything; without the pages."""
        services = self.city.app.services
        asked = {name: str(value) for name, value in self.parameters(**changed).items()}
        resources = (asked.pop("resource"),) if "resource" in asked else ()
        now_s = self.city.clock.now_s()
        operation = next(one for one in load_operations() if one.operation_id == "authorize")
        call = Call(operation, {}, {}, "", b"", now_s)

        async def work() -> Any:
            await services.secret.learn(services.store)
            parameters = Parameters(asked, frozenset(), resources)
            client, redirect_uri = await find_client(services, parameters)
            request = await validate(services, client, redirect_uri, parameters, now_s)
            agreed = request.authorization_details if details is None else details
            signed_in = SignIn(sub, sid, now_s, "urn:example:acr", ("pwd",))
            async with services.store.transaction():
                granted = Granted(request.scope)
                if agreed:
                    granted = (await record_agreement(services, call, request, (sub, agreed), "ja")).granted
                return await grant_code(services, call, request, signed_in, granted)

        return self.city.opened.drive(work())

    def code(self, sub: str = "c0", **changed: Any) -> str:
        """A code for a person."""
        return answered(self.sign_in(sub, **changed).headers["location"])["code"]

    def redeem(self, code: str, /, **changed: Any) -> Any:
        """The code at the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uris[0],
            "code_verifier": self.verifier,
        }
        return self.post("/token", **{**form, **changed})

    def tokens(self, sub: str = "c0", **changed: Any) -> dict[str, Any]:
        """What the token endpoint answers to a fresh code."""
        answer = self.redeem(self.code(sub, **changed))
        assert answer.status == 200, answer.body
        return dict(answer.json)

    def refresh(self, token: str, /, **changed: Any) -> Any:
        """The refresh token at the token endpoint."""
        return self.post("/token", **{"grant_type": "refresh_token", "refresh_token": token, **changed})

    def post(self, path: str, **form: Any) -> Any:
        """A form to an endpoint, with the client's own authentication; None leaves a field out."""
        headers = {"content_type": FORM}
        sent = {name: value for name, value in form.items() if value is not None}
        method = self.client.auth_method
        if method == "client_secret_basic":
            headers["authorization"] = basic(self.client.client_id, self.client.secret)
        elif method == "client_secret_post":
            sent = {"client_id": self.client.client_id, "client_secret": self.client.secret, **sent}
        elif method == "private_key_jwt":
            sent = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(), **sent}
        else:
            sent = {"client_id": self.client.client_id, **sent}
        return self.city.call("POST", path, "", urlencode(sent, doseq=True).encode(), **headers)

    def assertion(self, key: Any = None, alg: str = "ES256", **changed: Any) -> str:
        """A client assertion (RFC 7523) with some claims changed, None leaves one out."""
        now_s = int(self.city.clock.now_s())
        name = self.client.client_id
        claims = {"iss": name, "sub": name, "aud": "http://127.0.0.1:8080", "exp": now_s + 60, "iat": now_s}
        claims |= {"jti": secrets.token_urlsafe(8), **changed}
        key = key or ECKey.import_key(json.loads(self.client.private_jwk))
        kept = {claim: value for claim, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg}, kept, key, algorithms=[alg])

    def claims(self, token: str) -> dict[str, Any]:
        """Claims of a token, verified with the published keys alone."""
        keys = KeySet.import_key_set(self.city.call("GET", "/.well-known/jwks.json").json)
        return dict(jwt.decode(token, keys, algorithms=["ES256", "RS256"]).claims)


def basic(client_id: str, secret: str) -> str:
    """The Basic credential of RFC 6749 2.3.1: form-encoded, then joined."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def party_of(city: Any, client_id: str = "example-service", **changed: Any) -> Party:
    """A relying party that is an example client of a city's seed."""
    client = city.client(client_id)
    return Party(city, msgspec.structs.replace(client, **changed) if changed else client)
