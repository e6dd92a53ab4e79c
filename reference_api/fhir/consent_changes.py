"""Consents written: records of the city OS made by a Consent, and moved by the next version of one.

What is agreed to never changes within a record: a person who wants another consent withdraws and agrees anew.
"""

from collections.abc import Mapping

from reference_api.call import instant_s
from reference_api.city.consents import own_record
from reference_api.consent_records import Origin, StoredConsent, move, record_consent
from reference_api.consent_requests import term_s, validate_detail
from reference_api.fhir.compartment import Asker
from reference_api.fhir.consent_wishes import REFUSED, ConsentWish
from reference_api.fhir.outcome import not_valid, refused
from reference_api.fhir.validation import Issue

_FIRST: Mapping[str, str] = {"active": "given", REFUSED: "refused"}
"""State of a new record by Consent.status."""

_EVENTS: Mapping[tuple[str, str], str] = {
    ("requested", "active"): "give",
    ("deferred", "active"): "give",
    ("requested", REFUSED): "refuse",
    ("deferred", REFUSED): "refuse",
    ("given", "inactive"): "withdraw",
    ("renewed", "inactive"): "withdraw",
    ("given", "active"): "renew",
    ("renewed", "active"): "renew",
}
"""The event by the record's state and the status that a new version has."""

_SETTLED: frozenset[tuple[str, str]] = frozenset(
    (("refused", REFUSED), ("withdrawn", "inactive"), ("expired", "inactive"), ("requested", "proposed"))
)
"""State and status where there is nothing to change."""

_ELEMENTS: Mapping[str, str] = {
    "purpose": "purpose",
    "datatypes": "class",
    "recipients": "actor",
    "modes": "extension",
    "valid_until": "period.end",
}
"""Element of the provision that a member of the authorization detail is."""

_REASONS: Mapping[str, str] = {
    "unknown": "The consent catalogue has no such code",
    "not_for_purpose": "The purpose does not allow this",
    "repeated": "This is there twice",
    "empty": "One at least is needed",
    "range": "It ends in the future, and no later than the purpose allows",
    "ask_derived_alone": "What is derived is agreed to by itself",
}

SKEW_S = 60.0
"""By so much the clock of a client may be ahead. Source: none; as far as phones are off. Confidence C."""

_SAME_S = 1.0
"""Ends of a consent so near are the same one. Source: FHIR writes periods to the second at least."""


async def create_consent(asker: Asker, wish: ConsentWish) -> str:
    """Keep a consent or refusal of the token's person, and give the record's id; within a transaction.

    Raises:
        ApiError: validation, or conflict if the person has absurdly many records.
    """
    if wish.status not in _FIRST:
        raise refused("validation", "business-rule", "A new Consent is active or rejected", "Consent.status")
    if wish.starts_s is not None and wish.starts_s > asker.call.now_s + SKEW_S:
        details = "A consent counts from when it is given: write it down then"
        raise refused("validation", "business-rule", details, "Consent.provision.period.start")
    _check(asker, wish)
    subject, client_id = asker.call.token.subject or "", asker.call.token.client_id
    origin = Origin(client_id, language=wish.language)
    return await record_consent(
        asker.services, subject, wish.detail, origin, asker.call.now_s, state=_FIRST[wish.status]
    )


async def change_consent(asker: Asker, record_id: str, wish: ConsentWish) -> None:
    """Let happen to a record of the token's person what a new version says; within a transaction.

    Raises:
        ApiError: not-found; validation for another content; conflict for what the record's state does not allow.
    """
    record = await own_record(asker.services, asker.call, record_id)
    _refuse_other_content(record, wish)
    state = record.state_at(asker.call.now_s)
    event = _EVENTS.get((state, wish.status))
    if (state, wish.status) in _SETTLED or (event == "renew" and _ends_alike(record, wish)):
        return
    if event is None:
        raise refused(
            "conflict", "business-rule", f"The consent is {state}: agree anew by another one", "Consent.status"
        )
    until_s = None
    if event == "renew":
        _check(asker, wish)
        until_s = term_s(wish.detail, asker.call.now_s)
    await move(asker.services, record, event, Origin(asker.call.token.client_id), asker.call.now_s, until_s=until_s)
    asker.note_consent_change()


def _ends_alike(record: StoredConsent, wish: ConsentWish) -> bool:
    if wish.detail.valid_until is None or record.valid_until_s is None:
        return wish.detail.valid_until is None and record.valid_until_s is None
    return abs(instant_s(wish.detail.valid_until, "period.end") - record.valid_until_s) < _SAME_S


def _refuse_other_content(record: StoredConsent, wish: ConsentWish) -> None:
    kept = {
        "purpose": {record.purpose},
        "datatypes": set(record.categories.split()),
        "recipients": set(record.recipients.split()),
        "modes": set(record.modes.split()),
    }
    detail = wish.detail
    wanted = {
        "purpose": {detail.purpose},
        "datatypes": set(detail.datatypes),
        "recipients": set(detail.recipients),
        "modes": set(detail.modes),
    }
    other = [member for member in kept if kept[member] != wanted[member]]
    if other:
        details = "What is agreed to stays: withdraw this consent and make another"
        raise not_valid([Issue("error", "business-rule", details, _place(f"/{member}")) for member in other])


def _check(asker: Asker, wish: ConsentWish) -> None:
    """Refuse what the consent catalogue does not allow."""
    faults = validate_detail(
        wish.detail, client_id=None, api_base=asker.services.settings.audience, now_s=asker.call.now_s
    )
    if faults:
        raise not_valid(
            [
                Issue("error", "business-rule", _REASONS.get(fault.code, fault.code), _place(fault.pointer))
                for fault in faults
            ]
        )


def _place(pointer: str) -> str:
    member, _, number = pointer.removeprefix("/").partition("/")
    return f"Consent.provision.{_ELEMENTS.get(member, member)}" + (f"[{number}]" if number else "")
