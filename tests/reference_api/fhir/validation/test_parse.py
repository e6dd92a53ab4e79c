"""What is read is written back with the same digits; what is no strict JSON is refused, whatever it is."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.fhir.documents import examples
from reference_api.errors import UnreadableResource
from reference_api.fhir.validation import encode, parse

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


@given(NUMBERS)
def test_a_number_keeps_its_digits(text: str) -> None:
    """97.0, 36.50, 1.0E+2, 1e2 and -0 come back character by character."""
    body = f'{{"a":{text}}}'.encode()
    assert encode(parse(body)) == body


@pytest.mark.parametrize("text", ["97.0", "36.50", "1.0E+2", "1.0e2", "0.00000001", "-0", "-0.0", "1e-7", "100"])
def test_digits_of_measurements_are_kept(text: str) -> None:
    """The forms in which measurements are written, with the value that they mean."""
    read = parse(f'{{"a":{text}}}'.encode())
    assert encode(read) == f'{{"a":{text}}}'.encode()
    assert read["a"] == Decimal(text)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_sound_json_comes_back(value: dict[str, Any]) -> None:
    """Reading what was written gives the same value, and the same bytes when it is written again."""
    body = json.dumps(value, ensure_ascii=False).encode()
    assert parse(body) == value
    assert parse(encode(parse(body))) == value


@pytest.mark.parametrize("name", sorted(examples()))
def test_examples_come_back(name: str) -> None:
    """Every example of the contract is read and written without any loss, supplementary planes included."""
    written = encode(parse(examples()[name]))
    assert parse(written) == parse(examples()[name])
    assert json.loads(written, parse_float=str) == json.loads(examples()[name], parse_float=str)


REFUSED = {
    "nothing": b"",
    "array": b"[]",
    "string": b'"a"',
    "number": b"1",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "no UTF-8": b'{"a":"\xff"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "lone surrogate": b'{"a":"\\ud842"}',
    "lone surrogate in a name": b'{"\\udfb7":1}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "twice": b'{"a":1,"a":1}',
    "twice below": b'{"b":[{"a":1,"a":2}]}',
    "twice by escape": b'{"a":1,"\\u0061":2}',
    "control character": b'{"a":"\x01"}',
    "trailing comma": b'{"a":1,}',
    "two values": b"{}{}",
    "comment": b"{}//",
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "bare point": b'{"a":1.}',
    "huge exponent": b'{"a":1e400000}',
    "tiny exponent": b'{"a":1e-400000}',
    "exponent of many digits": b'{"a":1e' + b"9" * 100_000 + b"}",
    "integer of many digits": b'{"a":' + b"9" * 100_000 + b"}",
    "decimal of many digits": b'{"a":0.' + b"9" * 100_000 + b"}",
    "deep array": b'{"a":' + b"[" * 100_000,
    "deep closed array": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "deep object": b'{"a":' * 100_000,
    "deep closed object": b'{"a":' * 200 + b"1" + b"}" * 200,
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_strict_json_is_refused(name: str) -> None:
    """Each form is one fault of the room's tree, which never quotes the body."""
    with pytest.raises(UnreadableResource) as raised:
        parse(REFUSED[name])
    assert raised.value.code in ("structure", "too-long", "too-costly")
    assert len(raised.value.details) < 120


JSON_LIKE = st.text(alphabet='{}[]",:0e1.-\\uda', max_size=30).map(str.encode)


@given(st.binary(max_size=60) | JSON_LIKE)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No bytes give another fault than the one that is answered with an OperationOutcome."""
    try:
        read = parse(body)
    except UnreadableResource:
        return
    assert parse(encode(read)) == read
