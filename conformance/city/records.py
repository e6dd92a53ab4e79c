"""Records of consent as the model of the law takes them, and people who take back all they agreed to."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accounts import PersonAccount
from conformance.city.consents import Consents, Record, instant_s, needed
from conformance.consent_model import VALID, Held
from conformance.outcomes import Unmet
from conformance.text import Text


def held(record: Record, **changed: Any) -> Held:
    """A record as the model takes it; what has run out counts by its times."""
    state = str(record.get("state", ""))
    members: dict[str, Any] = {
        "purpose": str(record.get("purpose", "")),
        "categories": frozenset(record.get("data_categories", ())),
        "recipients": frozenset(record.get("recipients", ())),
        "modes": frozenset(record.get("modes", ())),
        "state": "given" if state == "expired" else state,
        "valid_from_s": _seconds(record, "valid_from"),
        "valid_until_s": _seconds(record, "valid_until"),
    }
    return Held(**{**members, **changed})


def withdraw_all(consents: Consents, person: PersonAccount, records: Sequence[Record]) -> list[Held]:
    """Have a person withdraw what they agreed to, and refuse what they were asked for; the records as they are then.

    Raises:
        Unmet: One of them could not be withdrawn.
    """
    left = []
    for record in records:
        state = str(record.get("state", ""))
        if state in VALID:
            consents.withdraw(person, record)
            state = "withdrawn"
        elif state == "requested":
            needed(consents.act("refuseConsent", person, record), "refuseConsent", 200)
            state = "refused"
        left.append(held(record, state=state))
    return left


def _seconds(record: Mapping[str, Any], member: str) -> float | None:
    text = record.get(member)
    if text is None:
        return None
    try:
        return instant_s(str(text))
    except ValueError as reason:
        raise Unmet(
            Text(f"{member} of a record is no instant: {text}", f"記録の {member} が時刻でない: {text}")
        ) from reason
