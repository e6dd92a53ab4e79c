"""Faults of the consent decision, of withdrawal, and of what is written down about disclosures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deviant.doubles import ignores_consent, takes_drills_for_disasters
from deviant.switches import Bench, fault

from reference_api import disclosure
from reference_api.call import Call, Reply
from reference_api.consent import BY_CONSENT, ConsentRecord, Decision, _by_consent
from reference_api.consent import decide as lawful
from reference_api.disaster import DistrictMode, modes
from reference_api.handlers import Handler
from reference_api.services import Services

TEN_MINUTES_S, A_DAY_S = 600.0, 86_400.0
Records = Sequence[ConsentRecord] | None


async def _nothing(*_: object) -> None:
    """What is done by a server that forgets to do something."""


def _permits_all(consents: Records, *question: Any) -> Decision:
    """Permits everything of people who exist, and calls it consent."""
    return lawful(consents, *question) if consents is None else ignores_consent(consents, *question)


def _for_handlers(bench: Bench, operation_ids: str, decide: Callable[..., Decision]) -> None:
    """Decide otherwise in some operations only."""

    def wrong(right: Handler) -> Handler:
        async def deciding(services: Services, call: Call) -> Reply:
            return await right(replace(services, decide=decide), call)

        return deciding

    bench.handler(operation_ids, wrong)


def _asked_otherwise(bench: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Permit also what would be permitted if the question were another one."""
    names = ("recipient", "purpose", "category", "mode", "at_s")

    def wrong(consents: Records, *question: Any) -> Decision:
        right = lawful(consents, *question)
        asked = dict(zip(names, question, strict=True))
        return right if right.permit else _first(right, lawful(consents, **{**asked, **change(asked)}))

    bench.decide = wrong


def _first(right: Decision, other: Decision) -> Decision:
    return BY_CONSENT if other.permit and other.basis == "consent" else right


@fault("C-01", breaks=["CONS-001"])
def not_opted_in(bench: Bench) -> None:
    """The user API returns a person who has not opted in."""
    _for_handlers(bench, "getUser", _permits_all)


@fault("consent-ignored-for-all-user", breaks=["REST-031", "CONS-008"])
def all_users(bench: Bench) -> None:
    """The list of all users holds people who have not opted in."""
    _for_handlers(bench, "listUsers", _permits_all)


@fault("scope-only-no-consent", breaks=["CONS-001"])
def scope_only(bench: Bench) -> None:
    """Whoever has the scope is told everything; consent is not asked for."""
    bench.decide = _permits_all


@fault("C-03", breaks=["CONS-002"])
def always_disaster(bench: Bench) -> None:
    """What a disaster opens is open while the disaster flag is off."""

    def wrong(consents: Records, recipient: str, purpose: str, category: str, mode: str, at_s: float) -> Decision:
        right = lawful(consents, recipient, purpose, category, mode, at_s)
        return right if right.permit else lawful(consents, recipient, purpose, category, "disaster", at_s)

    bench.decide = wrong


@fault("disaster-consent-used-in-normal", breaks=["CONS-002"])
def disaster_consent(bench: Bench) -> None:
    """A consent for disasters is used in normal times."""
    _asked_otherwise(bench, lambda _: {"mode": "disaster"})


@fault("drill-triggers-statutory", breaks=["CONS-003"])
def drill_opens_law(bench: Bench) -> None:
    """A drill opens what the law opens in a disaster only."""

    def wrong(consents: Records, *question: Any) -> Decision:
        right = lawful(consents, *question)
        other = takes_drills_for_disasters(consents or (), *question)
        return other if not right.permit and consents is not None and other.basis == "statutory" else right

    bench.decide = wrong


@fault("consent-for-drill-counts-always", breaks=["CONS-025"])
def drill_without_consent(bench: Bench) -> None:
    """In a drill consents count whose modes do not hold drill."""
    _asked_otherwise(bench, lambda asked: {"mode": "normal"} if asked["mode"] == "drill" else {})


def _remembering(bench: Bench, for_s: float) -> None:
    """Use consents as they were read up to so many seconds ago."""
    right = disclosure._consents
    kept: dict[tuple[str, ...], tuple[float, Mapping[str, Any]]] = {}

    async def wrong(services: Services, subjects: Sequence[str]) -> Mapping[str, Any]:
        now_s, key = await services.now_s(), tuple(subjects)
        if key not in kept or now_s - kept[key][0] >= for_s:
            kept[key] = (now_s, await right(services, subjects))
        return kept[key][1]

    bench.patch("reference_api.disclosure._consents", wrong)


@fault("C-05", breaks=["CONS-004"])
def withdrawn_tomorrow(bench: Bench) -> None:
    """A withdrawal takes effect only when the tokens of the day have expired."""
    _remembering(bench, A_DAY_S)


