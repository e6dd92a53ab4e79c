"""Events: recipients are told of a withdrawal by a security event token, and told again where that failed."""

from collections.abc import Callable
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.core_consent.scene import OFFICE, Scene
from conformance.city.consents import Record, needed
from conformance.context import Context
from conformance.contract.catalogue import load_events
from conformance.oidc.receiver import SET, Message, Receiver
from conformance.oidc.tokens import Token, is_jwt, read_token, verifies
from conformance.text import Text

PATH = "/consent-events"
EVENT = "consent-withdrawn"
URI = load_events()[EVENT].uri
TOLD_S, AGAIN_S = 60.0, 60.0
"""Within how many seconds a withdrawal is told, and told again. Source: contract C4: copies follow within 60 s."""


@check("CONS-015", alone=True)
def recipients_are_told_of_a_withdrawal(ctx: Context) -> None:
    """Registers an endpoint that refuses at first, withdraws consents, and reads the tokens that come, and again."""
    scene = Scene(ctx)
    person = scene.person()
    with ctx.receiver() as ear:
        _register(ctx, scene, ear)
        ear.answer = _refusing_once([])
        records = [_consent(scene, person), _consent(scene, person)]
        other = scene.give(person, "shelter_life", ["survey"], ["association"], modes=["normal"])
        for record in (other, *records):
            scene.consents.withdraw(person, record)
        jtis = [_told_again(ctx, ear, record, person) for record in records]
        what = Text("jti of SETs on two withdrawals: different", "二つの撤回のSETのjti(異なる値)")
        ctx.require(what, len(set(jtis)) == len(jtis), expected="different values", actual=jtis)
        strangers = [one for one in ear.messages if _about(other)(one)]
        what = Text("SETs on a consent that names somebody else", "ほかの相手先の同意についてのSET")
        ctx.expect(what, expected=0, actual=len(strangers))


def _told_again(ctx: Context, ear: Receiver, record: Record, person: PersonAccount) -> str:
    """Demand that a withdrawal is told, and told again with the same jti after it was refused; the jti."""
    told = ear.wait(_about(record), TOLD_S)
    what = Text("a SET on the withdrawal came within 60 s", "撤回を知らせるSETが60秒以内に届く")
    ctx.require(what, told is not None, expected=EVENT, actual="nothing")
    if told is not None:
        _is_right(ctx, told, record, person)
    again = ear.gather(_about(record), count=2, within_s=AGAIN_S)
    what = Text("the SET came again after it had been refused", "断られたSETがもう一度届く")
    ctx.require(what, len(again) > 1, expected="a second time", actual=f"{len(again)} time(s)")
    jtis = sorted({str(token.claims.get("jti")) for one in again if (token := _token(one))})
    what = Text("jti of the repeated SET: the same", "送り直したSETのjti(同じ値)")
    ctx.require(what, len(jtis) == 1, expected="one jti", actual=jtis)
    return jtis[0]


def _register(ctx: Context, scene: Scene, ear: Receiver) -> None:
    """Have the city office told at the receiver; the registration goes when the check ends."""
    reply = scene.city.call("createEventStream", OFFICE, {"url": ear.url + PATH, "events": [EVENT]})
    if reply.status in (400, 422):
        ctx.omit(
            f"the target takes no endpoint at {ear.url}: {reply.status} {reply.text[:120]}",
            f"対象が宛先 {ear.url} を受け付けない: {reply.status} {reply.text[:120]}",
        )
    stream = needed(reply, "createEventStream", 200, 201)
    where = {"stream_id": str(stream.get("id"))}
    ctx.afterwards(lambda: scene.city.call("deleteEventStream", OFFICE, path=where))


def _consent(scene: Scene, person: PersonAccount) -> Record:
    return scene.give(person, "disaster_support", ["location"], ["municipality"], modes=["normal"])


def _refusing_once(seen: list[bytes]) -> Callable[[Message], int | None]:
    """Refuse each token when it comes for the first time."""

    def answer(message: Message) -> int | None:
        if message.path != PATH or message.body in seen:
            return None
        seen.append(message.body)
        return 503

    return answer


def _token(message: Message) -> Token | None:
    text = message.text.strip()
    return read_token(text, "SET") if is_jwt(text) else None


def _about(record: Record) -> Callable[[Message], bool]:
    """Whether a message tells of a record's withdrawal."""

    def tells(message: Message) -> bool:
        token = _token(message) if message.path == PATH else None
        return token is not None and str(record["record_id"]) in str(token.claims.get("events"))

    return tells


def _is_right(ctx: Context, message: Message, record: Record, person: PersonAccount) -> None:
    """Demand that a token is a security event token on this withdrawal, signed by the city OS."""
    token = _token(message)
    claims: dict[str, Any] = dict(token.claims) if token else {}
    ctx.expect("Content-Type", expected=SET, actual=message.media_type)
    keys = ctx.wire.send("GET", ctx.target.endpoint("jwks_uri")).members
    ctx.expect(
        Text("signature by the keys of jwks_uri", "jwks_uri の鍵による署名"),
        expected=True,
        actual=bool(token and verifies(token, keys)),
    )
    ctx.expect(
        "typ",
        expected="secevent+jwt",
        actual=str(token.header.get("typ") if token else "").removeprefix("application/"),
    )
    ctx.expect("iss", expected=ctx.target.metadata.get("issuer", ctx.target.issuer), actual=claims.get("iss"))
    audience = claims.get("aud")
    client_id = ctx.city.role(OFFICE).client_id
    ctx.require(
        "aud",
        client_id in (audience if isinstance(audience, list) else [audience]),
        expected=client_id,
        actual=audience,
    )
    for name in ("iat", "jti"):
        ctx.require(name, claims.get(name), expected="a value", actual=claims.get(name))
    event = claims.get("events", {}).get(URI)
    ctx.require("events", isinstance(event, dict), expected=URI, actual=claims.get("events"))
    missing = [name for name in load_events()[EVENT].members if name not in (event or {})]
    ctx.expect(Text("members missing in the event", "出来事にない項目"), expected=[], actual=missing)
    ctx.expect("consent_id", expected=record["record_id"], actual=(event or {}).get("consent_id"))
    subject = claims.get("sub_id", {})
    ctx.expect("sub_id.sub", expected=person.user, actual=subject.get("sub") if isinstance(subject, dict) else subject)
