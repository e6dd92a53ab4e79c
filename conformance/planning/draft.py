"""Draft: from what a service says of itself to a plan, and to what its author must still find out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from conformance.contract.catalogue import load_roles
from conformance.plan import (
    AuthMethod,
    ClientPart,
    FhirPart,
    LoginPart,
    PersonPart,
    Plan,
    ReceiverPart,
    SandboxPart,
    TargetPart,
)
from conformance.plan_reading import profile_names
from conformance.planning.discovery import Found
from conformance.target import is_loopback
from conformance.text import Text

SECOND_CLIENT = ClientPart(
    client_id_env="CITYTWIN_SECOND_CLIENT_ID",
    client_secret_env="CITYTWIN_SECOND_CLIENT_SECRET",  # noqa: S106 - a name
)
SECOND_PERSON = PersonPart(
    user_env="CITYTWIN_SECOND_USER",
    password_env="CITYTWIN_SECOND_PASSWORD",  # noqa: S106 - a name
)
"""Names of variables for those that a plan may do without."""

ROLES = ("city_office", "shelter_desk", "association", "citizen_app", "lgwan_bridge", "medical_institution")
"""Roles that checks act as. Source: contract, roles.toml."""


@dataclass(frozen=True)
class Draft:
    """A plan; ``left_out`` are parts that are written as comments, ``unknown`` what could not be found out."""

    plan: Plan
    left_out: Mapping[str, ClientPart | PersonPart]
    unknown: tuple[Text, ...]


def draft(found: Found, environ: Mapping[str, str], *, ca_file: str = "") -> Draft:
    """A plan for what was found. Credentials are looked for by the names of their variables only."""
    origin = _origin(found, environ)
    second = _second(found, origin, environ)
    people = _people(found)
    plan = Plan(
        TargetPart(_profiles(found), found.issuer, found.url if found.city_os else "", found.fhir, ca_file=ca_file),
        client=_client(found, origin, 0),
        second_client=second,
        person=people,
        second_person=_second_person(found, people, environ),
        login=LoginPart(),
        receiver=ReceiverPart("http://127.0.0.1:8765" if is_loopback(found.url) else ""),
        fhir=_fhir(found),
        sandbox=SandboxPart(found.city_os.get("environment") != "production"),
    )
    return Draft(plan, dict(_left_out(found, plan)), tuple(_unknown(found, plan)))


def _profiles(found: Found) -> tuple[str, ...]:
    """Profiles that are declared and can be judged; of a stranger's service those of its standards."""
    told, known = _declared(found), profile_names()
    declared = [name for name in told if name in known and _is_reachable(name, found)]
    if not found.city_os:
        declared += ["core-oidc"] if found.metadata else []
        declared += ["health-fhir"] if found.capability else []
    return tuple(dict.fromkeys(declared))


def _is_reachable(profile: str, found: Found) -> bool:
    """Whether what a profile needs was found: FHIR has an address of its own, all else needs the provider."""
    return bool(found.capability if profile == "health-fhir" else found.metadata)


def _declared(found: Found) -> list[str]:
    """Profiles that a city OS says it keeps."""
    rows = found.city_os.get("profiles") or ()
    return [str(row.get("id", "")) if isinstance(row, Mapping) else str(row) for row in rows]


def _origin(found: Found, environ: Mapping[str, str]) -> Any:
    if _services(found):
        return "sandbox"
    registers = bool(found.metadata.get("registration_endpoint"))
    return "registration" if registers and not environ.get("CITYTWIN_CLIENT_ID") else "plan"


def _services(found: Found) -> list[str]:
    """Clients of the sandbox that sign people in with a secret, the one that may do most first."""
    rows = found.sandbox.get("clients") or ()
    services = [row for row in rows if isinstance(row, Mapping) and row.get("role") == "service"]
    fits = [row for row in services if row.get("redirect_uris") and row.get("client_secret")]
    return [str(row["client_id"]) for row in sorted(fits, key=_reach, reverse=True)]


def _reach(row: Mapping[str, Any]) -> int:
    """How much of the provider a client can try: its redirect URIs of all kinds, scopes and grants."""
    kinds = ("redirect_uris", "post_logout_redirect_uris", "scopes", "grant_types")
    return sum(len(row.get(kind) or ()) for kind in kinds) + bool(row.get("backchannel_logout_uri"))


def _client(found: Found, origin: Any, number: int) -> ClientPart:
    if origin == "sandbox":
        return ClientPart("sandbox", client_id=_services(found)[number])
    if origin == "registration":
        return ClientPart("registration")
    return ClientPart(auth_method=_auth_method(found))


