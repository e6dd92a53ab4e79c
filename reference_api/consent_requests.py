"""Authorization details of type ``cityos_consent``: what may be asked of a person, and what is granted of it.

Source: contract C4 (standard opt-in authorisation), schema ``consent/cityos_consent.schema.json``; RFC 9396.
"""

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from conformance.contract.catalogue import Purpose, load_consent_catalogue
from reference_api.call import instant_s
from reference_api.errors import ApiError, Fault
from reference_api.oidc.consent_details import ConsentDetail

DERIVED = "survey.derived"
"""What is derived about people is asked for alone. Source: need N18, contract C4."""
DAY_S = 86_400.0
_NAMED_RECIPIENT = re.compile(r"(?:association:[!-~]{1,64}|service:[!-~]{1,200})")


def validate_detail(detail: ConsentDetail, *, client_id: str | None, api_base: str, now_s: float) -> list[Fault]:
    """What is wrong with a consent that is asked for, by JSON pointer into the detail; empty if nothing is.

    ``client_id`` is the client that asks, None for the person themselves; ``now_s`` Unix seconds.
    """
    purpose = load_consent_catalogue().purposes.get(detail.purpose)
    if purpose is None:
        return [Fault("/purpose", "unknown")]
    return [
        *_list_faults("/datatypes", detail.datatypes, load_consent_catalogue().categories, purpose.categories),
        *_derived_faults(detail),
        *_recipient_faults(detail, purpose, client_id),
        *_list_faults("/modes", detail.modes, load_consent_catalogue().modes),
        *_list_faults("/actions", detail.actions, load_consent_catalogue().actions),
        *(Fault(f"/locations/{n}", "unknown") for n, place in enumerate(detail.locations) if place != api_base),
        *_term_faults(detail, purpose, now_s),
    ]


def narrow(detail: ConsentDetail, choice: ConsentDetail) -> ConsentDetail | None:
    """What of ``detail`` the person chose: never more than was asked for; None if nothing is left.

    Of ``choice`` its datatypes, recipients, modes and valid_until count.
    """
    datatypes = _both(detail.datatypes, choice.datatypes)
    recipients = _both(detail.recipients, choice.recipients)
    modes = _both(detail.modes, choice.modes)
    if not (datatypes and recipients and modes):
        return None
    return msgspec.structs.replace(
        detail,
        datatypes=datatypes,
        recipients=recipients,
        modes=modes,
        valid_until=_sooner(detail.valid_until, choice.valid_until),
    )


def term_s(detail: ConsentDetail, now_s: float) -> float:
    """When a consent given now to a valid detail ends (Unix seconds): as asked, else as late as the purpose allows."""
    if detail.valid_until is None:
        return now_s + load_consent_catalogue().purposes[detail.purpose].max_validity_days * DAY_S
    return _instant_s(detail.valid_until) or now_s


def _both(asked: Sequence[str], chosen: Collection[str]) -> tuple[str, ...]:
    return tuple(code for code in asked if code in chosen)


def _sooner(asked: str | None, chosen: str | None) -> str | None:
    """The earlier of two instants; what cannot be read, or is not given, sets no end."""
    ends = [(end_s, text) for text in (asked, chosen) if text and (end_s := _instant_s(text)) is not None]
    return min(ends)[1] if ends else None


def _list_faults(
    pointer: str, given: Sequence[str], known: Collection[str], allowed: Collection[str] | None = None
) -> Iterator[Fault]:
    if not given:
        yield Fault(pointer, "empty")
    for number, code in enumerate(given):
        if code not in known:
            yield Fault(f"{pointer}/{number}", "unknown")
        elif allowed is not None and code not in allowed:
            yield Fault(f"{pointer}/{number}", "not_for_purpose")
        elif code in given[:number]:
            yield Fault(f"{pointer}/{number}", "repeated")


def _derived_faults(detail: ConsentDetail) -> Iterator[Fault]:
    if DERIVED in detail.datatypes and len(detail.datatypes) > 1:
        yield Fault("/datatypes", "ask_derived_alone")


def _recipient_faults(detail: ConsentDetail, purpose: Purpose, client_id: str | None) -> Iterator[Fault]:
    """Classes that the purpose allows; a service is named, and asks for itself only."""
    if not detail.recipients:
        yield Fault("/recipients", "empty")
    for number, code in enumerate(detail.recipients):
        pointer = f"/recipients/{number}"
        kind, _, name = code.partition(":")
        if not is_recipient(code):
            yield Fault(pointer, "unknown")
        elif kind not in purpose.recipients:
            yield Fault(pointer, "not_for_purpose")
        elif kind == "service" and client_id not in (None, name):
            yield Fault(pointer, "another_service")
        elif code in detail.recipients[:number]:
            yield Fault(pointer, "repeated")


def is_recipient(code: str) -> bool:
    """Whether data can be disclosed to such a recipient: only associations and services have names, services always."""
    kind, _, _ = code.partition(":")
    if ":" in code or kind == "service":
        return _NAMED_RECIPIENT.fullmatch(code) is not None
    return kind in load_consent_catalogue().recipients and kind != "self"


def _term_faults(detail: ConsentDetail, purpose: Purpose, now_s: float) -> Iterator[Fault]:
    if detail.valid_until is None:
        return
    end_s = _instant_s(detail.valid_until)
    if end_s is None:
        yield Fault("/valid_until", "format")
    elif not now_s < end_s <= now_s + purpose.max_validity_days * DAY_S:
        yield Fault("/valid_until", "range")


def _instant_s(text: str) -> float | None:
    """Unix seconds of an RFC 3339 text, None if it is none."""
    try:
        return instant_s(text, "/valid_until")
    except ApiError:
        return None
