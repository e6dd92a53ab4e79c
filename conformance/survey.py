"""Survey: asks a target what it is, once at the start of a run, and brings the plan's accounts together."""

import json
from collections.abc import Mapping
from typing import Any

from conformance.accounts import ClientAccount, PersonAccount
from conformance.draws import fresh
from conformance.errors import PlanError, PlanFault
from conformance.origins import addresses_in
from conformance.plan import ClientPart, PersonPart, Plan
from conformance.target import CITY_OS, OIDC_CONFIGURATION, Target
from conformance.text import Text
from conformance.wire import Line, Wire

REGISTERED_REDIRECT = "https://rp.citytwin.example/callback"
"""Redirect URI of clients that the suite registers: nobody listens there, the suite reads the redirect instead."""

REGISTERED_SIGNED_OUT = "https://rp.citytwin.example/signed-out"
"""Where the browser goes after signing out at such a client. Source: RPIL 3.1."""


def survey(plan: Plan, line: Line, environ: Mapping[str, str]) -> Target:
    """The target of a plan, as it describes itself; what it does not offer stays empty.

    Raises:
        PlanError: A credential that the plan names is not in the environment, or a client cannot be registered.
        NetworkError: The target cannot be reached.
    """
    wire = Wire(line)
    city_os = _document(wire, plan.target.city_os.rstrip("/") + CITY_OS) if plan.target.city_os else {}
    metadata = _document(wire, plan.target.issuer.rstrip("/") + OIDC_CONFIGURATION) if plan.target.issuer else {}
    capability = _document(wire, plan.target.fhir.rstrip("/") + "/metadata") if plan.target.fhir else {}
    told = (*addresses_in(city_os), *addresses_in(metadata))
    line.trust(
        [plan.target.issuer, plan.target.city_os, plan.target.fhir, *told, *(one.url for one in plan.login.steps)]
    )
    accounts = (*_sandbox_accounts(city_os), *_role_accounts(plan, environ))
    desk = _Desk(plan, wire, environ, city_os, metadata, accounts)
    client = desk.client(plan.client, used="") if metadata else None
    second = desk.client(plan.second_client, used=client.client_id) if client and plan.second_client else None
    return Target(plan, line, metadata, city_os, capability, client, second, desk.people(), accounts)


def _document(wire: Wire, url: str) -> Mapping[str, Any]:
    reply = wire.send("GET", url, headers={"accept": "application/fhir+json, application/json;q=0.9"})
    return reply.members if reply.status == 200 else {}


def _sandbox_accounts(city_os: Mapping[str, Any]) -> tuple[ClientAccount, ...]:
    rows = _table(city_os.get("sandbox")).get("clients")
    return tuple(_account(row) for row in _list(rows) if _table(row).get("client_id"))


def _account(row: Mapping[str, Any]) -> ClientAccount:
    method = row.get("auth_method", row.get("token_endpoint_auth_method", "client_secret_basic"))
    return ClientAccount(
        client_id=str(row["client_id"]),
        auth_method=str(method),
        secret=_word(row, "client_secret"),
        private_jwk=_table(row.get("private_jwk")),
        redirect_uris=_words(row.get("redirect_uris")),
        post_logout_redirect_uris=_words(row.get("post_logout_redirect_uris")),
        scopes=_words(row.get("scopes", ["openid"])),
        grant_types=_words(row.get("grant_types", ["authorization_code"])),
        role=_word(row, "role"),
        recipient=_word(row, "recipient"),
        id_token_alg=_word(row, "id_token_alg") or _word(row, "id_token_signed_response_alg"),
        backchannel_logout_uri=_word(row, "backchannel_logout_uri"),
        registration_token=_word(row, "registration_access_token"),
        registration_uri=_word(row, "registration_client_uri"),
    )


def _table(value: object) -> Mapping[str, Any]:
    """A JSON object as it is; nothing where a target says something else."""
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""


def _words(value: object) -> tuple[str, ...]:
    return tuple(one for one in _list(value) if isinstance(one, str))


def _role_accounts(plan: Plan, environ: Mapping[str, str]) -> tuple[ClientAccount, ...]:
    rows = ((role, part) for role, part in plan.roles.items() if part.origin == "plan")
    return tuple(_planned(part, environ, role) for role, part in rows)