def _auth_method(found: Found) -> AuthMethod:
    """The first method of ours that the provider offers. Source of the default: OIDCD 3."""
    offered = found.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    methods: tuple[AuthMethod, ...] = get_args(AuthMethod)
    return next((one for one in methods if one in offered), "client_secret_basic")


def _second(found: Found, origin: Any, environ: Mapping[str, str]) -> ClientPart | None:
    if not found.metadata:
        return None
    if origin == "sandbox":
        return _client(found, origin, 1) if len(_services(found)) > 1 else None
    if origin == "registration":
        return ClientPart("registration")
    return SECOND_CLIENT if environ.get(SECOND_CLIENT.client_id_env) else None


def _people(found: Found) -> PersonPart:
    told = found.sandbox.get("sign_in")
    return PersonPart("sandbox") if isinstance(told, Mapping) and told.get("subjects") else PersonPart()


def _second_person(found: Found, first: PersonPart, environ: Mapping[str, str]) -> PersonPart | None:
    wanted = bool(found.metadata) and first.origin == "plan"
    return SECOND_PERSON if wanted and environ.get(SECOND_PERSON.user_env) else None


def _fhir(found: Found) -> FhirPart:
    """How FHIR lets the suite in. Only on this machine or at a test environment is anything written unasked."""
    writes = is_loopback(found.fhir) or found.city_os.get("environment") == "test"
    if found.city_os and found.fhir:
        return FhirPart("role", may_write=writes)
    return FhirPart("token" if found.fhir_status in (401, 403) else "open", may_write=writes or not found.fhir)


def _left_out(found: Found, plan: Plan) -> Iterator[tuple[str, ClientPart | PersonPart]]:
    if found.metadata and plan.second_client is None and plan.client.origin == "plan":
        yield "second_client", SECOND_CLIENT
    if found.metadata and plan.second_person is None and plan.person.origin == "plan":
        yield "second_person", SECOND_PERSON
    if found.city_os and not found.sandbox:
        for role in ROLES:
            name = f"CITYTWIN_{role.upper()}"
            yield f"roles.{role}", ClientPart(client_id_env=f"{name}_ID", client_secret_env=f"{name}_SECRET")


def _unknown(found: Found, plan: Plan) -> Iterator[Text]:
    yield from _unplaced(found, plan)
    yield from _unregistered(found, plan)
    yield from _unreached(found, plan)


def _unplaced(found: Found, plan: Plan) -> Iterator[Text]:
    """Profiles that are declared, but not where."""
    for name in _declared(found):
        if name in profile_names() and name not in plan.target.profiles:
            wanted = "target.fhir" if name == "health-fhir" else "target.issuer"
            yield Text(
                f"where {name} is: it is declared, but {wanted} was not found; add it, and the profile",
                f"{name} のある場所: 宣言されているが {wanted} が見つからない。アドレスとプロファイルを書き足す",
            )


def _unregistered(found: Found, plan: Plan) -> Iterator[Text]:
    """Clients and people that somebody must make."""
    if found.metadata and plan.client.origin == "plan":
        yield Text(
            f"the client: register one with redirect URI {plan.client.redirect_uri} (or write its own into"
            " client.redirect_uri)",
            f"クライアント: リダイレクトURI {plan.client.redirect_uri} で登録する"
            "(登録済みなら client.redirect_uri に書く)",
        )
    if found.metadata and plan.client.origin == "plan" and plan.second_client is None:
        yield Text(
            "a second client and a second person: without them some checks are omitted ([second_client],"
            " [second_person])",
            "二つ目のクライアントと二人目の利用者: なければ一部の検査を省く([second_client]、[second_person])",
        )


def _unreached(found: Found, plan: Plan) -> Iterator[Text]:
    """What only somebody who knows the service can say: whether it reaches this machine, and may be changed."""
    if found.metadata and not plan.receiver.url:
        yield Text(
            "whether the service can reach this machine: for logout and security events set receiver.url",
            "サービスからこの機械に届くか: ログアウトと事象の通知を調べるなら receiver.url を書く",
        )
    if found.city_os and not found.sandbox:
        yield Text(
            f"clients of the roles ({', '.join(name for name in ROLES if name in load_roles())}): there is no sandbox",
            f"役割のクライアント({', '.join(name for name in ROLES if name in load_roles())}): 試験環境がない",
        )
    if found.fhir and not plan.fhir.may_write:
        yield Text(
            "whether the FHIR server may be written to: if it holds no real people's data, set fhir.may_write = true",
            "FHIRサーバーに書いてよいか: 実在の人のデータがなければ fhir.may_write = true とする",
        )
