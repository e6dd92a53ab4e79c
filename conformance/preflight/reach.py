"""Reach: whether the addresses of a plan answer, and are what the plan takes them for."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from conformance.errors import NetworkError
from conformance.plan import Plan
from conformance.preflight.remark import Kind, Remark
from conformance.target import CITY_OS, OIDC_CONFIGURATION
from conformance.text import Text
from conformance.wire import Line, Reply, Wire

CLOCK_S = 120
"""Greatest difference of clocks that goes unremarked, in seconds; about the leeway of token checks. Confidence C."""

DOCUMENTS = {"issuer": OIDC_CONFIGURATION, "city_os": CITY_OS, "fhir": "/metadata"}
"""What is asked of each address of ``[target]``."""


def reach(plan: Plan, line: Line) -> Iterator[Remark]:
    """What is wrong with the addresses; a host that does not answer is told once."""
    wire, dead = Wire(line), set[str]()
    clocks: dict[str, Remark] = {}
    for key, below in DOCUMENTS.items():
        base = getattr(plan.target, key)
        host = urlsplit(base).netloc
        if not base or host in dead:
            continue
        try:
            reply = asked(wire, base.rstrip("/") + below)
        except NetworkError as reason:
            dead.add(host)
            yield unreachable(base, reason)
            continue
        if host not in clocks and (remark := clock_of(reply)) is not None:
            clocks[host] = remark
            yield remark
        yield from _document(key, base, reply, wire)


def asked(wire: Wire, url: str) -> Reply:
    """A document that describes the target."""
    return wire.send("GET", url, headers={"accept": "application/fhir+json, application/json;q=0.9"})


def _document(key: str, base: str, reply: Reply, wire: Wire) -> Iterator[Remark]:
    said = what_it_said(reply)
    if key == "issuer":
        if said or not {"issuer", "authorization_endpoint", "token_endpoint"} & reply.members.keys():
            yield no_provider(reply, said)
        else:
            yield from _other_issuer(base, reply.members, wire)
    elif key == "city_os" and (said or not {"issuer", "api_base", "profiles"} & reply.members.keys()):
        yield _absent("no-city-os", reply, said)
    elif key == "fhir" and (said or reply.members.get("resourceType") != "CapabilityStatement"):
        yield _absent("no-fhir", reply, said)


def what_it_said(reply: Reply) -> str:
    """What came instead of a JSON object; empty where one came."""
    if 300 <= reply.status < 400:
        return f"{reply.status} -> {reply.header('location')}"
    if reply.status != 200:
        return f"{reply.status} {reply.media_type}".strip()
    if reply.members:
        return ""
    return "200, HTML" if "<html" in reply.text[:500].lower() else f"200, {reply.text[:60]!r}"


def no_provider(reply: Reply, said: str) -> Remark:
    """There are no provider's metadata at an address."""
    told = said or "200, JSON of another kind"
    return Remark(
        "no-provider",
        Text(
            f"{reply.url} gives no metadata of an OpenID provider ({told}). Set target.issuer to the issuer, with its"
            " path (such as https://host/realms/town); `citytwin conform init URL` finds it." + _hint(reply),
            f"{reply.url} にOpenID Providerのメタデータがない({told})。target.issuer をパスも含めたissuerにする"
            "(例 https://host/realms/town)。`citytwin conform init URL` で探せる。",
        ),
    )


def _hint(reply: Reply) -> str:
    if 300 <= reply.status < 400:
        return " It is redirected: take the address that it leads to."
    if reply.status >= 500:
        return " The server has an error of its own: look at its log, and try again."
    return ""


def _absent(kind: Kind, reply: Reply, said: str) -> Remark:
    told = said or "200, JSON of another kind"
    if kind == "no-city-os":
        return Remark(
            kind,
            Text(
                f"{reply.url} gives no description of a city OS ({told}). Set target.city_os to the address before"
                " /.well-known/city-os, or, if it is none, remove target.city_os and the profiles that need it."
                + _hint(reply),
                f"{reply.url} に都市OSの案内がない({told})。target.city_os を /.well-known/city-os の前までの"
                "アドレスにする。都市OSでなければ、target.city_os とそれが要るプロファイルを除く。",
            ),
        )
    return Remark(
        kind,
        Text(
            f"{reply.url} gives no CapabilityStatement ({told}). Set target.fhir to the base address, such as"
            " https://host/fhir/R4." + _hint(reply),
            f"{reply.url} にCapabilityStatementがない({told})。target.fhir をベースURL(例 https://host/fhir/R4)"
            "にする。",
        ),
    )


