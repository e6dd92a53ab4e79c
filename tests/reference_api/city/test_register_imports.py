"""Imports of the register: signed files, all faults at once, a report without names, applied once."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from reference_api.city.register_files import columns
from reference_api.city.register_imports import masked

URL = "/v1/support-registers/imports"
BRIDGE = "lgwan-bridge"
GOOD = {
    "id": "r1",
    "name": "𠮷野󠄁 花子",
    "name_kana": "ヨシノ",
    "birth_date": "1940-01-01",
    "sex": "女",
    "address": "追手町1",
    "phone": "0242",
    "neighbourhood": "n0",
    "reason": "歩行困難",
    "peacetime_consent": "有",
    "sub": "",
    "plan_note": "",
}


def entry(number: str, **more: str) -> dict[str, str]:
    """An entry without fault."""
    return {**GOOD, "id": number, **more}


def as_csv(entries: list[dict[str, str]], charset: str = "utf-8") -> bytes:
    """The entries with Japanese headers."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.ja for column in columns().values()])
    writer.writerows([one[name] for name in columns()] for one in entries)
    return text.getvalue().encode(charset)


def signed(city: Any, payload: bytes, cty: str = "text/csv; charset=utf-8", **header: Any) -> str:
    """The file, signed by the bridge's registered key."""
    key = ECKey.import_key(json.loads(city.client(BRIDGE).private_jwk))
    protected = {"alg": "ES256", "kid": key.kid, "cty": cty, **header}
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.max_payload_length = len(payload) * 2
    return jws.serialize_compact(protected, payload, key, registry=registry)


def bring(city: Any, body: str | bytes, who: str = BRIDGE, media_type: str = "application/jose") -> Any:
    """A file is sent."""
    raw = body if isinstance(body, bytes) else body.encode()
    return city.call("POST", URL, who, raw, content_type=media_type)


def apply(city: Any, tried: Any, **headers: str) -> Any:
    """What was tried is applied."""
    given = {"if_match": tried.headers["etag"]} | headers
    return city.call("POST", f"{URL}/{tried.json['id']}/application", BRIDGE, **given)


def register(city: Any) -> dict[str, tuple[Any, ...]]:
    """The register by id."""
    rows = city.rows("SELECT id, name, neighbourhood, peacetime_consent, sub, temp_id FROM register_entry")
    return {row[0]: row[1:] for row in rows}


def test_a_trial_tells_what_would_change_and_changes_nothing(city: Any) -> None:
    """Added, changed, removed, unmatched, with lines and masked names; only applying it changes the register."""
    before = register(city)
    file = [
        entry("r1", neighbourhood="n0"),
        entry("r2", name="𠮷野󠄁 4", birth_date="1950-02-03", sub="c4"),
        entry("r9", name="𠮷野󠄁 5", birth_date="1950-02-03", neighbourhood="n1"),
    ]
    tried = bring(city, signed(city, as_csv(file)))
    assert (tried.status, tried.json["state"]) == (201, "tried")
    report = tried.json["report"]
    assert report["counts"] == {"added": 1, "changed": 2, "removed": 1, "unchanged": 0, "unmatched": 1}
    assert report["added"] == [{"id": "r9", "name": "𠮷〇〇", "line": 4}]
    assert report["removed"] == [{"id": "r3", "name": "登〇〇"}]
    assert report["unmatched"] == [{"id": "r1", "name": "𠮷〇〇", "line": 2, "cause": "no_match"}]
    assert "birth_date" in report["changed"][1]["fields"]
    assert register(city) == before
    applied = apply(city, tried)
    assert applied.json["state"] == "applied"
    after = register(city)
    assert set(after) == {"r1", "r2", "r9"}
    assert (after["r9"][3:], after["r1"][3:]) == (("c5", None), (None, "t1"))
    assert city.call("GET", tried.headers["location"], BRIDGE).json == applied.json


