"""What is owed after a disclosure without consent: the person is told (contract C4, obligation notify_after).

Everybody with an account finds it in the inbox; apps of the city that take events are told too.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from conformance.contract.catalogue import Term, load_consent_catalogue, load_notice_texts
from reference_api import events
from reference_api.call import Call
from reference_api.clock import instant
from reference_api.messages import deliver_to, keep_message
from reference_api.notices import LANGUAGES
from reference_api.services import Services

Shown = tuple[str, int, str]
"""A person's key, and number and text of the grant."""

SENDER = ""
"""The city OS itself: no client reads who has read these messages."""


async def owe_notice(services: Services, call: Call, purpose: str, request_id: int, shown: Sequence[Shown]) -> None:
    """Tell these people, in the disclosure's transaction.

    A person is told once of each client, purpose and basis; every single disclosure stands in the access log.
    """
    new = await _untold(services, call, purpose, shown)
    if not new:
        return
    await services.store.many(
        "INSERT INTO notify_after (person, client_id, purpose, grant_id, request_id) VALUES (?, ?, ?, ?, ?)",
        [(person, call.token.client_id, purpose, grant_id, request_id) for person, grant_id, _ in new],
    )
    for grants in dict.fromkeys(text for _, _, text in new):
        subs = [person[2:] for person, _, text in new if text == grants and person.startswith("s:")]
        if subs:
            await _tell(services, call, purpose, grants, subs)


async def _untold(services: Services, call: Call, purpose: str, shown: Sequence[Shown]) -> list[Shown]:
    """Those (at most a page of them) who have not been told of this client, purpose and basis."""
    marks = ", ".join("?" * len(shown))
    told = await services.store.all(
        f"SELECT person, grant_id FROM notify_after WHERE client_id = ? AND purpose = ? AND person IN ({marks})",
        (call.token.client_id, purpose, *(person for person, _, _ in shown)),
    )
    known = set(told)
    return [one for one in dict.fromkeys(shown) if one[:2] not in known]


async def _tell(services: Services, call: Call, purpose: str, grants: str, subs: Sequence[str]) -> None:
    store, now_s = services.store, call.now_s
    by_law = [(category, clause) for category, basis, clause in read_grants(grants) if basis == "statutory"]
    first, *others = (_text(call.token.recipient, purpose, by_law, language) for language in LANGUAGES)
    await deliver_to(store, await keep_message(store, SENDER, first, others, None, now_s), subs, now_s)
    apps = [one for one in await events.receivers(services, "disclosed-by-law") if one.role == "citizen_app"]
    payload = {
        "recipient": call.token.recipient,
        "purpose": purpose,
        "categories": [category for category, _ in by_law],
        "disclosed_at": instant(now_s),
    }
    for sub in subs if apps else ():
        await events.tell(services, "disclosed-by-law", apps, payload, now_s, sub=sub)


def _text(recipient: str, purpose: str, by_law: Sequence[tuple[str, str]], language: str) -> dict[str, str]:
    """Title and body in a language; of a recipient with a code the kind is told."""
    catalogue, law = load_consent_catalogue(), load_notice_texts().law
    comma = "、" if language == "ja" else "; "
    clauses = dict.fromkeys(clause.replace(law.ja, _in(law, language)) for _, clause in by_law)
    words = {
        "recipient": _in(catalogue.recipients[recipient.partition(":")[0]], language),
        "purpose": _in(catalogue.purposes[purpose], language),
        "categories": comma.join(_in(catalogue.categories[category], language) for category, _ in by_law),
        "clauses": comma.join(clauses),
    }
    filled = {name: _in(term, language).format_map(words) for name, term in _sentences().items()}
    return {"language": language, **filled}


def _in(term: Term, language: str) -> str:
    return term.ja if language == "ja" else term.en


@cache
def _sentences() -> Mapping[str, Term]:
    """Read ``notice_by_law.toml``."""
    text = files("reference_api").joinpath("data", "notice_by_law.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Term])


def read_grants(text: str) -> list[tuple[str, str, str]]:
    """Category, basis and clause of each part of a text of ``access_grant``; the clause is empty where none is."""
    parts = (part.partition("=") for part in text.split(" "))
    bases = ((category, basis.partition(":")) for category, _, basis in parts)
    return [(category, basis, clause) for category, (basis, _, clause) in bases]
