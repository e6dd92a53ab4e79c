"""Imports of the register: signed files alone, tried before they are applied, and applied once."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey

from conformance.check import check
from conformance.checks.disaster.reception import done
from conformance.checks.lgwan_bridge.files import (
    BRIDGE,
    CSV,
    apply,
    area,
    as_csv,
    as_json,
    bring,
    register,
    row,
    signed,
    told_rows,
    try_rows,
)
from conformance.context import Context
from conformance.target import with_sandbox
from conformance.text import Text
from conformance.wire import Reply

REFUSED = (400, 401, 403, 415, 422)


@check("LGW-001", alone=True)
def files_are_signed(ctx: Context) -> None:
    """Bring in a file that is signed, then unsigned, signed by others, under another key's name, and altered."""
    rows = [row(f"suite-{ctx.fresh(6)}", area(ctx))]
    good = signed(ctx, as_json(rows))
    with ctx.control(Text("a file signed by the registered key", "登録された鍵で署名したファイル")):
        ctx.expect_status("importSupportRegister", bring(ctx, good), 201)
    kid = str(ctx.city.role(BRIDGE).private_jwk.get("kid", ""))
    stranger = ECKey.generate_key("P-256")
    header, payload, signature = good.split(".")
    other = _part(as_json([{**rows[0], "name": "検査 別人"}]))
    none = _part(json.dumps({"alg": "none", "kid": kid, "cty": "application/json"}).encode())
    for what, body in (
        (Text("no signature (alg none)", "署名なし(alg none)"), f"{none}.{payload}."),
        (Text("an empty signature", "空の署名"), f"{header}.{payload}."),
        (
            Text("signed by another key under the right kid", "正しいkidの別の鍵"),
            signed(ctx, as_json(rows), key=stranger, alg="ES256"),
        ),
        (
            Text("signed by another key under its own kid", "未登録の鍵"),
            signed(ctx, as_json(rows), key=stranger, alg="ES256", kid="suite-1"),
        ),
        (Text("altered after it was signed", "署名後に書き換えたファイル"), f"{header}.{other}.{signature}"),
    ):
        ctx.refused_status(what, bring(ctx, body), *REFUSED)
    plain = bring(ctx, as_csv(rows), "text/csv; charset=utf-8")
    ctx.refused_status(Text("a file that is no JWS", "JWSでないファイル"), plain, *REFUSED)


