"""Catalogue and notices: what can be agreed to, in words that people understand, open to everybody."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.check import check
from conformance.checks.core_consent.scene import FRIENDS, Scene
from conformance.city.caller import City
from conformance.city.consents import needed
from conformance.consent_model import CATEGORIES, LAW, LAW_UNLESS_REFUSED, MODES, PURPOSES, RECIPIENTS, ring_of
from conformance.context import Context
from conformance.contract.operations import load_document
from conformance.text import Text

ABSOLUTE = ("use", "managed_by", "data", "shared_with", "kept_for", "your_choice", "modes")
"""Sections of a notice. Source: contract, schema Notice."""


@check("CONS-016")
def catalogue_is_public(ctx: Context) -> None:
    """Reads the catalogue without a token: every code list of the contract, each term in Japanese and English."""
    reply = ctx.city.call("getConsentCatalog")
    ctx.expect_status(Text("getConsentCatalog without a token", "トークンなしの getConsentCatalog"), reply, 200)
    found = reply.members
    required = load_document()["components"]["schemas"]["ConsentCatalog"]["required"]
    what = Text("members missing in the catalogue", "目録にない項目")
    ctx.expect(what, expected=[], actual=[name for name in required if name not in found])
    kinds = dict.fromkeys(name.partition(":")[0] for name in RECIPIENTS if name != "none")
    for member, codes in (
        ("purposes", PURPOSES),
        ("categories", CATEGORIES),
        ("recipients", (*kinds, "service")),
        ("modes", MODES),
        ("obligations", ("audit", "notify_after", "minimum_necessary")),
        ("methods", ("self", "proxy", "staff")),
    ):
        _terms(ctx, member, _rows(found, member), codes)
    _purposes(ctx, _rows(found, "purposes"))
    denied = {str(one.get("code")) for one in _rows(found, "recipients") if one.get("default_deny") is True}
    what = Text("recipients denied by default", "同意がなければ何も伝えない相手先")
    ctx.require(what, denied >= set(FRIENDS), expected=list(FRIENDS), actual=sorted(denied))


@check("CONS-016", "law")
def catalogue_tells_law_and_rings(ctx: Context) -> None:
    """Reads legal bases and rings in the catalogue: each clause with what it opens, each ring with its items."""
    found = needed(ctx.city.call("getConsentCatalog"), "getConsentCatalog", 200)
    ctx.require("statutory", _rows(found, "statutory"), expected="legal bases", actual=found.get("statutory"))
    told: dict[tuple[str, str, str], set[str]] = {}
    for one in _rows(found, "statutory"):
        for recipient in one.get("recipients", ()):
            for category in one.get("categories", ()):
                told.setdefault((recipient, str(one.get("purpose")), category), set()).add(str(one.get("clause")))
    for cell, clause in {**LAW, **LAW_UNLESS_REFUSED}.items():
        what = Text(f"clause for {', '.join(cell)}", f"{', '.join(cell)} の条項")
        ctx.require(what, clause in told.get(cell, ()), expected=clause, actual=sorted(told.get(cell, ())))
    extra = sorted(set(told) - set(LAW) - set(LAW_UNLESS_REFUSED))
    what = Text("cells opened by a clause that the contract does not have", "標準仕様にない法令の開示")
    ctx.expect(what, expected=[], actual=extra)
    rings = {int(one.get("number", 0)): one for one in _rows(found, "rings")}
    for who in ("family", "acquaintance", "employer", "public"):
        number, items = ring_of(who)
        ring = rings.get(number, {})
        what = Text(f"ring {number}, of {who}", f"輪{number}({who})")
        seen = (who in ring.get("recipients", ()), sorted(ring.get("items", ())))
        ctx.expect(what, expected=(True, sorted(items)), actual=seen)


@check("CONS-020")
def notices_tell_and_have_a_hash(ctx: Context) -> None:
    """Reads the notice of each purpose: all sections in both languages, and the hash fits the words."""
    found = needed(ctx.city.call("getConsentCatalog"), "getConsentCatalog", 200)
    purposes = _rows(found, "purposes")
    ctx.require("purposes of the catalogue", purposes, expected="purposes", actual=found.get("purposes"))
    for one in purposes:
        code = str(one.get("code"))
        reply = ctx.city.call("getNotice", path={"purpose": code})
        ctx.expect_status(Text(f"getNotice {code} without a token", f"トークンなしの getNotice {code}"), reply, 200)
        languages = reply.members.get("languages", {})
        listed = one.get("notice", {}).get("hash", {})
        for language in ("ja", "en"):
            notice = languages.get(language, {}) if isinstance(languages, dict) else {}
            _notice(ctx, notice, code, language)
            what = Text(f"hash of {code} ({language}) in the catalogue", f"目録にある {code}({language}) のハッシュ")
            ctx.expect(
                what, expected=notice.get("hash"), actual=listed.get(language) if isinstance(listed, dict) else listed
            )


@check("CONS-020", "record", alone=True)
def records_name_the_notice_that_was_shown(ctx: Context) -> None:
    """Agrees in both languages, with the notice's hash and a wrong one: the record names the words shown."""
    scene = Scene(ctx)
    person = scene.person()
    notices = _notices(scene.city, "disaster_support")
    for language in ("ja", "en"):
        told = str(notices.get(language, {}).get("hash"))
        more = {"language": language, "notice_hash": told}
        reply = scene.consents.record(person, "disaster_support", ["safety"], ["municipality"], **more)
        with ctx.control(Text("a consent with the right hash is recorded", "正しいハッシュの同意は記録される")):
            ctx.expect_status("createConsent", reply, 201)
        what = Text(f"notice of a record agreed to in {language}", f"{language} で同意した記録の notice")
        seen = reply.members.get("notice", {})
        ctx.expect(what, expected=(told, language), actual=(seen.get("hash"), seen.get("language")))
    wrong = {"notice_hash": "sha256:" + "0" * 64}
    reply = scene.consents.record(person, "disaster_support", ["safety"], ["municipality"], **wrong)
    what = Text("a consent to other words than the present ones", "今の文面と違うものへの同意")
    ctx.refused_status(what, reply, 409, 412, 422)


