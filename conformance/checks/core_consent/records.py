"""Records, receipts and their history: what is written down about a consent."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import Scene
from conformance.city.consents import Record, instant_s, needed
from conformance.context import Context
from conformance.contract.catalogue import load_consent_catalogue, load_receipt_fields
from conformance.contract.operations import load_document
from conformance.oidc.tokens import read_token, verifies
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

ALGORITHMS = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "EdDSA", "Ed25519")
"""Signatures that anybody can verify with a public key. Source: RFC 7518 3.1, RFC 8037."""
TYPE = "consent-receipt+jwt"
"""Source: contract, getConsentReceipt."""
GIVEN: dict[str, Any] = {"modes": ["normal", "disaster"]}
CATEGORIES, RECIPIENTS, PURPOSE = ["location", "safety"], ["municipality"], "disaster_support"


@check("CONS-007", alone=True)
def receipt_verifies(ctx: Context) -> None:
    """Fetches a receipt, verifies it by the published keys, and compares it with the record, member by member."""
    scene = Scene(ctx)
    person = scene.person()
    record = _fresh(scene, person)
    reply = _receipt(scene, person, record)
    ctx.expect_status("getConsentReceipt", reply, 200)
    token = read_token(reply.text.strip(), "receipt")
    ctx.expect("typ", expected=TYPE, actual=str(token.header.get("typ", "")).removeprefix("application/"))
    ctx.expect_in("alg", expected=ALGORITHMS, actual=token.header.get("alg"))
    _verified(ctx, scene, reply.text.strip())
    receipt = token.claims.get("receipt")
    members = receipt if isinstance(receipt, dict) else {}
    shown = needed(_read(scene, person, record), "getConsent", 200)
    for name, pointer in load_receipt_fields().items():
        if pointer.startswith("/events/") and not shown.get("events"):
            continue
        found = list(_at(members, pointer.split("/")[1:]))
        what = Text(f"{name} of ISO/IEC TS 27560 at {pointer}", f"ISO/IEC TS 27560 の {name}({pointer})")
        filled = found and all(one not in (None, "", [], {}) for one in found)
        ctx.require(what, filled, expected="a value", actual=found)
    for name in (
        "record_id",
        "pii_principal_id",
        "purpose",
        "data_categories",
        "recipients",
        "modes",
        "state",
        "events",
    ):
        what = Text(f"{name} of the receipt, against the record", f"レシートの {name}(記録と比べて)")
        ctx.expect(what, expected=shown.get(name), actual=members.get(name))
    _has_notice(ctx, members)


@check("CONS-007", "same", alone=True)
def receipt_stays_the_same(ctx: Context) -> None:
    """Fetches the receipt of one version of a record twice: the person keeps one receipt, not two that differ."""
    scene = Scene(ctx)
    person = scene.person()
    record = _fresh(scene, person)
    first, again = _receipt(scene, person, record), _receipt(scene, person, record)
    with ctx.control(Text("the receipt is issued", "レシートが発行される")):
        ctx.expect_status("getConsentReceipt", first, 200)
    what = Text("receipt of the same version, fetched again", "同じ版のレシートをもう一度取る")
    ctx.expect(what, expected=first.text, actual=again.text)


@check("CONS-007", "rotation", when=(with_sandbox,), alone=True)
def receipt_verifies_after_new_keys(ctx: Context) -> None:
    """Fetches a receipt, has the sandbox change its keys, and verifies the old receipt by the keys of receipts."""
    scene = Scene(ctx)
    person = scene.person()
    record = _fresh(scene, person)
    old = _receipt(scene, person, record).text.strip()
    with ctx.control(Text("the receipt verifies", "レシートを検証できる")):
        _verified(ctx, scene, old)
    ctx.sandbox.rotate_keys()
    _verified(ctx, scene, old)
    scene.consents.withdraw(person, record)
    _verified(ctx, scene, old)
    new = _receipt(scene, person, record).text.strip()
    _verified(ctx, scene, new)
    receipt = read_token(new, "receipt").claims.get("receipt", {})
    what = Text("state in the receipt of a withdrawn consent", "撤回した同意のレシートの state")
    ctx.expect(what, expected="withdrawn", actual=receipt.get("state"))


@check("CONS-017", alone=True)
def record_has_its_members(ctx: Context) -> None:
    """Gives a consent and reads it back: all members of the contract, with what was agreed to."""
    scene = Scene(ctx)
    person = scene.person()
    made = _fresh(scene, person)
    listed = [one for one in scene.consents.of(person) if one.get("record_id") == made.get("record_id")]
    with ctx.control(Text("the record is listed", "記録が一覧にある")):
        ctx.expect("records of that id in listConsents", expected=1, actual=len(listed))
    read = needed(_read(scene, person, made), "getConsent", 200)
    for place, record in (("createConsent", made), ("getConsent", read), ("listConsents", listed[0])):
        missing = [name for name in _required("ConsentRecord") if name not in record]
        ctx.expect(Text(f"members missing in {place}", f"{place} にない項目"), expected=[], actual=missing)
        _is_what_was_agreed_to(ctx, person, record, place)


@check("CONS-017", "events", alone=True)
def record_keeps_its_history(ctx: Context) -> None:
    """Gives, renews and withdraws a consent: each is an event with its state, time, person and method, in order."""
    scene = Scene(ctx)
    person = scene.person()
    record = _fresh(scene, person)
    ctx.expect_status("renewConsent", scene.consents.act("renewConsent", person, record), 200)
    scene.consents.withdraw(person, record)
    read = needed(_read(scene, person, record), "getConsent", 200)
    events = [one for one in read.get("events", ()) if isinstance(one, dict)]
    seen = [(one.get("type"), one.get("state")) for one in events]
    wanted = [("give", "given"), ("renew", "renewed"), ("withdraw", "withdrawn")]
    ctx.expect(Text("events of the record (type, state)", "記録の出来事(type と state)"), expected=wanted, actual=seen)
    ctx.expect("state", expected="withdrawn", actual=read.get("state"))
    for event in events:
        missing = [name for name in _required("ConsentEvent") if name not in event]
        ctx.expect(Text("members missing in an event", "出来事にない項目"), expected=[], actual=missing)
        what = Text(f"who {event.get('type')}", f"{event.get('type')} をした者")
        ctx.expect(what, expected=(person.user, "self"), actual=(event.get("entity_id"), event.get("method")))
    times = [instant_s(str(event.get("time"))) for event in events]
    ctx.expect(Text("times of the events, in order", "出来事の時刻の順"), expected=sorted(times), actual=times)


def _fresh(scene: Scene, person: PersonAccount) -> Record:
    return scene.give(person, PURPOSE, CATEGORIES, RECIPIENTS, **GIVEN)


def _read(scene: Scene, person: PersonAccount, record: Record) -> Reply:
    return scene.city.call("getConsent", person, path={"consent_id": str(record["record_id"])})


def _receipt(scene: Scene, person: PersonAccount, record: Record) -> Reply:
    where = {"consent_id": str(record["record_id"])}
    return scene.city.call("getConsentReceipt", person, headers={"accept": "application/jwt"}, path=where)


def _verified(ctx: Context, scene: Scene, text: str) -> None:
    """Demand that a receipt verifies with the keys of receipts."""
    keys = scene.city.call("getReceiptKeys").members
    what = Text("signature verifies by the keys of getReceiptKeys", "getReceiptKeys の鍵で署名を検証できる")
    ctx.expect(what, expected=True, actual=verifies(read_token(text, "receipt"), keys))


def _has_notice(ctx: Context, receipt: Mapping[str, Any]) -> None:
    text = receipt.get("notice_text")
    what = Text(
        "notice_text of the receipt, the words that the person agreed to", "レシートの notice_text(同意した文面)"
    )
    filled = isinstance(text, dict) and text and all(isinstance(one, str) and one for one in text.values())
    ctx.require(what, filled, expected="texts", actual=text)


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """Values at a path; ``-`` is every item of a list."""
    if not path:
        yield value
    elif path[0] == "-":
        for one in value if isinstance(value, list) and value else [None]:
            yield from _at(one, path[1:])
    else:
        yield from _at(value.get(path[0]) if isinstance(value, dict) else None, path[1:])


def _required(schema: str) -> list[str]:
    names: list[str] = load_document()["components"]["schemas"][schema]["required"]
    return names


def _is_what_was_agreed_to(ctx: Context, person: PersonAccount, record: Record, place: str) -> None:
    purpose = load_consent_catalogue().purposes[PURPOSE]
    wanted = {
        "pii_principal_id": person.user,
        "purpose": PURPOSE,
        "data_categories": sorted(CATEGORIES),
        "recipients": sorted(RECIPIENTS),
        "modes": sorted(GIVEN["modes"]),
        "state": "given",
        "legal_basis": "consent",
        "jurisdiction": "JP",
        "retention_period": f"P{purpose.retention_days}D",
    }
    for name, value in wanted.items():
        seen = record.get(name)
        what = Text(f"{name} in {place}", f"{place} の {name}")
        ctx.expect(what, expected=value, actual=sorted(seen) if isinstance(seen, list) else seen)
    lasts_s = instant_s(str(record.get("valid_until"))) - instant_s(str(record.get("valid_from")))
    most_s = purpose.max_validity_days * 86_400
    what = Text(
        f"seconds from valid_from to valid_until in {place}", f"{place} の valid_from から valid_until までの秒数"
    )
    ctx.require(what, 0 < lasts_s <= most_s + 1, expected=f"at most {most_s}", actual=lasts_s)