@fault("withdrawal-cached-10-min", breaks=["CONS-004"])
def withdrawn_later(bench: Bench) -> None:
    """A withdrawal takes effect ten minutes later."""
    _remembering(bench, TEN_MINUTES_S)


@fault("expiry-off-by-one", breaks=["CONS-005"])
def a_second_longer(bench: Bench) -> None:
    """At the instant of valid_until a consent still counts."""

    def wrong(consents: Records, *question: Any) -> Decision:
        *rest, at_s = question
        at_end = consents is not None and any(one.valid_until_s == at_s for one in consents)
        recipient, purpose, category, mode = rest
        return lawful(consents, recipient, purpose, category, mode, at_s - 0.001 if at_end else at_s)

    bench.decide = wrong


@fault("C-06", breaks=["CONS-001"])
def family_is_association(bench: Bench) -> None:
    """A consent for the family is applied to the neighbourhood association."""
    _asked_otherwise(
        bench,
        lambda asked: (
            {"recipient": "family", "purpose": "family_sharing"} if "association" in asked["recipient"] else {}
        ),
    )


@fault("C-07", breaks=["CONS-001"])
def safety_is_everything(bench: Bench) -> None:
    """Where only safety was agreed to, every other category is shared as well."""
    _asked_otherwise(bench, lambda _: {"category": "safety"})


@fault("C-08", breaks=["CONS-014"])
def never_normal_again(bench: Bench) -> None:
    """After the disaster flag is lifted, what it opened stays open."""
    past: dict[str, DistrictMode] = {}

    async def wrong(services: Services) -> Mapping[str, DistrictMode]:
        past.update(await modes(services))
        return past

    bench.patch("reference_api.disclosure.modes", wrong)


@fault("C-09", breaks=["CONS-017"])
def no_events(bench: Bench) -> None:
    """A change of a consent leaves no record of who, when and what."""
    bench.patch("reference_api.consent_records._append", _nothing)


@fault("disclosures-not-logged", breaks=["CONS-011", "CONS-028"])
def no_log(bench: Bench) -> None:
    """Disclosures are not written down, and so nobody is told of them."""
    bench.patch("reference_api.disclosure.log", _nothing)


@fault("tokens-outlive-withdrawal", breaks=["CONS-018"])
def tokens_outlive(bench: Bench) -> None:
    """Tokens whose only basis was a withdrawn consent hold on."""
    bench.patch("reference_api.consent_records.revoke_grants_of_consent", _nothing)


@fault("withdrawal-not-told", breaks=["CONS-015"])
def not_told(bench: Bench) -> None:
    """Recipients are not told of a withdrawal."""
    bench.patch("reference_api.consent_records._tell_recipients", _nothing)


@fault("friend-sees-full-safety", breaks=["CONS-024", "DIS-013"])
def friends_see_all(bench: Bench) -> None:
    """An acquaintance is told everything of a safety report that the family is told."""
    bench.patch("reference_api.city.safety_items._agreed", lambda _: BY_CONSENT)


@fault("friends-by-default", breaks=["CONS-012"])
def friends_by_default(bench: Bench) -> None:
    """Acquaintances and employers are told of people who never agreed to that."""

    def wrong(consents: Records, recipient: str, *question: Any) -> Decision:
        friend = recipient in ("acquaintance", "employer")
        if friend and consents is not None:
            return _by_consent(recipient, question[1])
        return lawful(consents, recipient, *question)

    bench.decide = wrong


@fault("oracle-in-decisions", breaks=["CONS-022"])
def oracle(bench: Bench) -> None:
    """The decision API tells clients without a link whether a person exists."""

    async def wrong(*_: object) -> bool:
        return True

    bench.patch("reference_api.city.decisions.is_linked", wrong)


@fault("no-obligations", breaks=["CONS-021"])
def no_obligations(bench: Bench) -> None:
    """A decision by law comes without its obligations."""
    bench.patch("reference_api.consent.OBLIGATIONS", ())


@fault("household-without-consent", breaks=["REST-036"])
def household_without_consent(bench: Bench) -> None:
    """Data of a household are returned whether its members consent or not."""
    _for_handlers(bench, "getHousehold", _permits_all)


@fault("plan-without-consent", breaks=["DIS-027"])
def plan_without_consent(bench: Bench) -> None:
    """An evacuation plan is seen by helpers without consent."""
    _for_handlers(bench, "getEvacuationPlan listEvacuationPlans", _permits_all)


@fault("register-without-consent", breaks=["LGW-005"])
def register_without_consent(bench: Bench) -> None:
    """The support register is given to helpers in normal times without consent."""
    _for_handlers(bench, "listSupportRegister", _permits_all)
