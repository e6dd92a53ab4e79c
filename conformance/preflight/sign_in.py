"""Sign-in: whether clients and people of a plan are let in, and pages can be passed."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.accounts import ClientAccount
from conformance.city.caller import City
from conformance.draws import fresh
from conformance.errors import NetworkError
from conformance.fhir.server import FhirServer
from conformance.oidc.browser import Arrival, Callback, Stop
from conformance.oidc.relying_party import RelyingParty, told
from conformance.oidc.tokens import read_token
from conformance.outcomes import CredentialsRefused, Misconfigured, NeedsReview, NotApplicable, Outcome, Unmet
from conformance.plan import ClientPart
from conformance.preflight.reach import clock_remark, unreachable
from conformance.preflight.remark import Remark
from conformance.target import Target
from conformance.text import Text
from conformance.wire import Reply, Wire


def clients(target: Target) -> Iterator[Remark]:
    """Whether the provider knows the suite's clients by their credentials."""
    pairs = ((target.plan.client, target.client), (target.plan.second_client, target.second_client))
    for part, account in pairs:
        if part is None or account is None or account.auth_method == "none" or not target.endpoint("token_endpoint"):
            continue
        reply = RelyingParty(target, Wire(target.line), account).redeem(fresh(), fresh(48))
        if _is_refused(reply):
            yield _client_refused(target, account, reply, blocks=part.origin == "plan")


def roles(target: Target) -> Iterator[Remark]:
    """Whether the city OS gives tokens to the plan's clients of roles."""
    city = City(target, Wire(target.line))
    for role, part in target.plan.roles.items():
        account = next(reversed(target.of_role(role)), None)  # those of the plan come after the sandbox's
        if part.origin != "plan" or account is None or not target.endpoint("token_endpoint"):
            continue
        reply = city.ask_token(account, grant_type="client_credentials")
        if "access_token" not in reply.members:
            yield Remark("role", _role_refused(role, account, reply))


def _is_refused(reply: Reply) -> bool:
    return reply.status == 401 or reply.members.get("error") == "invalid_client"


def _client_refused(target: Target, account: ClientAccount, reply: Reply, *, blocks: bool) -> Remark:
    method = account.auth_method
    offered = target.metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    other = method not in offered if isinstance(offered, list) else False
    hint = f" The provider offers {', '.join(map(str, offered))}: set auth_method." if other else ""
    hinweis = f" Providerが使えるのは {', '.join(map(str, offered))}。auth_method を直す。" if other else ""
    said = f"{reply.status} {reply.text[:100]}"
    return Remark(
        "client",
        Text(
            f"the credentials of client {account.client_id} were refused at the token endpoint ({method}: {said})."
            f" Look at the variables of its id and secret, and at auth_method.{hint}",
            f"クライアント {account.client_id} の資格情報がトークンエンドポイントで拒まれた({method}: {said})。"
            f"IDとシークレットの環境変数、auth_method を確かめる。{hinweis}",
        ),
        blocks,
    )


def _role_refused(role: str, account: ClientAccount, reply: Reply) -> Text:
    said = f"{reply.status} {reply.text[:100]}"
    return Text(
        f"client {account.client_id} of role {role} gets no token ({said}). Look at the variables in [roles.{role}],"
        " and whether the client may use client_credentials.",
        f"役割 {role} のクライアント {account.client_id} にトークンが出ない({said})。[roles.{role}] の環境変数と、"
        "client_credentialsが許されているかを確かめる。",
    )


def sign_in(target: Target) -> Iterator[Remark]:
    """Whether the person gets through the pages, and back to the client with a code that is redeemed."""
    if target.client is None or not target.endpoint("authorization_endpoint"):
        return
    party = RelyingParty(target, Wire(target.line), target.client)
    browser, verifier = party.new_browser(), fresh(48)
    request = party.request(verifier)
    ours = target.plan.client.origin == "plan"
    try:
        arrival = party.ask(request, browser)
        if isinstance(arrival, Stop):
            yield _stopped(target.plan.client, target.client, arrival, blocks=ours)
            return
        arrival = party.pass_pages(browser, arrival, request)
    except (Misconfigured, NeedsReview) as reason:
        yield Remark("person" if isinstance(reason, CredentialsRefused) else "login-page", reason.text)
        return
    except (Outcome, NetworkError) as reason:
        yield Remark("login-page", _lost(str(reason)))
        return
    yield from _redeemed(party, arrival, verifier, blocks=ours)


