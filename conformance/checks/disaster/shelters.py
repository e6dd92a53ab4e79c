"""Shelters and emergency evacuation sites as they are described, joined, opened and changed."""

import re
from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.reception import DESK, Reception, done, resident
from conformance.context import Context
from conformance.text import Text

DESCRIBED = (
    "id",
    "municipality_code",
    "prefecture",
    "city",
    "address",
    "position",
    "name",
    "name_kana",
    "kind",
    "capacity_persons",
)
"""The basic items of 避難所 that describe it, by the contract's names (position: 緯度, 経度). Source: EEI v1.1."""

OBSERVED = ("status", "headcount", "households")
"""The basic items that are observed: 開設状況, 避難者数（総数）, 避難世帯数. Source: EEI v1.1; contract, x-maps-to."""

KINDS = ("general", "welfare", "site")
STATUSES = ("unopened", "open", "full", "closed")

NATIONAL = re.compile(r"E\d{13}")
"""A national ID (全国共通避難所・避難場所ID). Source: 国土地理院, 共通ID."""

PLACE_LENGTH = 11
"""So many first characters of a national ID name the place. Source: 国土地理院, 共通ID."""

HAZARDS = ("flood", "landslide", "storm_surge", "earthquake", "tsunami", "large_fire", "inland_flood", "volcano")

LOOKED_AT = 20
"""Shelters and sites that are read one by one; the lists are looked at whole."""


def _listed(ctx: Context, operation: str) -> list[Mapping[str, Any]]:
    return list(done(ctx.city.call(operation), 200).get("items", []))


@check("DIS-005")
def shelters_have_the_basic_items(ctx: Context) -> None:
    """Read the list of shelters, some of them alone, and their status, and look for EEI's fourteen basic items."""
    listed = [one for one in _listed(ctx, "listShelters") if one.get("origin") != "ad_hoc"]
    if not listed:
        ctx.skip("there is no shelter", "避難所がない")
    for shelter in listed:
        _described(ctx, shelter)
    for shelter in ctx.draws.shuffled(listed)[:LOOKED_AT]:
        path = {"shelter_id": str(shelter["id"])}
        _described(ctx, done(ctx.city.call("getShelter", path=path), 200))
        status = done(ctx.city.call("getShelterStatus", path=path), 200)
        missing = [name for name in OBSERVED if status.get(name) is None]
        ctx.expect(
            Text("EEI's basic items that a status lacks", "状況に欠けるEEI基本項目"), expected=[], actual=missing
        )
        ctx.expect_in(Text("開設状況", "開設状況"), expected=STATUSES, actual=status["status"])
        numbers = [status[name] for name in ("headcount", "households")]
        what = Text("numbers of people and households", "人数と世帯数")
        ctx.require(what, all(isinstance(n, int) and n >= 0 for n in numbers), expected="0 or more", actual=numbers)


def _described(ctx: Context, shelter: Mapping[str, Any]) -> None:
    missing = [name for name in DESCRIBED if shelter.get(name) is None]
    ctx.expect(Text("EEI's basic items that a shelter lacks", "避難所に欠けるEEI基本項目"), expected=[], actual=missing)
    ctx.expect_in(Text("kind of the shelter", "避難所タイプ"), expected=KINDS, actual=shelter["kind"])
    code, capacity = shelter["municipality_code"], shelter["capacity_persons"]
    what = Text("code of the municipality: six digits", "地方公共団体コード(6桁)")
    ctx.require(what, re.fullmatch(r"\d{6}", str(code)), expected="six digits", actual=code)
    what = Text("capacity", "想定収容人数")
    ctx.require(what, isinstance(capacity, int) and capacity >= 0, expected="0 or more", actual=capacity)
    place = shelter["position"].get("coordinates", ()) if isinstance(shelter["position"], dict) else ()
    numbers = [one for one in place if isinstance(one, int | float)]
    what = Text("position: longitude, then latitude", "位置(経度、緯度)")
    ctx.require(what, len(numbers) >= 2 and abs(numbers[1]) <= 90, expected="a point", actual=shelter["position"])


@check("DIS-006")
def national_ids_join_places(ctx: Context) -> None:
    """Hold all national IDs against their form, join sites and shelters by them, and claim one ad hoc."""
    shelters, sites = _listed(ctx, "listShelters"), _listed(ctx, "listEvacuationSites")
    names = [str(one.get("id")) for one in (*shelters, *sites)]
    wrong = [name for name in names if re.fullmatch(r"[EＥe]\d{6,}", name) and not NATIONAL.fullmatch(name)]
    ctx.expect(Text("national IDs of another form", "形の違う全国共通ID"), expected=[], actual=wrong)
    ad_hoc = [one["id"] for one in shelters if one.get("origin") == "ad_hoc" and NATIONAL.fullmatch(str(one["id"]))]
    ctx.expect(Text("ad-hoc shelters with a national ID", "全国共通IDを持つ臨時の避難所"), expected=[], actual=ad_hoc)
    _joined(ctx, shelters, sites)
    desk = Reception(ctx)
    own = f"SUITE-{ctx.draws.number(10**9):09}"
    with ctx.control(Text("a shelter with an ID of the town's own", "市独自のIDの避難所")):
        ctx.expect_status("createShelter", desk.create(id=own), 201, 409)
    reply = desk.create(id=f"E{ctx.draws.number(10**13):013}")
    ctx.refused_status(Text("an ad-hoc shelter under a national ID", "全国共通IDの形での臨時の避難所"), reply, 422, 400)