def _other_issuer(base: str, metadata: Mapping[str, Any], wire: Wire) -> Iterator[Remark]:
    """The plan names a provider by another name than its own; where its own name leads nowhere, that is its fault."""
    own = metadata.get("issuer")
    if not isinstance(own, str) or own.rstrip("/") == base.rstrip("/") or not own.startswith("http"):
        return
    try:
        there = asked(wire, own.rstrip("/") + OIDC_CONFIGURATION)
    except NetworkError:
        return
    if there.members.get("issuer") == own:
        yield Remark(
            "issuer",
            Text(
                f"the provider at {base} calls itself {own}. Set target.issuer to that (OIDCD 4.3).",
                f"{base} のProviderは自らを {own} と名乗る。target.issuer をそれにする(OIDCD 4.3)。",
            ),
        )


def clock_of(reply: Reply) -> Remark | None:
    """How far the target's clock is from ours, by its Date header, where that matters."""
    try:
        theirs_s = parsedate_to_datetime(reply.header("date")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return clock_remark(urlsplit(reply.url).netloc, theirs_s)


def clock_remark(host: str, theirs_s: float) -> Remark | None:
    """A remark if a moment that the target calls now is far from ours; ``theirs_s`` in seconds since 1970."""
    ahead_s = round(theirs_s - time.time())
    if abs(ahead_s) <= CLOCK_S:
        return None
    way, weg = ("ahead of", "進んで") if ahead_s > 0 else ("behind", "遅れて")
    return Remark(
        "clock",
        Text(
            f"the clock of {host} is {abs(ahead_s)} s {way} this machine's. Set both by NTP (timedatectl shows which"
            " is wrong): tokens would be too old or not yet valid.",
            f"{host} の時計がこの機械より {abs(ahead_s)} 秒{weg}いる。両方をNTPで合わせる"
            "(どちらが違うかは timedatectl で分かる)。このままではトークンが期限切れか発効前になる。",
        ),
    )


def unreachable(url: str, reason: BaseException) -> Remark:
    """Why an address does not answer, and what to do."""
    host = urlsplit(url).hostname or url
    for one in _causes(reason):
        if isinstance(one, ssl.SSLCertVerificationError):
            return Remark("certificate", _certificate(host, one))
        if isinstance(one, ssl.SSLError):
            return Remark("certificate", _tls(url, str(one)))
        if isinstance(one, socket.gaierror):
            return Remark("unreachable", _no_name(host))
        if isinstance(one, ConnectionRefusedError):
            return Remark("unreachable", _refused(url))
        if isinstance(one, httpx2.TimeoutException | TimeoutError):
            return Remark("unreachable", _silent(url))
    return Remark(
        "unreachable",
        Text(
            f"{url} does not answer as HTTP: {reason}. Look at the address, its scheme (http or https) and its port.",
            f"{url} がHTTPで応答しない: {reason}。アドレス、http・httpsの別、ポートを確かめる。",
        ),
    )


def _causes(reason: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = reason
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _certificate(host: str, reason: ssl.SSLCertVerificationError) -> Text:
    why = reason.verify_message
    if "match" in why.lower() or "valid for" in why.lower():
        return Text(
            f"the certificate of {host} is for another name ({why}). Use the name that it is for in the plan.",
            f"{host} の証明書は別の名のもの({why})。計画には証明書にある名を書く。",
        )
    if "expired" in why or "not yet valid" in why:
        return Text(
            f"the certificate of {host} is not valid now ({why}). Renew it, or set the clock of this machine.",
            f"{host} の証明書が有効期間の外({why})。更新するか、この機械の時計を合わせる。",
        )
    return Text(
        f"the certificate of {host} is not trusted ({why}). Set target.ca_file to a PEM file with its issuer's"
        " certificate (for a self-signed one: with itself); the check of certificates cannot be switched off.",
        f"{host} の証明書が信頼できない({why})。target.ca_file に発行元の証明書(自己署名ならそれ自身)のPEMファイルを"
        "指定する。証明書の検証は止められない。",
    )


def _tls(url: str, why: str) -> Text:
    return Text(
        f"{url} does not speak TLS as it should ({why}). If it has none, write http:// in the plan.",
        f"{url} とTLSで通信できない({why})。TLSがないなら計画に http:// と書く。",
    )


def _no_name(host: str) -> Text:
    return Text(
        f"the name {host} is not known (DNS). Look for a typing error, or add it to DNS or /etc/hosts.",
        f"名前 {host} が引けない(DNS)。つづりを確かめるか、DNSまたは /etc/hosts に加える。",
    )


def _refused(url: str) -> Text:
    return Text(
        f"nobody listens at {url} (connection refused). Start the service, or mend the port in the plan.",
        f"{url} で待ち受けるものがない(接続拒否)。サービスを起動するか、計画のポートを直す。",
    )


def _silent(url: str) -> Text:
    return Text(
        f"{url} does not answer in time. Look at firewall and proxy (HTTPS_PROXY), or raise target.timeout_s.",
        f"{url} が時間内に応答しない。ファイアウォールやプロキシ(HTTPS_PROXY)を確かめるか、target.timeout_s を延ばす。",
    )
