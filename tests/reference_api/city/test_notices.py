"""The catalogue and the notices: public, whole, in both languages, with hashes that anybody can compute."""

import hashlib
import json
from typing import Any

from consent_values import valid


def test_the_catalogue_is_public_and_whole(city: Any) -> None:
    """Anybody reads it; it is valid, unchanged it is not sent again, and every purpose names its notice."""
    answer = city.call("GET", "/v1/consent-catalog")
    catalogue = valid("ConsentCatalog", answer.json)
    assert city.call("GET", "/v1/consent-catalog", if_none_match=answer.headers["etag"]).status == 304
    assert catalogue["authorization_details_types"][0]["type"] == "cityos_consent"
    assert [one["code"] for one in catalogue["recipients"] if one["default_deny"]] == ["acquaintance", "employer"]
    assert {ring["number"]: len(ring["items"]) for ring in catalogue["rings"]} == {1: 11, 2: 3, 3: 11}
    for purpose in catalogue["purposes"]:
        notice = city.call("GET", purpose["notice"]["uri"].removeprefix("http://127.0.0.1:8080"))
        told = valid("NoticeInLanguages", notice.json)["languages"]
        assert {language: one["hash"] for language, one in told.items()} == purpose["notice"]["hash"]


def test_a_notice_tells_what_is_used_for_what_and_who_manages_it(city: Any) -> None:
    """Purpose, data, recipients, time limits, withdrawal and the law, in Japanese and in English (N8)."""
    told = city.call("GET", "/v1/notices/evacuation_support").json["languages"]
    assert "会津若松市" in told["ja"]["sections"]["managed_by"]
    assert "Aizuwakamatsu City" in told["en"]["sections"]["managed_by"]
    assert "災害対策基本法第49条の11第3項、" in told["ja"]["sections"]["by_law"]
    assert "Basic Act on Disaster Management 49-11(3)" in told["en"]["sections"]["by_law"]
    assert not any("{" in text for one in told.values() for text in one["sections"].values())
    assert "by_law" not in city.call("GET", "/v1/notices/tourism").json["languages"]["ja"]["sections"]


def test_a_hash_can_be_computed_by_anybody(city: Any) -> None:
    """SHA-256 of the notice with an empty hash, as JSON without blanks, members sorted."""
    told = city.call("GET", "/v1/notices/tourism").json["languages"]["ja"]
    text = json.dumps({**told, "hash": ""}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told["hash"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_an_unknown_purpose_has_no_notice(city: Any) -> None:
    """What is not in the catalogue is not found."""
    assert city.call("GET", "/v1/notices/marketing").problem == "not-found"
