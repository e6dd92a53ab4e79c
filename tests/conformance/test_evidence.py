"""Evidence: no secret and nothing personal is left in any file, and what is left still proves."""

import base64
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import exchange, run_of

from conformance.contract.exchange import Exchange
from conformance.evidence import BRIEF, WHOLE, Known, Masking
from conformance.masking.found import shape_of
from conformance.report.bundle import write_bundle
from conformance.report.document import document_of
from conformance.report.write import write_results
from conformance.results import Result, Run
from conformance.text import Text
from conformance.verdict import Verdict

LETTERS = "abcdefghijkmnpqrstuvwyzABCDEFGHJKLMNPQRSTUVWYZ123456789"
SECRETS = st.text(alphabet=LETTERS + "-_.~+/", min_size=16, max_size=40).map(lambda text: f"Zq7{text}9K")
NAMES = st.text(alphabet="佐藤鈴木高橋田中渡辺伊山本花子太郎一恵美𠮷", min_size=3, max_size=6).map(
    lambda text: f"𠮷{text}"
)


def jwt(**claims: object) -> str:
    """A token with a signature that nobody made."""
    parts = ({"alg": "ES256", "kid": "k1"}, claims)
    head = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1ub2JvZHktbWFkZQ"


def exchanges_with(secret: str, token: str, person: Mapping[str, str]) -> list[Exchange]:
    """Exchanges that hold a secret, a token and a person's data wherever these may stand."""
    basic = base64.b64encode(f"client:{secret}".encode()).decode()
    name, born, phone, mail, home = (person[key] for key in ("name", "birth", "phone", "mail", "address"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    fhir = {
        "resourceType": "Patient",
        "name": [{"text": name, "family": name[:2], "given": [name[2:]]}],
        "telecom": [{"system": "phone", "value": phone}, {"system": "email", "value": mail}],
        "address": [{"text": home, "line": [home], "country": "JP"}],
        "birthDate": born,
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{name}</p></div>'},
    }
    user = {"sub": "c01", "data": {"name": name, "birth_date": born, "phone": phone, "email": mail, "address": home}}
    page = (
        f'<form action="/login?ticket={quote(secret)}"><input type="hidden" name="csrf_token" value="{escape(secret)}">'
        f'<input name=password value="{secret}">{name} {escape(home)}</form>'
    )
    jwk = {"keys": [{"kty": "EC", "crv": "P-256", "x": "pub", "y": "pub", "d": secret}]}
    bodies: list[tuple[Mapping[str, str], str, str]] = [
        (form, urlencode({"grant_type": "authorization_code", "code": secret, "code_verifier": secret}), ""),
        (form, urlencode({"client_assertion": token, "password": secret, "username": mail}), page),
        (form, urlencode({"device_code": secret, "token": secret, "subject_token": token}), name),
        ({}, json.dumps({"user": user, "registration_access_token": secret, "apiKey": secret}), json.dumps(fhir)),
        ({}, json.dumps(jwk), json.dumps({"access_token": token, "refresh_token": secret, "id_token": token})),
        ({}, json.dumps([user], ensure_ascii=False), json.dumps(user, ensure_ascii=True)),
        ({}, "", f'{{"broken": "{name}", "access_token": "{secret}", "x'),
        ({}, "", json.dumps({"redirect": f"https://rp.example/cb?code={quote(secret, safe='')}&state=s"})),
        ({}, "", f"name={name}; {token} {basic} at {home} or {phone}, {mail}"),
    ]
    headers = {
        "authorization": f"Basic {basic}",
        "cookie": f"sid={secret}; theme=dark",
        "dpop": token,
        "x-csrf-token": secret,
        "content-type": "application/json",
    }
    answers = {
        "location": f"https://rp.example/cb?state=s&code={quote(secret, safe='')}#access_token={quote_plus(secret)}",
        "set-cookie": f"sid={secret}; Path=/; HttpOnly; Secure, other={secret}; Max-Age=60",
        "www-authenticate": 'Bearer error="invalid_token"',
        "content-type": "application/json",
    }
    return [
        exchange(
            number,
            url=f"https://u:{quote(secret, safe='')}@city.example/p?id_token_hint={token}&name={quote(name)}",
            request_headers={**headers, **kind},
            request_body=request,
            response_headers={**answers, **({"content-type": "text/html"} if "<form" in answer else {})},
            response_body=answer,
        )
        for number, (kind, request, answer) in enumerate(bodies)
    ]


@settings(max_examples=15)
@given(SECRETS, NAMES, st.booleans())
def test_no_canary_is_left_in_any_file(secret: str, name: str, known: bool) -> None:  # noqa: FBT001 - drawn
    """Secrets and personal data put at every place are in none of the files, as they are or encoded."""
    person = {
        "name": name,
        "birth": "1950-02-03",
        "phone": "0242-39-1234",
        "mail": "Hanako.Y@mail.example",
        "address": f"{name}町大字大戸1324",
    }
    token = jwt(sub="c01", name=name, birthdate=person["birth"], email=person["mail"], nonce="n-1")
    base = run_of((Verdict.FAIL,)).results[0]
    told = f"got {{'access_token': '{secret}', 'id_token': '{token}'}} for {name} {person['mail']}"
    result = Result(
        base.name,
        base.requirement,
        Verdict.FAIL,
        Text(told, told),
        f'{{"name": "{name}", "client_secret": "{secret}"}}'[:-4],
        told[: len(told) // 2],
        exchanges_with(secret, token, person),
    )
    run = Run("https://city.example", "citytwin", 1, [result])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        write_results(run, out, "ja", known=Known(frozenset([secret])) if known else None)
        write_bundle(out, Path(folder) / "bundle.zip")
        texts = {path.name: path.read_text("utf-8", "replace") for path in out.iterdir()}
    basic = base64.b64encode(f"client:{secret}".encode()).decode()
    canaries = [secret, quote(secret, safe=""), basic, token, token.rpartition(".")[2], *person.values(), quote(name)]
    canaries += [json.dumps(name)[1:-1], escape(person["address"])]
    for file, text in texts.items():
        for canary in canaries:
            assert canary not in text, f"{canary} in {file}"


def kept(**changed: object) -> Exchange:
    """An exchange as it is kept."""
    (piece,) = Masking(Known()).keep([exchange(**changed)])
    return piece.exchange


def test_equal_secrets_look_equal_and_others_do_not() -> None:
    """A reader sees that the token of the answer is the one that is used, and another is another."""
    answer = exchange(0, response_body=json.dumps({"access_token": "token-one-123456789"}))
    use = exchange(1, request_headers={"authorization": "Bearer token-one-123456789"})
    other = exchange(2, request_headers={"authorization": "Bearer token-two-123456789"})
    first, second, third = (piece.exchange for piece in Masking(Known()).keep([answer, use, other]))
    label = json.loads(first.response_body)["access_token"]
    assert second.request_headers["authorization"] == f"Bearer {label}"
    assert third.request_headers["authorization"] != f"Bearer {label}"


def test_what_is_judged_by_stays() -> None:
    """Cookie attributes, challenges, types, codes of lists, numbers as written, and doubled members are kept."""
    body = '{"type": "https://x/problems/gone", "status": 410, "code": "8867-4", "value": 1.50, "a": 1, "a": 2}'
    seen = kept(
        response_body=body,
        response_headers={
            "set-cookie": "sid=abcdefgh12345678; Path=/; HttpOnly; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
            "www-authenticate": 'Bearer error="invalid_token", resource_metadata="https://x/.well-known/y"',
            "content-type": "application/problem+json",
        },
    )
    assert seen.response_body == body
    assert seen.response_headers["set-cookie"].endswith(
        "; Path=/; HttpOnly; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT"
    )
    assert seen.response_headers["www-authenticate"].endswith('resource_metadata="https://x/.well-known/y"')


def test_tokens_are_told_without_their_signature() -> None:
    """Header and claims of a token stay readable under its label, its personal claims by their shape."""
    token = jwt(
        iss="https://op.example", nonce="n-1", aud=["a"], exp=1700000000, name="会津 花子", birthdate="1950-02-03"
    )
    masking = Masking(Known())
    (piece,) = masking.keep([exchange(response_body=json.dumps({"id_token": token}))])
    label = json.loads(piece.exchange.response_body)["id_token"]
    told = masking.tokens[label]
    assert told["header"] == {"alg": "ES256", "kid": "k1"}
    assert told["claims"]["nonce"] == "n-1"
    assert told["claims"]["exp"] == 1700000000
    assert told["claims"]["name"] == "漢漢 漢漢"
    assert told["claims"]["birthdate"] == "0000-00-00"


def test_shape_keeps_length_and_kind() -> None:
    """Digits, letters, kana and kanji are replaced by one of their kind."""
    assert shape_of("090-1234 Ab ひらカナｶ漢字𠮷") == "000-0000 Xx ああアアｱ漢漢漢"


def test_things_are_no_people() -> None:
    """The name and address of a shelter, and what a service says of itself, stay."""
    shelter = {
        "id": "E1",
        "name": "鶴城小学校",
        "address": "追手町1",
        "position": {"type": "Point", "coordinates": [139.9, 37.4]},
    }
    statement = {"resourceType": "CapabilityStatement", "name": "Server", "status": "active"}
    metadata = {
        "issuer": "https://op.example",
        "token_endpoint": "https://op.example/token",
        "claims_supported": ["name"],
    }
    for body in (shelter, statement, metadata):
        assert json.loads(kept(response_body=json.dumps(body)).response_body) == body


def test_long_and_binary_bodies_are_cut_with_their_length() -> None:
    """A body is kept up to a limit, its whole length told; what is no text is only told."""
    masking = Masking(Known())
    long, binary = masking.keep(
        [
            exchange(0, response_body="line \n" * 5000),
            exchange(1, response_body="\ufffd\x00" * 50, response_headers={"content-type": "image/png"}),
        ]
    )
    assert len(long.exchange.response_body) == WHOLE.body
    assert (long.response_length, long.response_cut) == (30000, True)
    assert long.request_cut is False
    assert binary.exchange.response_body == "[binary, image/png, 100 characters as text]"


@pytest.mark.parametrize(
    "body", ["{", "[" * 3000, '{"a": ' * 2000, "", "\ud800", r'{"a": "\ud800"}', '{"access_token": 5, "name": null}']
)
def test_no_body_is_too_odd(body: str) -> None:
    """Broken, deep and odd bodies are kept somehow."""
    kept(response_body=body, request_body=body)


def test_masking_again_changes_nothing() -> None:
    """What is masked already, such as a trace, keeps its marks."""
    once = kept(
        request_headers={"authorization": "Bearer abcdefgh-12345678", "cookie": "sid=abcdefghijk"},
        request_body=json.dumps({"client_secret": "xyzxyzxyz", "user": {"name": "会津 花子"}}),
    )
    (piece,) = Masking(Known()).keep([once])
    assert piece.exchange == once


def test_less_is_kept_where_nothing_is_wrong() -> None:
    """Of a pass the first and last exchanges with shorter bodies; of a failure more, so that it can be proven."""
    many = [exchange(number, response_body="line \n" * 5000) for number in range(200)]
    for verdict, extent in ((Verdict.PASS, BRIEF), (Verdict.OMIT, BRIEF), (Verdict.FAIL, WHOLE), (Verdict.SKIP, WHOLE)):
        run = run_of((verdict,))
        (entry,) = document_of(replace(run, results=[replace(run.results[0], exchanges=many)])).results
        assert len(entry.exchanges) == extent.first + extent.last == 200 - entry.exchanges_left_out
        assert {len(one.response_body) for one in entry.exchanges} == {extent.body}
        assert entry.exchanges[-1].number == 199
