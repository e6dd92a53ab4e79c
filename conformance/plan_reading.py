"""Reads a plan, and tells every fault of it at once, each with file and line."""

import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from conformance.check import load_checks
from conformance.contract.profiles import load_profiles
from conformance.contract.requirements import load_requirements
from conformance.errors import PlanError, PlanFault
from conformance.plan import ClientPart, LoginPart, Plan
from conformance.shape import Source, faults_of, near, nearest
from conformance.text import Text
from conformance.toml_lines import index_lines

Found = Iterator[tuple[tuple[str | int, ...], Text]]
"""Faults by the path of their key."""

LONGEST_WAIT_S = 120.0
"""Longest ``timeout_s`` of a plan, so that no run hangs. Confidence C."""

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_plan(path: Path) -> Plan:
    """The plan in a file. What it names by a relative path is looked for beside it.

    Raises:
        PlanError: It cannot be used; carries every fault.
    """
    data, source = read_toml(path)
    faults = list(faults_of(Plan, data, source))
    if faults:
        raise PlanError([*faults, *_known_profiles(data, source)])
    plan = _beside(path, msgspec.convert(data, Plan))
    faults = [source.fault(place, text) for place, text in _meaning(plan)]
    if faults:
        raise PlanError(faults)
    return plan


def narrowed(plan: Plan, profiles: Sequence[str]) -> Plan:
    """The plan for these profiles only; all of its own where none is named.

    Raises:
        PlanError: A profile is unknown, or the plan lacks the address that it needs.
    """
    if not profiles:
        return plan
    target = msgspec.structs.replace(plan.target, profiles=tuple(profiles))
    narrow = msgspec.structs.replace(plan, target=target)
    faults = [
        PlanFault("--profile", text) for _, text in (*_profile_faults(target.profiles), *_needed_addresses(narrow))
    ]
    if faults:
        raise PlanError(faults)
    return narrow


def unknown_names(names: Sequence[str], where: str = "--check") -> None:
    """Refuse names that are neither requirements nor checks.

    Raises:
        PlanError: There are such; each is told with the nearest that there is.
    """
    known = sorted({one.id for one in load_requirements()} | {one.name for one in load_checks()})
    faults = [PlanFault(where, _unknown_name(name, known)) for name in names if name not in known]
    if faults:
        raise PlanError(faults)


def _unknown_name(name: str, known: Sequence[str]) -> Text:
    padded = re.sub(r"^([A-Za-z]+)-?0*(\d{1,3})$", lambda found: f"{found[1].upper()}-{int(found[2]):03}", name)
    found = padded if padded in known else nearest(name, known)
    hint = Text(f"Did you mean {found}?", f"{found} のことか。") if found else _COVERAGE
    return Text(f"unknown id {name}. {hint.en}", f"知らないID {name}。{hint.ja}")


_COVERAGE = Text("`citytwin conform coverage` lists all.", "一覧は `citytwin conform coverage`。")


