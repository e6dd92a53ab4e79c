"""Evacuee cards: filled in from what is known, each item with its source, seen by consent, numbered at random."""

from typing import Any

import jsonschema
import msgspec
import pytest

from conformance.contract.operations import load_document
from reference_api.city.card_entries import CATEGORIES, new_number
from reference_api.seed import Consent

SCHEMAS = load_document()["components"]["schemas"]
AT = "2027-01-15T07:00:00+09:00"


def valid(card: Any) -> Any:
    """The card, valid by the contract."""
    schema = {"$ref": "#/components/schemas/EvacueeCard", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(card)
    return card


def sources(answer: Any) -> dict[str, str]:
    """Source of each item shown."""
    return {name: item["source"] for name, item in valid(answer.json)["items"].items()}


def receive(city: Any, person: str) -> str:
    """Address of the card of somebody who was received."""
    who = {"unregistered": {"temp_id": person[2:], "name": "田中"}} if person.startswith("t:") else {"sub": person}
    body = {**who, "channel": "paper", "observed_at": AT}
    return str(city.call("POST", "/v1/shelters/S0/check-ins", "shelter-desk", body).headers["location"]) + "/card"


def test_items_of_schema_and_categories_agree() -> None:
    """Every item of the contract has a category that guards it, of the consent catalogue."""
    assert set(SCHEMAS["EvacueeCardItems"]["properties"]) == set(CATEGORIES)
    assert set(CATEGORIES.values()) <= set(SCHEMAS["Category"]["enum"])


def test_card_is_filled_in_beforehand(city: Any) -> None:
    """What the account knows is on the card, pre-registered items and those written at the shelter beside it."""
    beforehand = city.call("PUT", "/v1/users/c0/evacuee-card", "c0", {"medication": True, "pets": ["犬"]})
    assert beforehand.status == 201
    card = receive(city, "c0")
    seen = city.call("GET", card, "c0")
    assert sources(seen) == {
        **dict.fromkeys(("name", "name_kana", "sex", "birth_date", "address", "phone"), "city-os"),
        "medication": "pre-registered",
        "pets": "pre-registered",
    }
    assert seen.json["items"]["name"]["value"] == "𠮷野󠄁 0"
    written = {name: item["value"] for name, item in seen.json["items"].items()} | {"pets": [], "car": "会津 300"}
    changed = city.call("PUT", card, "c0", written, if_match=seen.headers["etag"])
    assert changed.status == 200
    assert sources(changed) == {**sources(seen), "pets": "entered", "car": "entered"}
    assert changed.json["number"] == beforehand.json["number"]


def test_card_is_not_overwritten_unseen(city: Any) -> None:
    """Once something was written, 428 without If-Match and 412 with an old one; the card stays."""
    card = receive(city, "c0")
    first = city.call("PUT", card, "c0", {"note": "一"})
    assert (first.status, first.json["items"]["note"]["value"]) == (201, "一")
    assert city.call("PUT", card, "c0", {"note": "二"}).problem == "precondition-required"
    assert city.call("PUT", card, "c0", {"note": "二"}, if_match='"x"').problem == "precondition-failed"
    assert city.call("GET", card, "c0").json["items"]["note"]["value"] == "一"
    assert city.call("DELETE", card, "c0", if_match=first.headers["etag"]).status == 204
    assert city.call("GET", card, "c0").json["number"] is None


def test_others_see_what_they_may(city: Any) -> None:
    """The city sees items by consent or law in a disaster, nothing before; whoever never consented looks unknown."""
    own, card = "/v1/users/c0/evacuee-card", receive(city, "c0")
    city.call("PUT", own, "c0", {"medication": True, "needs": ["hearing"], "family": ["太郎"], "contact": "090"})
    refused = city.call("GET", card, "city-office")
    assert refused.status in (403, 404)
    assert "090" not in refused.body.decode()
    stranger = city.call("GET", receive(city, "c5"), "city-office")
    unknown = city.call("GET", "/v1/check-ins/999/card", "city-office")
    assert (stranger.status, stranger.body) == (unknown.status, unknown.body)
    city.declare("disaster", "d0", "d1")
    shown = valid(city.call("GET", card, "city-office").json)
    assert {"name", "phone", "contact", "needs"} <= set(shown["items"])
    assert {"medication", "family"}.isdisjoint(shown["items"])
    logged = city.rows("SELECT grants FROM access_grant")
    assert any("profile.basic=" in grants for (grants,) in logged)
    assert not any("medication" in grants for (grants,) in logged)


def test_desk_writes_without_erasing_what_it_cannot_see(city: Any) -> None:
    """What a desk writes it sees again; what the person wrote and the desk may not see stays."""
    card = receive(city, "c5")
    city.call("PUT", "/v1/users/c5/evacuee-card", "c5", {"medication": True})
    seen = city.call("PUT", card, "shelter-desk", {"needs": ["wheelchair"]})
    assert seen.problem == "precondition-required"
    tag = city.call("PUT", card, "shelter-desk", {"note": "x"}, if_match='"x"').headers["etag"]
    written = city.call("PUT", card, "shelter-desk", {"needs": ["wheelchair"]}, if_match=tag)
    assert sources(written) == {"needs": "entered"}
    assert sources(city.call("GET", card, "shelter-desk")) == {"needs": "entered"}
    mine = city.call("GET", card, "c5").json["items"]
    assert (mine["medication"]["value"], mine["needs"]["value"]) == (True, ["wheelchair"])
    held = city.call("GET", card, "shelter-desk").headers["etag"]
    assert city.call("DELETE", card, "shelter-desk", if_match=held).status == 204
    assert set(city.call("GET", card, "c5").json["items"]) >= {"medication"}
    assert "needs" not in city.call("GET", card, "c5").json["items"]


@pytest.mark.parametrize("said", [{"phone": "090-5", "medication": True}, {"phone": "090-9", "medication": False}])
def test_writing_tells_nothing_of_what_is_hidden(city: Any, said: dict[str, Any]) -> None:
    """Whether what a desk writes is what the account or the person says or not, the answer is the same."""
    card = receive(city, "c5")
    city.call("PUT", "/v1/users/c5/evacuee-card", "c5", {"medication": True})
    tag = city.call("PUT", card, "shelter-desk", {}, if_match='"x"').headers["etag"]
    written = city.call("PUT", card, "shelter-desk", said, if_match=tag)
    assert sources(written) == {"phone": "entered", "medication": "entered"}
    assert {name: item["value"] for name, item in written.json["items"].items()} == said


def test_card_of_somebody_without_id_goes_with_them(city: Any) -> None:
    """What was told at reception and written is there; linked, it supplements the account's own card."""
    card = receive(city, "t:a")
    first = city.call("PUT", card, "shelter-desk", {"name": "田中", "needs": ["infant"], "note": "係"})
    assert sources(first) == {"name": "reception", "needs": "entered", "note": "entered"}
    own = city.call("PUT", "/v1/users/c5/evacuee-card", "c5", {"note": "本人"})
    link = card.removesuffix("/card") + "/link"
    assert city.call("POST", link, "shelter-desk", {"sub": "c5"}).status == 200
    mine = valid(city.call("GET", card, "c5").json)
    assert mine["number"] == own.json["number"]
    assert (mine["items"]["note"]["value"], mine["items"]["needs"]["value"]) == ("本人", ["infant"])
    assert mine["items"]["name"]["source"] == "city-os"


def test_citizen_sees_their_own_card_only(city: Any) -> None:
    """Another's card, before or after check-in, is not found, as that of nobody."""
    card = receive(city, "c1")
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        for url in (card, "/v1/users/c1/evacuee-card", "/v1/users/nobody/evacuee-card"):
            assert city.call(method, url, "c0", body).problem == "not-found"


def test_number_says_nothing(city: Any) -> None:
    """Numbers are random digits, differ, and hold neither the ID nor the place in the list."""
    numbers = [
        city.call("PUT", receive(city, f"t:{n}"), "shelter-desk", {"note": "x"}).json["number"] for n in range(20)
    ]
    assert len(set(numbers)) == 20
    assert numbers != sorted(numbers)
    assert all(len(number) == 12 and number.isdigit() for number in numbers)
    assert len({new_number()[:6] for _ in range(200)}) > 150


@pytest.mark.parametrize(
    "body", [{"needs": ["levitation"]}, {"birth_date": "2020-02-30"}, {"note": "a\x00"}, {"family": ["x"] * 31}]
)
def test_faulty_card_changes_nothing(city: Any, body: dict[str, Any]) -> None:
    """A fault is told, and what was there stays."""
    own = "/v1/users/c0/evacuee-card"
    tag = city.call("PUT", own, "c0", {"note": "一"}).headers["etag"]
    assert city.call("PUT", own, "c0", body, if_match=tag).problem == "validation"
    assert city.call("GET", own, "c0").json["items"]["note"]["value"] == "一"


def test_withdrawal_closes_the_card_at_once(make_city: Any, make_seed: Any) -> None:
    """What consent opened is shut by the next request after the consent ends."""
    seed = make_seed(8)
    given = Consent("c5", "disaster_support", ("checkin", "medication_condition"), ("municipality",), ("normal",))
    city = make_city(msgspec.structs.replace(seed, consents=(given,)))
    city.call("PUT", "/v1/users/c5/evacuee-card", "c5", {"medication": True, "family": ["x"]})
    card = receive(city, "c5")
    assert sources(city.call("GET", card, "city-office")) == {"medication": "pre-registered"}
    city.opened.drive(_withdraw(city.store))
    assert city.call("GET", card, "city-office").status in (403, 404)


async def _withdraw(store: Any) -> None:
    async with store.transaction():
        await store.run("UPDATE consent SET state = 'withdrawn'")