def _planned(part: ClientPart, environ: Mapping[str, str], role: str = "") -> ClientAccount:
    client_id = part.client_id or environ.get(part.client_id_env, "")
    if not client_id:
        raise PlanError([_missing(part.client_id_env, "client_id")])
    secret = environ.get(part.client_secret_env, "")
    if part.auth_method.startswith("client_secret") and not secret:
        raise PlanError([_missing(part.client_secret_env, "client_secret")])
    logouts = (part.post_logout_redirect_uri,) if part.post_logout_redirect_uri else ()
    scopes = tuple(part.scope.split())
    return ClientAccount(
        client_id,
        part.auth_method,
        secret,
        _private_jwk(environ.get(part.private_jwk_env, "")),
        redirect_uris=(part.redirect_uri,),
        post_logout_redirect_uris=logouts,
        scopes=scopes,
        role=role,
        backchannel_logout_uri=part.backchannel_logout_uri,
    )


def _private_jwk(told: str) -> Mapping[str, Any]:
    try:
        found = json.loads(told) if told else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _missing(variable: str, what: str) -> PlanFault:
    text = Text(
        f"{what}: the environment variable {variable} is not set; set it, or name another in the plan",
        f"{what}: 環境変数 {variable} が設定されていない。設定するか、計画で別の名を指定する",
    )
    return PlanFault("", text)


class _Desk:
    """Brings clients and people together."""

    def __init__(
        self,
        plan: Plan,
        wire: Wire,
        environ: Mapping[str, str],
        city_os: Mapping[str, Any],
        metadata: Mapping[str, Any],
        accounts: tuple[ClientAccount, ...],
    ) -> None:
        self.plan, self.wire, self.environ = plan, wire, environ
        self.city_os, self.metadata, self.accounts = city_os, metadata, accounts

    def client(self, part: ClientPart, used: str) -> ClientAccount:
        """The client that a part of the plan speaks of."""
        if part.origin == "plan":
            return _planned(part, self.environ)
        if part.origin == "registration":
            return register(self.wire, self.metadata)
        for account in self.accounts:
            if account.client_id == part.client_id:
                return account
            if not part.client_id and account.client_id != used and _signs_people_in(account):
                return account
        text = Text(
            f"the sandbox has no client {part.client_id or 'of role service that signs people in'};"
            " name one of its own",
            f"試験環境にクライアント {part.client_id or '(人をサインインさせるもの)'} がない。あるものを指定する",
        )
        raise PlanError([PlanFault("", text)])

    def people(self) -> tuple[PersonAccount, ...]:
        """Everybody who can sign in."""
        parts = [self.plan.person, *([self.plan.second_person] if self.plan.second_person else [])]
        return tuple(person for part in parts for person in self._person(part))

    def _person(self, part: PersonPart) -> tuple[PersonAccount, ...]:
        if part.origin == "plan":
            user, password = self.environ.get(part.user_env, ""), self.environ.get(part.password_env, "")
            return (PersonAccount(user, password),) if user else ()
        told = _table(_table(self.city_os.get("sandbox")).get("sign_in"))
        return tuple(PersonAccount(name, _word(told, "password")) for name in _words(told.get("subjects")))


def _signs_people_in(account: ClientAccount) -> bool:
    return account.role == "service" and bool(account.redirect_uris) and bool(account.secret)


def register(wire: Wire, metadata: Mapping[str, Any], **changed: Any) -> ClientAccount:
    """A client registered for this run (RFC 7591); ``changed`` are its metadata.

    Raises:
        PlanError: The provider does not register it.
    """
    wanted = {
        "client_name": "citytwin conformance suite",
        "redirect_uris": [REGISTERED_REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "software_id": f"citytwin-{fresh(4)}",
        **({"post_logout_redirect_uris": [REGISTERED_SIGNED_OUT]} if metadata.get("end_session_endpoint") else {}),
        **changed,
    }
    url = str(metadata.get("registration_endpoint", ""))
    reply = wire.send("POST", url, json_body=wanted) if url else None
    if reply is None or reply.status not in (200, 201) or "client_id" not in reply.members:
        seen = f"{reply.status} {reply.text[:120]}" if reply else "no registration_endpoint"
        text = Text(
            f'no client could be registered ({seen}); register one by hand and set origin = "plan" in [client]',
            f'クライアントを登録できない({seen})。手で登録し、[client]を origin = "plan" とする',
        )
        raise PlanError([PlanFault("", text)])
    # An address that the provider does not say it took cannot be counted on (RFC 7591 3.2.1).
    unless_told: dict[str, Any] = {"post_logout_redirect_uris": [], **changed}
    return _account({**wanted, **unless_told, **reply.members})
