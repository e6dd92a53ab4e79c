"""Register files as the city's machine brings them in: rows, their two forms, and signatures."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from conformance.accounts import ClientAccount
from conformance.checks.disaster.declaring import area_of, associations
from conformance.context import Context
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

BRIDGE = "lgwan_bridge"

COLUMNS: Mapping[str, str] = {
    "id": "整理番号",
    "name": "氏名",
    "name_kana": "フリガナ",
    "birth_date": "生年月日",
    "sex": "性別",
    "address": "住所又は居所",
    "phone": "電話番号",
    "neighbourhood": "町内会コード",
    "reason": "避難支援等を必要とする事由",
    "peacetime_consent": "平常時の情報提供への同意",
    "sub": "都市OS ID",
    "plan_note": "個別避難計画",
}
"""Members of an entry in JSON, and the headers of the columns in CSV. Source: contract, importSupportRegister."""

JOSE, JSON, CSV = "application/jose", "application/json; charset=utf-8", "text/csv; charset=utf-8"

ALGORITHMS = {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}
"""By which the bridge's key signs. Source: contract, importSupportRegister."""

FILE_BYTES = 8 << 20
"""Greatest file. Source: contract, x-max-body-bytes of importSupportRegister."""

Row = Mapping[str, str]


class _Signatures(jws.JWSRegistry):
    max_payload_length = FILE_BYTES


def area(ctx: Context) -> str:
    """Code of a neighbourhood of the town.

    Raises:
        Unmet: None is known.
    """
    for client in associations(ctx):
        return area_of(client)
    text = Text("no association tells a neighbourhood's code", "町内会コードが分かる町内会のクライアントがない")
    raise Unmet(text)


def row(number: str, neighbourhood: str, **more: str) -> dict[str, str]:
    """A row without fault, of a person who does not exist."""
    return {
        "id": number,
        "name": f"検査 {number}",
        "name_kana": "ケンサ",
        "birth_date": "1940-01-01",
        "sex": "female",
        "address": "追手町1",
        "phone": "0242-00-0000",
        "neighbourhood": neighbourhood,
        "reason": "歩行困難",
        "peacetime_consent": "1",
        **more,
    }


def as_json(rows: Sequence[Row]) -> bytes:
    """The file as JSON."""
    return json.dumps({"entries": list(rows)}, ensure_ascii=False).encode()


def as_csv(rows: Sequence[Row], charset: str = "utf-8") -> bytes:
    """The file as CSV, with Japanese headers and values as towns write them."""
    words = {"female": "女", "male": "男", "unknown": "不明"}
    consents = {"1": "有", "0": "無"}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS.values())
    for one in rows:
        told = {
            **one,
            "sex": words.get(one["sex"], one["sex"]),
            "peacetime_consent": consents.get(one["peacetime_consent"], one["peacetime_consent"]),
        }
        writer.writerow([told.get(name, "") for name in COLUMNS])
    return text.getvalue().encode(charset)


def key_of(ctx: Context) -> tuple[ClientAccount, Key]:
    """The bridge's client and its key.

    Raises:
        Unmet: The key is not known.
    """
    client = ctx.city.role(BRIDGE)
    kinds: dict[str, Any] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
    kind = kinds.get(str(client.private_jwk.get("kty")))
    if kind is None:
        text = Text(
            "the key by which the bridge's client signs is not known: private_jwk in the sandbox's discovery document,"
            " or private_jwk_env of [roles.lgwan_bridge] in the plan",
            "連携クライアントの署名鍵が分からない。試験環境の発見文書のprivate_jwkか、"
            "計画の[roles.lgwan_bridge]のprivate_jwk_envで示す",
        )
        raise Unmet(text)
    return client, kind.import_key(dict(client.private_jwk))


def signed(ctx: Context, payload: bytes, cty: str = JSON, *, key: Key | None = None, **header: Any) -> str:
    """The file, signed by the bridge's key or another, as a compact JWS."""
    client, own = key_of(ctx)
    kid = str(client.private_jwk.get("kid", ""))
    protected = {"alg": ALGORITHMS[own.key_type], "kid": kid, "cty": cty, **header}
    registry = _Signatures(algorithms=[protected["alg"]])
    text: str = jws.serialize_compact(protected, payload, key or own, registry=registry)
    return text


def bring(ctx: Context, body: str | bytes, media_type: str = JOSE) -> Reply:
    """Bring a file in."""
    raw = body.encode() if isinstance(body, str) else body
    return ctx.city.call("importSupportRegister", BRIDGE, headers={"content-type": media_type}, body=raw)


def try_rows(ctx: Context, rows: Sequence[Row]) -> Reply:
    """Bring in rows as they should come."""
    return bring(ctx, signed(ctx, as_json(rows)))


def apply(ctx: Context, tried: Reply, tag: str | None = "") -> Reply:
    """Ask to apply what was tried; with another ETag, or with none (None)."""
    path = {"import_id": str(tried.members.get("id"))}
    headers = {} if tag is None else {"if-match": tag or tried.header("etag")}
    return ctx.city.call("applyRegisterImport", BRIDGE, headers=headers, path=path)


def register(ctx: Context, neighbourhood: str, who: Any = BRIDGE) -> dict[str, Mapping[str, Any]]:
    """The register of a neighbourhood by id, as somebody sees it."""
    listed = ctx.city.items("listSupportRegister", who, {"area": neighbourhood})
    return {str(one.get("id")): one for one in listed}


def told_rows(entries: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Rows of entries as they are listed, so that a file may keep them."""
    return [
        {name: str(one[name]) for name in COLUMNS if one.get(name) is not None} | {"peacetime_consent": "1"}
        for one in entries.values()
    ]