def _joined(ctx: Context, shelters: list[Mapping[str, Any]], sites: list[Mapping[str, Any]]) -> None:
    """A site names those shelters whose national ID has the same first eleven characters.

    What stands among the shelters as a site without a roof is the site itself, or one beside it: it may be named.
    """
    places: dict[str, set[str]] = {}
    kinds = {str(one["id"]): one.get("kind") for one in shelters}
    for name in filter(NATIONAL.fullmatch, kinds):
        places.setdefault(name[:PLACE_LENGTH], set()).add(name)
    for site in sites:
        name = str(site["id"])
        if not NATIONAL.fullmatch(name):
            continue
        here = places.get(name[:PLACE_LENGTH], set())
        roofed = {one for one in here if kinds[one] != "site"}
        named = set(site.get("shelter_ids") or []) - (here - roofed)
        what = Text(f"shelters at the place of site {name}", f"避難場所 {name} と同じ場所の避難所")
        ctx.expect(what, expected=sorted(roofed), actual=sorted(named))
        told = (site.get("also_shelter"), site.get("also_welfare_shelter"))
        wanted = tuple(any(kinds[one] == kind for one in here) for kind in ("general", "welfare"))
        what = Text(
            f"whether site {name} is also a general, a welfare shelter", f"避難場所 {name} の指定避難所との重複"
        )
        ctx.expect(what, expected=wanted, actual=told)


@check("DIS-007", alone=True)
def shelters_without_a_national_id(ctx: Context) -> None:
    """Create a shelter without a national ID, open it, receive somebody there, and find it in list and board."""
    desk = Reception(ctx)
    reply = desk.create(name="道の駅の会議室", capacity_persons=40)
    ctx.expect_status(Text("creating a shelter without a national ID", "共通IDの無い避難所の登録"), reply, 201)
    name = str(reply.members.get("id"))
    what = Text("its ID is none of the nation's", "全国共通IDではないID")
    ctx.require(what, name and not NATIONAL.fullmatch(name), expected="the town's own", actual=name)
    path = {"shelter_id": name}
    read = ctx.city.call("getShelter", path=path)
    ctx.expect_status(Text("the shelter, read", "その避難所の読み取り"), read, 200)
    ctx.expect(Text("its name", "その名称"), expected="道の駅の会議室", actual=read.members.get("name"))
    listed = [one.get("id") for one in _listed(ctx, "listShelters")]
    ctx.expect(Text("whether the list has it", "一覧にあるか"), expected=True, actual=name in listed)
    ctx.expect_status(Text("opening it", "開設"), desk.say(name, "open"), 200)
    ctx.expect_status(Text("check-in there", "そこでの受付"), desk.send(name, resident(ctx.city.person(0))), 201)
    board = {one.get("id"): one for one in _listed(ctx, "listShelterStatus")}
    told = (board.get(name, {}).get("status"), board.get(name, {}).get("headcount"))
    ctx.expect(Text("status and headcount on the board", "状況一覧の状況と人数"), expected=("open", 1), actual=told)


@check("DIS-036")
def changes_demand_if_match(ctx: Context) -> None:
    """Change a shelter without an ETag, with the right one and with the old one; read one status and one site."""
    name = str(done(Reception(ctx).create(), 201).get("id"))
    path = {"shelter_id": name}
    old = ctx.city.call("getShelter", path=path).header("etag")
    ctx.require(Text("ETag of a shelter", "避難所のETag"), old, expected="an ETag", actual=old)
    with ctx.control(Text("a change with the right ETag", "正しいETagでの変更")):
        reply = ctx.city.call("updateShelter", DESK, {"name": "避難所 改"}, headers={"if-match": old}, path=path)
        ctx.expect_status("updateShelter", reply, 200)
    for what, headers, refusal in (
        (Text("a change without If-Match", "If-Matchの無い変更"), {}, 428),
        (Text("a change with the ETag from before", "前のETagでの変更"), {"if-match": old}, 412),
        (Text("a change with an ETag that never was", "無かったETagでの変更"), {"if-match": '"never"'}, 412),
    ):
        reply = ctx.city.call("updateShelter", DESK, {"name": "避難所 改々"}, headers=headers, path=path)
        ctx.refused_status(what, reply, refusal)
    read = ctx.city.call("getShelter", path=path)
    told = (read.members.get("name"), read.header("etag") != old)
    what = Text("name, and whether the ETag changed with it", "名称と、ETagが変わったか")
    ctx.expect(what, expected=("避難所 改", True), actual=told)
    status = ctx.city.call("getShelterStatus", path=path)
    ctx.expect_status(Text("status of one shelter", "避難所一つの状況"), status, 200)
    one_status = (status.members.get("id"), status.members.get("headcount"))
    ctx.expect(Text("id and headcount of one status", "一つの状況のidと人数"), expected=(name, 0), actual=one_status)
    for site in ctx.draws.shuffled(_listed(ctx, "listEvacuationSites"))[:1]:
        one = ctx.city.call("getEvacuationSite", path={"site_id": str(site["id"])})
        ctx.expect_status(Text("one evacuation site", "避難場所一つ"), one, 200)
        ctx.expect(Text("its name", "その名称"), expected=site.get("name"), actual=one.members.get("name"))


@check("DIS-019")
def tsunami_is_told_also_where_there_is_none(ctx: Context) -> None:
    """Look whether every site says of each of the eight hazards, tsunami too, yes or no: that all say no is right."""
    sites = _listed(ctx, "listEvacuationSites")
    if not sites:
        ctx.omit("the town has no emergency evacuation sites", "指定緊急避難場所がない")
    for site in sites:
        told = site.get("designated_for")
        unsaid = [name for name in HAZARDS if not isinstance((told or {}).get(name), bool)]
        what = Text(f"hazards of which site {site['id']} says nothing", f"避難場所 {site['id']} が述べない災害")
        ctx.expect(what, expected=[], actual=unsaid)