def _part(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@check("LGW-002", alone=True)
def dry_runs_change_nothing(ctx: Context) -> None:
    """Try a file that adds one entry and changes and removes others, in both forms, and read the register after it."""
    where = area(ctx)
    before = register(ctx, where)
    kept = told_rows(before)[:-1] if len(before) > 1 else told_rows(before)
    number = f"suite-{ctx.fresh(6)}"
    added = row(number, where, name=f"検査 {ctx.fresh(6)}")
    rows = [*kept, added]
    if kept:
        rows[0] = {**kept[0], "address": f"追手町 {ctx.fresh(4)}"}
    replies = [try_rows(ctx, rows), bring(ctx, signed(ctx, as_csv(rows), CSV))]
    replies.append(bring(ctx, signed(ctx, as_csv(rows, "cp932"), "text/csv; charset=Shift_JIS")))
    for reply in replies:
        ctx.expect_status(Text("a dry run", "試行"), reply, 201)
        _told(ctx, reply, rows, before)
        what = Text("whether the report tells a whole name", "報告に氏名の全体があるか")
        ctx.expect(what, expected=False, actual=added["name"] in reply.text)
        ctx.expect(Text("the register after a dry run", "試行の後の名簿"), expected=before, actual=register(ctx, where))
    path = {"import_id": str(replies[-1].members.get("id"))}
    read = ctx.city.call("getRegisterImport", BRIDGE, path=path)
    ctx.expect_status(Text("the import, read again", "取り込みの読み取り"), read, 200)
    told = (read.members.get("state"), read.members.get("applied_at"), read.members.get("report"))
    what = Text("state, time of application and report", "状態、反映日時、報告")
    ctx.expect(what, expected=("tried", None, replies[-1].members.get("report")), actual=told)


def _told(ctx: Context, reply: Reply, rows: list[dict[str, str]], before: Mapping[str, Any]) -> None:
    report = reply.members.get("report") or {}
    parts = {name: report.get(name) or [] for name in ("added", "changed", "removed", "unmatched")}
    counts = report.get("counts") or {}
    lengths = {name: len(listed) for name, listed in parts.items()}
    what = Text("counts and lists of the report", "報告の数と一覧")
    ctx.expect(what, expected=lengths, actual={name: counts.get(name) for name in parts})
    names = {name: {str(one.get("id")) for one in listed} for name, listed in parts.items()}
    new = rows[-1]["id"]
    ctx.require(
        Text("the new entry among the added", "追加された人"), new in names["added"], expected=new, actual=names
    )
    ctx.require(Text("it has no account", "アカウントの無い人"), new in names["unmatched"], expected=new, actual=names)
    if len(rows) > 1:
        ctx.require(
            Text("the changed entry", "変更された人"),
            rows[0]["id"] in names["changed"],
            expected=rows[0]["id"],
            actual=names,
        )
    gone = set(before) - {one["id"] for one in rows}
    ctx.require(
        Text("the removed entries", "削除される人"), gone <= names["removed"], expected=sorted(gone), actual=names
    )


@check("LGW-003", when=(with_sandbox,), alone=True)
def what_was_tried_is_applied_once(ctx: Context) -> None:
    """Try two files, apply the older, the newer with wrong ETags and the right one, and the newer again."""
    where = area(ctx)
    _ = ctx.sandbox
    first, second = (f"suite-{ctx.fresh(6)}" for _ in range(2))
    before = register(ctx, where)
    older = try_rows(ctx, [row(first, where)])
    newer = try_rows(ctx, [row(second, where, address="追手町2")])
    done(older, 201)
    done(newer, 201)
    with ctx.control(Text("trying changes nothing", "試行は何も変えない")):
        ctx.expect("register", expected=before, actual=register(ctx, where))
    for what, tag, status in (
        (Text("applying without If-Match", "If-Matchの無い反映"), None, (428,)),
        (Text("applying with another ETag", "別のETagでの反映"), '"never"', (412,)),
        (Text("applying with the ETag of another trial", "別の試行のETagでの反映"), older.header("etag"), (412,)),
    ):
        reply = apply(ctx, newer, tag)
        ctx.expect_status(what, reply, *status)
        ctx.expect(Text("the register after it", "その後の名簿"), expected=before, actual=register(ctx, where))
    reply = apply(ctx, older)
    ctx.expect_status(
        Text("applying a trial that a later one replaced", "後の試行に代わられた試行の反映"), reply, 409, 412
    )
    ctx.expect(Text("the register after it", "その後の名簿"), expected=before, actual=register(ctx, where))
    applied = apply(ctx, newer)
    ctx.expect_status(Text("applying what was tried", "試行したものの反映"), applied, 200)
    _is_applied(ctx, applied, where, second)
    _again(ctx, newer, applied, where, second)


def _is_applied(ctx: Context, reply: Reply, where: str, number: str) -> None:
    ctx.expect(Text("state of the import", "取り込みの状態"), expected="applied", actual=reply.members.get("state"))
    held = register(ctx, where)
    told = {name: one.get("address") for name, one in held.items()}
    ctx.expect(
        Text("the register: what the file said and nothing else", "ファイルどおりの名簿"),
        expected={number: "追手町2"},
        actual=told,
    )


def _again(ctx: Context, newer: Reply, applied: Reply, where: str, number: str) -> None:
    """Applied again it changes nothing, not even what has changed since."""
    again = apply(ctx, newer)
    if again.status == 200:
        what = Text("time of application, asked for again", "再度の反映の反映日時")
        ctx.expect(what, expected=applied.members.get("applied_at"), actual=again.members.get("applied_at"))
    else:
        ctx.expect_status(Text("applying again", "再度の反映"), again, 409, 412)
    _is_applied(ctx, applied, where, number)
    later = f"suite-{ctx.fresh(6)}"
    done(apply(ctx, done_try(ctx, row(later, where, address="追手町2"))), 200)
    apply(ctx, newer)
    _is_applied(ctx, applied, where, later)


def done_try(ctx: Context, one: dict[str, str]) -> Reply:
    """A trial that must succeed for a check to go on."""
    reply = try_rows(ctx, [one])
    done(reply, 201)
    return reply


@check("LGW-004", alone=True)
def all_faults_are_told(ctx: Context) -> None:
    """Bring in a CSV file with seven faults on five lines, one of them long, and compare places and lines."""
    where = area(ctx)
    names = [f"suite-{number}-{ctx.fresh(4)}" for number in range(7)]
    good = [row(name, where) for name in names]
    with ctx.control(Text("the file without faults", "誤りのないファイル")):
        ctx.expect_status("importSupportRegister", bring(ctx, signed(ctx, as_csv(good), CSV)), 201)
    rows = [
        {**good[0], "address": "追手町\n1番"},
        {**good[1], "name": ""},
        {**good[2], "birth_date": "昭和15年", "sex": "?"},
        {**good[3], "neighbourhood": "no-such-area"},
        {**good[4], "reason": "", "address": ""},
        good[5],
        {**good[6], "birth_date": "1940-02-30"},
    ]
    wanted = {
        (4, "name"),
        (5, "birth_date"),
        (5, "sex"),
        (6, "neighbourhood"),
        (7, "reason"),
        (7, "address"),
        (9, "birth_date"),
    }
    reply = bring(ctx, signed(ctx, as_csv(rows), CSV))
    ctx.refused_status(Text("a file with faults", "誤りのあるファイル"), reply, 422)
    pointers = sorted(str(one.get("pointer")) for one in reply.members.get("errors", []))
    expected = sorted(f"/lines/{line}/{name}" for line, name in wanted)
    ctx.expect(
        Text("places of all faults, by line and column", "すべての誤りの行と項目"), expected=expected, actual=pointers
    )
    without = [one for one in reply.members.get("errors", []) if not one.get("code")]
    ctx.expect(Text("faults without their kind", "種類のない誤り"), expected=[], actual=without)
    twice = bring(ctx, signed(ctx, as_csv([good[0], good[1], {**good[2], "id": good[0]["id"]}]), CSV))
    ctx.refused_status(Text("an entry that is there twice", "二度ある人"), twice, 422)
    lines = {str(one.get("pointer")) for one in twice.members.get("errors", [])}
    what = Text("places of the entry that is there twice", "二度ある人の行")
    ctx.require(
        what,
        "/lines/4/id" in lines and lines <= {"/lines/2/id", "/lines/4/id"},
        expected="/lines/4/id",
        actual=sorted(lines),
    )