def _redeemed(party: RelyingParty, arrival: Arrival, verifier: str, *, blocks: bool) -> Iterator[Remark]:
    code = arrival.get("code") if isinstance(arrival, Callback) else None
    if not code:
        yield Remark("login-page", _no_code(told(arrival)), blocks=False)
        return
    reply = party.redeem(code, verifier)
    if _is_refused(reply):
        yield _client_refused(party.target, party.client, reply, blocks=blocks)
    remark = _clock(party, reply.members)
    if remark is not None:
        yield remark


def _clock(party: RelyingParty, tokens: Mapping[str, Any]) -> Remark | None:
    try:
        issued_s = read_token(str(tokens.get("id_token", "")), "id_token").claims.get("iat")
    except Outcome:
        return None
    return clock_remark(party.target.issuer, float(issued_s)) if isinstance(issued_s, int | float) else None


def _stopped(part: ClientPart, account: ClientAccount, stop: Stop, *, blocks: bool) -> Remark:
    said = f"{stop.reply.status} {(stop.page.text or stop.reply.text)[:160]}".strip()
    if "redirect" in f"{stop.page.text} {stop.reply.text}".lower():
        uri = account.redirect_uri or part.redirect_uri
        return Remark(
            "redirect-uri",
            Text(
                f"the provider does not take redirect_uri {uri} of client {account.client_id} ({said}). Register it"
                " there, character for character, or set redirect_uri in the plan to one that is registered.",
                f"クライアント {account.client_id} の redirect_uri {uri} が受け付けられない({said})。"
                "一字一句同じものを登録するか、登録済みのものを計画の redirect_uri に書く。",
            ),
            blocks,
        )
    return Remark(
        "client",
        Text(
            f"the provider shows an error instead of a sign-in page to client {account.client_id} ({said}). Look"
            " whether the client_id is right, and may use response_type=code with its redirect_uri.",
            f"クライアント {account.client_id} にサインインの画面でなく誤りが示される({said})。client_idが正しいか、"
            "response_type=codeとredirect_uriが許されているかを確かめる。",
        ),
        blocks,
    )


def _lost(said: str) -> Text:
    return Text(
        f'the sign-in pages cannot be passed: {said}. Describe them in [login], or use kind = "command".',
        f'サインインの画面を通れない: {said}。[login]に書くか、kind = "command" とする。',
    )


def _no_code(said: str) -> Text:
    return Text(
        f"the sign-in ended without a code: {said}. If the service is right, look at scope and redirect_uri.",
        f"サインインがコードなしで終わった: {said}。サービスの誤りでなければ、scopeとredirect_uriを確かめる。",
    )


def fhir(target: Target, token: str) -> Iterator[Remark]:
    """Whether the FHIR server lets the suite in."""
    if not target.fhir_base or not target.capability:
        return
    part, wire = target.plan.fhir, Wire(target.line)
    try:
        reply = FhirServer(target, wire, City(target, wire), token).search("Patient", {"_count": 1})
    except (Unmet, NotApplicable) as reason:
        yield Remark("fhir-token", _no_fhir_role(part.role, reason.text.en))
        return
    except NetworkError as reason:
        yield unreachable(target.fhir_base, reason)
        return
    if reply.status in (401, 403):
        yield Remark("fhir-token", _fhir_refused(part.access, part.token_env, reply), blocks=part.access != "role")


def _no_fhir_role(role: str, said: str) -> Text:
    return Text(
        f"there is no token for FHIR: {said}. Look at fhir.role ({role}) and [roles.{role}].",
        f"FHIRのためのトークンがない: {said}。fhir.role({role})と[roles.{role}]を確かめる。",
    )


def _fhir_refused(access: str, variable: str, reply: Reply) -> Text:
    said = f"{reply.status} {reply.text[:80]}"
    if access == "open":
        return Text(
            f'the FHIR server wants a token ({said}). Set fhir.access = "token" and the variable {variable}.',
            f'FHIRサーバーがトークンを求める({said})。fhir.access = "token" とし、環境変数 {variable} を設定する。',
        )
    return Text(
        f"the FHIR server refuses the token ({said}). Put a fresh one into {variable}, with scopes to read Patient"
        " (such as system/*.cruds), not expired.",
        f"FHIRサーバーがトークンを拒む({said})。期限内で、Patientを読めるスコープ(system/*.crudsなど)を持つものを"
        f"環境変数 {variable} に入れる。",
    )
