"""Holds preflight: everything that can be found wrong with a plan before anything is judged."""

import os
import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from conformance.errors import NetworkError, PlanError
from conformance.opening import fhir_token_of, line_of
from conformance.plan import Plan
from conformance.preflight import sign_in
from conformance.preflight.reach import reach, unreachable
from conformance.preflight.remark import Remark
from conformance.preflight.variables import missing_variables
from conformance.survey import survey
from conformance.target import CITY_OS
from conformance.text import Text
from conformance.wire import Line, Wire

PREFLIGHT_S = 10.0
"""Longest wait for one answer, in seconds, whatever the plan allows."""


def preflight(plan: Plan, environ: Mapping[str, str]) -> list[Remark]:
    """All remarks on a plan and what it names; nothing is judged, and every wait has a limit."""
    try:
        line = line_of(plan, at_most_s=PREFLIGHT_S)
    except (OSError, ValueError) as reason:
        return [Remark("certificate", _unusable_file(plan.target.ca_file, reason))]
    try:
        found = [*missing_variables(plan, environ), *_receiver(plan), *reach(plan, line)]
        found += _sandbox(plan, line) if not _is_unknown(found) else []
        return found if any(one.blocks for one in found) else [*found, *_inside(plan, line, environ)]
    finally:
        line.close()


def _is_unknown(found: list[Remark]) -> bool:
    return any(one.kind in ("unreachable", "certificate", "no-city-os") for one in found)


def _inside(plan: Plan, line: Line, environ: Mapping[str, str]) -> Iterator[Remark]:
    try:
        target = survey(plan, line, environ)
        yield from sign_in.clients(target)
        yield from sign_in.roles(target)
        yield from sign_in.sign_in(target)
        yield from sign_in.fhir(target, fhir_token_of(plan, environ))
    except PlanError as reason:
        yield from (Remark("client", fault.text) for fault in reason.faults)
    except NetworkError as reason:
        yield unreachable(plan.target.issuer or plan.target.fhir or plan.target.city_os, reason)


def _sandbox(plan: Plan, line: Line) -> list[Remark]:
    parts = {"client": plan.client, "second_client": plan.second_client, "person": plan.person}
    wanted = [name for name, part in parts.items() if part is not None and part.origin == "sandbox"]
    if not wanted:
        return []
    base = plan.target.city_os.rstrip("/")
    sandbox = Wire(line).send("GET", base + CITY_OS).members.get("sandbox") if base else None
    return [] if sandbox else [Remark("sandbox", _no_sandbox(", ".join(f"[{name}]" for name in wanted)))]


def _no_sandbox(parts: str) -> Text:
    return Text(
        f'{parts}: origin is "sandbox", but the city OS has none (no member sandbox in /.well-known/city-os). Switch it'
        ' on, or set origin = "plan" and give the credentials in the environment.',
        f'{parts}: origin が "sandbox" だが、都市OSに試験環境がない(/.well-known/city-osにsandboxがない)。'
        '有効にするか、origin = "plan" とし、資格情報を環境変数に入れる。',
    )


def _receiver(plan: Plan) -> Iterator[Remark]:
    if not plan.receiver.url:
        return
    host, _, port = plan.receiver.bind.rpartition(":")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host.strip("[]"), int(port)), family=family):
            pass
    except (OSError, OverflowError) as reason:
        told = os.strerror(reason.errno) if isinstance(reason, OSError) and reason.errno else reason
        yield Remark("receiver", _taken(plan.receiver.bind, str(told)))
        return
    named = urlsplit(plan.receiver.url)
    if named.scheme == "http" and named.port not in (None, int(port)) and named.hostname in ("127.0.0.1", "localhost"):
        yield Remark("receiver", _two_ports(plan.receiver.url, plan.receiver.bind))


def _taken(bind: str, why: str) -> Text:
    return Text(
        f"the suite cannot listen at {bind} ({why}). Stop what listens there, or set another port in receiver.bind and"
        " receiver.url.",
        f"{bind} で待ち受けられない({why})。そこで動くものを止めるか、receiver.bind と receiver.url のポートを変える。",
    )


def _two_ports(url: str, bind: str) -> Text:
    return Text(
        f"receiver.url {url} names another port than receiver.bind {bind}. Give both the same.",
        f"receiver.url {url} と receiver.bind {bind} のポートが違う。同じにする。",
    )


def _unusable_file(path: str, reason: Exception) -> Text:
    return Text(
        f"ca_file {path} holds no certificates ({reason}). Give a PEM file (-----BEGIN CERTIFICATE-----).",
        f"ca_file {path} に証明書がない({reason})。PEMファイル(-----BEGIN CERTIFICATE-----)を指定する。",
    )
