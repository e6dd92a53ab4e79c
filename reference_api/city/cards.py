"""Evacuee cards (避難者カード): filled in beforehand from what is known, each item with its source; read by consent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply
from reference_api.city.card_entries import (
    CATEGORIES,
    KNOWN,
    Card,
    Entries,
    Entry,
    Items,
    erase_card,
    newest,
    prefilled,
    read_card,
    rewritten,
    write_card,
)
from reference_api.city.check_ins import visible_stay
from reference_api.city.conditional import check_if_match, json_with_etag
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.oidc.subjects import local_sub
from reference_api.services import Services

_ITEMS = msgspec.json.Decoder(Items)
_GUARDS = tuple(dict.fromkeys(CATEGORIES.values()))


@dataclass(frozen=True, slots=True)
class _View:
    """A card as one caller sees it; ``names`` identifies it in the answer."""

    person: disclosure.Person
    names: Mapping[str, object]
    card: Card | None
    known: Mapping[str, Entry]
    decisions: disclosure.Decisions
    recipient: str

    def shows(self, name: str, entry: Entry) -> bool:
        """Whether the caller may see an item: by the decision, or because it wrote the item."""
        wrote = bool(entry.by) and entry.by == self.recipient
        return self.person.own or wrote or self.decisions[CATEGORIES[name]].permit

    def visible(self) -> dict[str, Entry]:
        """The items that the caller may see; what was written counts before what is known anyway."""
        known = {name: entry for name, entry in self.known.items() if self.shows(name, entry)}
        return known | {name: newest(seen) for name, (seen, _) in self.written().items() if seen}

    def written(self) -> dict[str, tuple[list[Entry], list[Entry]]]:
        """What was written, by item: what the caller may see of it, and what not."""
        held = self.card.entries if self.card else {}
        return {
            name: (
                [entry for entry in entries if self.shows(name, entry)],
                [entry for entry in entries if not self.shows(name, entry)],
            )
            for name, entries in held.items()
        }

    def hidden(self) -> Entries:
        """What was written that the caller may not see."""
        return {name: entries for name, (_, entries) in self.written().items() if entries}

    def shape(self) -> dict[str, object]:
        """As the contract's schema EvacueeCard."""
        shown = self.visible()
        return {
            **self.names,
            "number": self.card.number if self.card else None,
            "items": {name: _item(shown[name]) for name in CATEGORIES if name in shown},
            "disclosure": disclosure.entries(self.decisions),
        }


async def get_evacuee_card(services: Services, call: Call) -> Reply:
    """The card of whoever was checked in."""
    return await _answer(services, call, await _of_check_in(services, call))


async def put_evacuee_card(services: Services, call: Call) -> Reply:
    """Write the card of whoever was checked in; what the caller may not see stays beside it."""
    items = _read_items(call)
    async with services.store.transaction():
        view = await _of_check_in(services, call, to_write=True)
        await _rewrite(services, call, view, items, "entered")
        return await _answer(services, call, await _of_check_in(services, call, to_write=True), was=view)


async def delete_evacuee_card(services: Services, call: Call) -> Reply:
    """Erase what was written on a card, as far as the caller may see it."""
    async with services.store.transaction():
        view = await _of_check_in(services, call)
        return await _erase(services, call, view)


async def get_own_card(services: Services, call: Call) -> Reply:
    """One's own card, before any disaster."""
    return await _answer(services, call, await _of_account(services, call))


async def put_own_card(services: Services, call: Call) -> Reply:
    """Register one's card beforehand (事前登録)."""
    items = _read_items(call)
    async with services.store.transaction():
        view = await _of_account(services, call)
        await _rewrite(services, call, view, items, "pre-registered")
        return await _answer(services, call, await _of_account(services, call), was=view)


async def delete_own_card(services: Services, call: Call) -> Reply:
    """Erase one's card."""
    async with services.store.transaction():
        return await _erase(services, call, await _of_account(services, call))


def _read_items(call: Call) -> Items:
    items = call.read(_ITEMS)
    try:
        date.fromisoformat(items.birth_date or "2000-01-01")
    except ValueError as fault:
        raise invalid("/birth_date", "value") from fault
    return items


