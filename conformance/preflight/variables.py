"""Variables: whether the environment holds every credential that a plan names; all that lack are told at once."""

import json
from collections.abc import Iterator, Mapping

from conformance.plan import ClientPart, PersonPart, Plan
from conformance.preflight.remark import Remark
from conformance.text import Text


def missing_variables(plan: Plan, environ: Mapping[str, str]) -> Iterator[Remark]:
    """A remark for each variable that is needed and not set, or holds no key where it should."""
    seen: set[str] = set()
    for part, name, what in _needed(plan):
        if not environ.get(name) and name not in seen:
            seen.add(name)
            yield Remark("variable", _missing(part, name, what))
    for part, client in _clients(plan):
        if client.auth_method == "private_key_jwt" and environ.get(client.private_jwk_env):
            yield from _key(part, client.private_jwk_env, environ)


def needed_variables(plan: Plan) -> Iterator[tuple[str, Text]]:
    """Names of all variables that a plan needs, each once, and what they hold."""
    yield from {name: what for _, name, what in reversed(list(_needed(plan)))}.items()


def _clients(plan: Plan) -> Iterator[tuple[str, ClientPart]]:
    parts = {"client": plan.client, "second_client": plan.second_client} if plan.target.issuer else {}
    parts |= {f"roles.{name}": part for name, part in plan.roles.items()}
    yield from ((name, part) for name, part in parts.items() if part is not None and part.origin == "plan")


def _people(plan: Plan) -> Iterator[tuple[str, PersonPart]]:
    parts = {"person": plan.person, "second_person": plan.second_person} if plan.target.issuer else {}
    yield from ((name, part) for name, part in parts.items() if part is not None and part.origin == "plan")


def _needed(plan: Plan) -> Iterator[tuple[str, str, Text]]:
    for name, part in _clients(plan):
        if not part.client_id:
            yield name, part.client_id_env, Text("the client's id", "クライアントID")
        if part.auth_method.startswith("client_secret"):
            yield name, part.client_secret_env, Text("the client's secret", "クライアントシークレット")
        if part.auth_method == "private_key_jwt":
            yield (
                name,
                part.private_jwk_env or "private_jwk_env",
                Text("the client's key (JWK)", "クライアントの鍵(JWK)"),
            )
    for name, person in _people(plan):
        yield name, person.user_env, Text("the user name of a made-up person", "架空の利用者の利用者名")
        yield name, person.password_env, Text("that person's password", "その利用者のパスワード")
    if plan.fhir.access == "token" and plan.target.fhir:
        yield "fhir", plan.fhir.token_env, Text("a bearer token for FHIR", "FHIRのトークン")


def _missing(part: str, name: str, what: Text) -> Text:
    return Text(
        f"the environment variable {name} is not set ([{part}]: {what.en}). Set it: export {name}=...,"
        " or name another in the plan.",
        f"環境変数 {name} が設定されていない([{part}]: {what.ja})。export {name}=... で設定するか、"
        "計画で別の名を指定する。",
    )


def _key(part: str, name: str, environ: Mapping[str, str]) -> Iterator[Remark]:
    try:
        sound = isinstance(found := json.loads(environ[name]), dict) and "kty" in found and "d" in found
    except ValueError:
        sound = False
    if not sound:
        yield Remark(
            "variable",
            Text(
                f"the environment variable {name} ([{part}]) holds no private key as JSON (JWK, RFC 7517).",
                f"環境変数 {name}([{part}])の中身が秘密鍵のJSON(JWK、RFC 7517)ではない。",
            ),
        )