def test_the_same_file_again_changes_nothing(city: Any) -> None:
    """A round trip: what was applied is unchanged when it is tried again, in whatever form it comes."""
    file = [entry("r1"), entry("r7", plan_note="計画", peacetime_consent="無")]
    first = bring(city, signed(city, as_csv(file)))
    apply(city, first)
    assert apply(city, first).status == 200
    members = [{**one, "peacetime_consent": one["peacetime_consent"] == "有"} for one in file]
    as_json = json.dumps({"entries": members}, ensure_ascii=False).encode()
    for again in (signed(city, as_csv(file)), signed(city, as_json, "application/json; charset=utf-8")):
        counts = bring(city, again).json["report"]["counts"]
        assert {name: counts[name] for name in ("added", "changed", "removed", "unchanged")} == {
            "added": 0, "changed": 0, "removed": 0, "unchanged": 2,
        }  # fmt: skip


def test_an_association_sees_what_was_imported(city: Any) -> None:
    """The list of entries is the imported one, by the same rules as before."""
    apply(city, bring(city, signed(city, as_csv([entry("r1"), entry("r5", peacetime_consent="無")]))))
    seen = city.everything("/v1/support-registers/entries?area=n0", "association-n0")
    assert [one["id"] for one in seen] == ["r1"]
    assert seen[0]["name"] == "𠮷野󠄁 花子"


def test_nothing_is_applied_over_a_register_that_changed(city: Any) -> None:
    """If-Match is demanded; a trial is void once another was applied or tried, and 412 tells so."""
    one, two = (signed(city, as_csv([entry("r1", phone=phone)])) for phone in ("1", "2"))
    first = bring(city, one)
    assert city.call("POST", f"{URL}/{first.json['id']}/application", BRIDGE).problem == "precondition-required"
    second = bring(city, two)
    assert apply(city, first).problem == "conflict"
    assert apply(city, second, if_match=first.headers["etag"]).problem == "precondition-failed"
    with_other_register = bring(city, one)
    city.opened.drive(city.opened.store.run("UPDATE register_entry SET phone = 'x'"))
    assert apply(city, with_other_register).problem == "precondition-failed"


def test_shift_jis_and_a_bom_are_read(city: Any) -> None:
    """Shift_JIS as Windows writes it, and UTF-8 with a BOM."""
    plain = entry("r1", name="髙橋 花子①")
    for payload, cty in (
        (as_csv([plain], "cp932"), "text/csv; charset=Shift_JIS"),
        (as_csv([plain], "utf-8-sig"), "text/csv; charset=UTF-8"),
    ):
        apply(city, bring(city, signed(city, payload, cty)))
        assert register(city)["r1"][0] == "髙橋 花子①"
    assert bring(city, signed(city, as_csv([entry("r1")]), "text/csv; charset=shift_jis")).problem == "validation"


def test_all_faults_are_told_with_their_lines(city: Any) -> None:
    """Every wrong value of every line, missing columns, doubles, and a file that is no CSV."""
    bad = [
        entry("r1", birth_date="1940/1/1", sex="?"),
        entry("r1"),
        entry("", reason="", neighbourhood="n9", address="丁目\n2"),
        entry("r4", peacetime_consent="maybe"),
    ]
    told = bring(city, signed(city, as_csv(bad)))
    assert told.status == 422
    assert [(fault["pointer"], fault["code"]) for fault in told.json["errors"]] == [
        ("/lines/2/birth_date", "format"),
        ("/lines/2/id", "twice"),
        ("/lines/2/sex", "code"),
        ("/lines/3/id", "twice"),
        ("/lines/4/id", "required"),
        ("/lines/4/neighbourhood", "unknown_neighbourhood"),
        ("/lines/4/reason", "required"),
        ("/lines/6/peacetime_consent", "code"),
    ]
    assert "花子" not in told.body.decode()
    headless = bring(city, signed(city, "氏名,住所\n山田,町".encode()))
    assert {"pointer": "/lines/1/id", "code": "column_missing"} in headless.json["errors"]
    empty = bring(city, signed(city, as_csv([])))
    assert empty.json["errors"] == [{"pointer": "/lines", "code": "empty"}]