def read_toml(path: Path) -> tuple[Mapping[str, Any], Source]:
    """What a TOML file says, and where.

    Raises:
        PlanError: It cannot be read, or is no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        told = reason.strerror if isinstance(reason, OSError) else "no UTF-8"
        raise PlanError([PlanFault(str(path), _unreadable(told))]) from reason
    try:
        return tomllib.loads(text), Source(str(path), index_lines(text))
    except tomllib.TOMLDecodeError as reason:
        found = _AT.search(str(reason))
        line = found[1] if found and found[1] else len(text.splitlines())
        told = _AT.sub("", str(reason))
        words = Text(f"not TOML: {told}. Mend this line.", f"TOMLとして読めない: {told}。この行を直す。")
        raise PlanError([PlanFault(f"{path}:{line}", words)]) from reason


def _unreadable(told: str | None) -> Text:
    return Text(
        f"the file cannot be read: {told}. `citytwin conform init URL` writes a plan.",
        f"ファイルを読めない: {told}。計画は `citytwin conform init URL` で作れる。",
    )


def _beside(path: Path, plan: Plan) -> Plan:
    """The plan with its file of certificates as a path from here."""
    if not plan.target.ca_file:
        return plan
    place = path.parent / plan.target.ca_file
    return msgspec.structs.replace(plan, target=msgspec.structs.replace(plan.target, ca_file=str(place)))


def _known_profiles(data: Mapping[str, Any], source: Source) -> Iterator[PlanFault]:
    target = data.get("target")
    profiles = target.get("profiles") if isinstance(target, Mapping) else None
    if isinstance(profiles, list) and all(isinstance(one, str) for one in profiles):
        yield from (source.fault(place, text) for place, text in _profile_faults(tuple(profiles)))


def profile_names() -> tuple[str, ...]:
    """Profiles that can be judged, and their parts."""
    built = [name for name, profile in load_profiles().items() if not profile.slot]
    parts = {one.part for one in load_requirements() if one.part}
    return (*built, *sorted(parts))


def unknown_profile(name: str) -> Text:
    """Words for a profile that cannot be judged."""
    if name in load_profiles() and name not in profile_names():
        return Text(
            f"profile {name} is a name for later: the contract has no operations for it yet. Leave it out.",
            f"プロファイル {name} は将来のための名で、標準仕様にまだ中身がない。除く。",
        )
    hint = near(name, profile_names())
    return Text(f"unknown profile {name}. {hint.en}", f"知らないプロファイル {name}。{hint.ja}")


def _profile_faults(profiles: tuple[str, ...]) -> Found:
    if not profiles:
        told = ", ".join(profile_names())
        yield ("target", "profiles"), Text(f"profiles is empty. Known: {told}.", f"profiles が空。使えるもの: {told}。")
    known = profile_names()
    yield from ((("target", "profiles"), unknown_profile(one)) for one in profiles if one not in known)


def _meaning(plan: Plan) -> Found:
    yield from _profile_faults(plan.target.profiles)
    yield from _addresses(plan)
    yield from _needed_addresses(plan)
    yield from _limits(plan)
    yield from _login(plan.login)
    yield from _clients(plan)


def _addresses(plan: Plan) -> Found:
    target = plan.target
    for key, url in (("issuer", target.issuer), ("city_os", target.city_os), ("fhir", target.fhir)):
        if url and (fault := _url_fault(url)):
            yield ("target", key), fault
    if plan.receiver.url and (fault := _url_fault(plan.receiver.url)):
        yield ("receiver", "url"), fault
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", plan.receiver.bind):
        yield (
            ("receiver", "bind"),
            Text(
                f"receiver.bind is {plan.receiver.bind!r}. Give address:port, such as 127.0.0.1:8765.",
                f"receiver.bind が {plan.receiver.bind!r} となっている。127.0.0.1:8765 のように書く。",
            ),
        )


def _url_fault(url: str) -> Text | None:
    if _is_address(url):
        return None
    return Text(
        f"{url!r} is no address. Give one that begins with https:// (or http://), without query and fragment.",
        f"{url!r} はアドレスではない。https://(またはhttp://)で始まり、クエリーとフラグメントのないものを書く。",
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return sound and not parts.query and not parts.fragment and not re.search(r"\s", url)


def _needed_addresses(plan: Plan) -> Found:
    target = plan.target
    families = {one.partition("/")[0] for one in target.profiles}
    of_city = bool(families & {"core-rest", "core-consent", "disaster", "lgwan-bridge"})
    needed = {
        "issuer": of_city or "core-oidc" in families or plan.fhir.access == "role",
        "fhir": "health-fhir" in families,
        "city_os": of_city,
    }
    for key, wanted in needed.items():
        if wanted and not getattr(target, key):
            yield (
                ("target",),
                Text(
                    f"target.{key} is missing, but the profiles need it. Add its address, or leave the profiles out.",
                    f"target.{key} がない。プロファイルに要るので、アドレスを書くか、プロファイルを除く。",
                ),
            )


def _limits(plan: Plan) -> Found:
    waits = (
        (("target", "timeout_s"), plan.target.timeout_s),
        (("login", "command_timeout_s"), plan.login.command_timeout_s),
    )
    for place, seconds in waits:
        if not 0 < seconds <= LONGEST_WAIT_S:
            name = ".".join(place)
            yield (
                place,
                Text(
                    f"{name} is {seconds}. Give seconds above 0, at most {LONGEST_WAIT_S:g}.",
                    f"{name} が {seconds} となっている。0より大きく{LONGEST_WAIT_S:g}以下の秒数を書く。",
                ),
            )
    if plan.target.ca_file and not Path(plan.target.ca_file).is_file():
        file = plan.target.ca_file
        yield (
            ("target", "ca_file"),
            Text(
                f"ca_file {file} is not there. Give a PEM file of certificates, by its path from the plan.",
                f"ca_file {file} がない。証明書のPEMファイルを、計画の場所からのパスで書く。",
            ),
        )


def _login(login: LoginPart) -> Found:
    if login.kind == "steps" and not login.steps:
        yield (
            ("login", "kind"),
            Text(
                'login.kind is "steps", but there is no [[login.steps]]. Write the requests of the sign-in page there.',
                'login.kind が "steps" だが [[login.steps]] がない。サインインの画面が送る要求をそこに書く。',
            ),
        )
    if login.kind == "command" and not login.command:
        yield (
            ("login", "kind"),
            Text(
                'login.kind is "command", but login.command is missing. Give the program and its arguments as a list.',
                'login.kind が "command" だが login.command がない。プログラムと引数を並びで書く。',
            ),
        )
    if login.kind == "command" and login.command and shutil.which(login.command[0]) is None:
        program = login.command[0]
        yield (
            ("login", "command"),
            Text(
                f"login.command: there is no program {program!r}, or it may not be run. Give its whole path.",
                f"login.command: プログラム {program!r} がないか、実行できない。絶対パスで書く。",
            ),
        )


_CLIENTS: Mapping[str, Callable[[Plan], ClientPart | None]] = {
    "client": lambda plan: plan.client,
    "second_client": lambda plan: plan.second_client,
}


def _clients(plan: Plan) -> Found:
    for name, part_of in _CLIENTS.items():
        part = part_of(plan)
        if part is not None and (fault := _redirect_fault(part.redirect_uri)):
            yield (name, "redirect_uri"), fault
    if plan.fhir.access == "role" and not plan.target.city_os:
        yield (
            ("fhir", "access"),
            Text(
                'fhir.access is "role", but without target.city_os there are no roles. Give "token" or "open".',
                'fhir.access が "role" だが、役割は都市OSのもので target.city_os がない。"token" か "open" とする。',
            ),
        )


def _redirect_fault(uri: str) -> Text | None:
    if _is_redirect(uri):
        return None
    return Text(
        f"redirect_uri {uri!r} is no absolute URI without a fragment. Give the one that is registered for the client.",
        f"redirect_uri {uri!r} がフラグメントのない絶対URIではない。クライアントに登録したものを書く。",
    )


def _is_redirect(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme) and not parts.fragment and (bool(parts.netloc) or parts.scheme not in ("http", "https"))