async def _of_check_in(services: Services, call: Call, *, to_write: bool = False) -> _View:
    """The card of the check-in that the path names, as the caller sees it.

    Raises:
        ApiError: not-found or consent-required, where nothing of it may be seen; who receives people may always write.
    """
    stay = await visible_stay(services, call)
    is_self = call.token.subject is not None
    own = is_self or (stay.sub is None and stay.recorded_for == call.token.recipient)
    known, home = await _known(services, stay.sub, stay.temp_id, stay.recorded_for)
    person = disclosure.Person(stay.person, stay.sub, *home, own=own)
    view = await _view(services, call, person, {"check_in_id": str(stay.id)}, known)
    if not (own or to_write or view.visible()):
        if stay.sub is None:
            raise ApiError("not-found")
        raise await disclosure.refusal(services, call, stay.sub, call.operation.purpose or "", view.decisions)
    return view


async def _of_account(services: Services, call: Call) -> _View:
    shown = call.parameters["sub"]
    sub = local_sub(services, call.token, shown)
    if sub is None or sub != call.token.subject:
        raise ApiError("not-found")
    known, home = await _known(services, sub, None, "")
    person = disclosure.Person(disclosure.person_key(sub, None), sub, *home, own=True)
    return await _view(services, call, person, {"sub": shown}, known)


async def _view(
    services: Services,
    call: Call,
    person: disclosure.Person,
    names: Mapping[str, object],
    known: Mapping[str, Entry],
) -> _View:
    decisions = (await disclosure.judge(services, call, [person], call.operation.purpose or "", _GUARDS))[0]
    card = await read_card(services.store, person.key)
    return _View(person, names, card, known, decisions, call.token.recipient)


async def _known(
    services: Services, sub: str | None, temp_id: str | None, told_to: str
) -> tuple[dict[str, Entry], tuple[str | None, str | None]]:
    """What is known of a person beside the card, and district and neighbourhood of the home."""
    columns = ", ".join(KNOWN)
    if sub is None:
        told = await services.store.one(
            f"SELECT {columns} FROM unregistered WHERE temp_id = ? AND told_to = ?", (temp_id, told_to)
        )
        return ({} if told is None else prefilled("reception", told, by=told_to)), (None, None)
    row = await services.store.one(
        f"SELECT {columns}, changed_at_s, district, neighbourhood FROM account WHERE sub = ?", (sub,)
    )
    if row is None:
        return {}, (None, None)
    *values, changed_at_s, district, neighbourhood = row
    return prefilled("city-os", tuple(values), changed_at_s or None), (district, neighbourhood)


async def _rewrite(services: Services, call: Call, view: _View, items: Items, source: str) -> None:
    if view.card is not None:
        check_if_match(call, json_with_etag(view.shape())[1], required=True)
    entries = view.hidden()
    for name, entry in rewritten(view.visible(), items, source, call.now_s, call.token.recipient).items():
        if view.known.get(name) != entry:
            entries[name] = [*entries.get(name, []), entry]
    await write_card(services.store, view.person.key, entries, call.now_s)


async def _erase(services: Services, call: Call, view: _View) -> Reply:
    if view.card is None:
        raise ApiError("not-found")
    check_if_match(call, json_with_etag(view.shape())[1], required=True)
    if view.hidden():
        await write_card(services.store, view.person.key, view.hidden(), call.now_s)
    else:
        await erase_card(services.store, view.person.key)
    return Reply(status=204)


async def _answer(services: Services, call: Call, view: _View, was: _View | None = None) -> Reply:
    seen = {CATEGORIES[name] for name in view.visible()}
    shown = {category: view.decisions[category] for category in seen}
    await disclosure.log(services, call, call.operation.purpose or "", [(view.person.key, shown)])
    body, etag = json_with_etag(view.shape())
    return Reply(201 if was is not None and was.card is None else 200, body, {"etag": etag})


def _item(entry: Entry) -> dict[str, object]:
    as_of = None if entry.as_of_s is None else instant(entry.as_of_s)
    return {"value": entry.value, "source": entry.source, "as_of": as_of}