def test_only_the_clients_own_key_opens_the_door(city: Any) -> None:
    """Another key, a changed file, no signature, a shared key: refused alike; so are other media types and clients."""
    good = signed(city, as_csv([entry("r1")]))
    head, payload, signature = good.split(".")
    stranger = ECKey.generate_key("P-256", {"kid": "lgwan-bridge-1"})
    header = {"kid": "lgwan-bridge-1", "cty": "text/csv"}
    foreign = jws.serialize_compact({"alg": "ES256", **header}, b"x", stranger, algorithms=["ES256"])
    shared = OctKey.import_key("a shared secret of 32 bytes long")
    hmac = jws.serialize_compact({"alg": "HS256", **header}, b"x", shared, algorithms=["HS256"])
    for bad in (foreign, hmac, f"{head}.{payload[:-2]}AA.{signature}", f"{head}.{payload}.", "x", ""):
        refused = bring(city, bad)
        assert (refused.status, refused.json["errors"]) == (422, [{"pointer": "", "code": "signature"}])
    assert bring(city, good, media_type="text/csv").problem == "unsupported-media-type"
    assert bring(city, good, "city-office").problem == "insufficient-scope"
    assert bring(city, signed(city, b"x", "application/xml")).json["errors"][0]["pointer"] == "/protected/cty"


def test_flattened_json_is_taken_too(city: Any) -> None:
    """JWS in its flattened JSON serialization says the same."""
    head, payload, signature = signed(city, as_csv([entry("r1")])).split(".")
    body = json.dumps({"protected": head, "payload": payload, "signature": signature})
    assert bring(city, body, media_type="application/jose+json").status == 201


def test_the_register_of_a_whole_city_fits(city: Any) -> None:
    """Ten thousand entries are more than other requests may be, and are taken."""
    many = [entry(f"R{number:05}", address="福島県会津若松市追手町" + "一" * 10) for number in range(10_000)]
    body = signed(city, as_csv(many))
    assert len(body) > 1 << 20
    assert bring(city, body).json["report"]["counts"]["added"] == 10_000
    assert bring(city, b"x" * (8 << 20) + b"y").problem == "content-too-large"


@pytest.mark.parametrize(
    ("name", "shown"), [("𠮷野󠄁", "𠮷〇〇"), ("辻󠄀本", "辻󠄀〇〇"), ("か゚わ", "か゚〇〇"), ("A", "A〇〇")]
)
def test_masks_keep_a_character_whole(name: str, shown: str) -> None:
    """The first character goes with its variation selector or mark."""
    assert masked(name) == shown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(
    before=st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123")),
    after=st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"), min_size=1),
)
def test_the_report_is_the_difference(city: Any, before: dict[str, str], after: dict[str, str]) -> None:
    """For any two registers: applying the second over the first reports exactly what differs, and leaves the second."""
    if before:
        apply(city, bring(city, signed(city, as_csv([entry(key, phone=phone) for key, phone in before.items()]))))
    else:
        city.opened.drive(city.opened.store.run("DELETE FROM register_entry"))
    tried = bring(city, signed(city, as_csv([entry(key, phone=phone) for key, phone in after.items()])))
    report = tried.json["report"]
    assert {one["id"] for one in report["added"]} == after.keys() - before.keys()
    assert {one["id"] for one in report["removed"]} == before.keys() - after.keys()
    assert {one["id"] for one in report["changed"]} == {
        key for key in after.keys() & before.keys() if after[key] != before[key]
    }
    apply(city, tried)
    assert dict(city.rows("SELECT id, phone FROM register_entry")) == after