def _rows(found: Mapping[str, Any], member: str) -> Sequence[Mapping[str, Any]]:
    rows = found.get(member)
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def _terms(ctx: Context, member: str, rows: Sequence[Mapping[str, Any]], codes: Sequence[str]) -> None:
    """Demand that a list has the contract's codes, each told in both languages."""
    known = {str(one.get("code")): one for one in rows}
    missing = [code for code in codes if code not in known]
    ctx.expect(Text(f"codes missing in {member}", f"{member} にない符号"), expected=[], actual=missing)
    mute = [code for code, one in known.items() if not (one.get("ja") and one.get("en"))]
    what = Text(f"codes of {member} without words in Japanese and English", f"日本語と英語の説明がない {member} の符号")
    ctx.expect(what, expected=[], actual=mute)


def _purposes(ctx: Context, rows: Sequence[Mapping[str, Any]]) -> None:
    for one in rows:
        for member in ("categories", "recipients", "max_validity", "retention_period", "notice"):
            what = Text(f"{member} of purpose {one.get('code')}", f"目的 {one.get('code')} の {member}")
            ctx.require(what, one.get(member), expected="a value", actual=one.get(member))


def _notice(ctx: Context, notice: Mapping[str, Any], code: str, language: str) -> None:
    sections = notice.get("sections", {})
    mute = [name for name in ABSOLUTE if not (isinstance(sections, dict) and sections.get(name))]
    what = Text(f"sections missing in the notice of {code} ({language})", f"{code}({language})の文面にない節")
    ctx.expect(what, expected=[], actual=mute)
    ctx.expect(
        f"language, purpose ({code})", expected=(language, code), actual=(notice.get("language"), notice.get("purpose"))
    )
    what = Text(f"hash of the notice of {code} ({language})", f"{code}({language})の文面のハッシュ")
    ctx.expect_in(what, expected=_hashes(notice), actual=notice.get("hash"))


def _hashes(notice: Mapping[str, Any]) -> tuple[str, ...]:
    """The hash of a notice as schema Notice says; letters beyond ASCII as they are, or escaped."""
    bare = {**notice, "hash": ""}
    texts = (
        json.dumps(bare, ensure_ascii=ascii_only, separators=(",", ":"), sort_keys=True) for ascii_only in (False, True)
    )
    return tuple("sha256:" + hashlib.sha256(text.encode()).hexdigest() for text in texts)


def _notices(city: City, purpose: str) -> Mapping[str, Any]:
    found = needed(city.call("getNotice", path={"purpose": purpose}), "getNotice", 200).get("languages", {})
    return found if isinstance(found, dict) else {}
