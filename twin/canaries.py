"""Canary markers: every personal field ends in a token of its own, so that a leak names its person and field.

A marker of a text field is ``zq`` and twelve characters: 30 bits that say whose field it is and 30 check bits keyed by
the seed. It is plain ASCII, so JSON, URLs, character normalisation and e-mail addresses leave it as it is; z and q
occur nowhere else in it, so two markers are never read as one. Accidental text passes once in 10^9, a marker of another
run never; the check guards against accidents, not against somebody who builds markers on purpose.

A phone number is its own marker: ``090-0``, six digits for the person, a check digit keyed by the seed. One in ten such
numbers passes, but nobody else has one: the fourth digit of a mobile number is never 0.

Source: MIC, 電気通信番号計画: mobile numbers are 070/080/090-CDE-FGHJK with C other than 0.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from twin.errors import InvalidPopulation
from twin.population import PersonalField

Canary = tuple[int, PersonalField]

_ALPHABET = "0123456789abcdefghjklmnprstuvwxy"
_FIELD_BITS = 3
_CRC_SURPLUS_BITS = 2
_MOST_PEOPLE = 10**6
_FIELDS = tuple(PersonalField)
_FIELD_NUMBER = {field: number for number, field in enumerate(_FIELDS)}

MARKER_PATTERN = re.compile(
    rf"zq[{_ALPHABET}]{{12}}|(?<![0-9A-Za-z.])(?:0|\+81[- ]?)90-?0[0-9]{{3}}-?[0-9]{{4}}(?![0-9A-Za-z])"
)
"""Finds whatever looks like a marker; `read_marker` tells whether it is one."""

_TOKEN = re.compile(rb"zq([%s]{12})" % _ALPHABET.encode())
# Begins with fixed text, which lets the search run at the speed of memory; what stands before is looked at on a find.
_PHONE = re.compile(rb"90-?0([0-9]{3})-?([0-9]{4})(?![0-9A-Za-z])")
_BEFORE_PHONE = re.compile(rb"(?:(?<![0-9A-Za-z.])0|\+81[- ]?)\Z")
_LONGEST_BEFORE = len(b"+81-")
# int() reads base 32 in the digits 0-9a-v.
_TO_PYTHON = bytes.maketrans(_ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")


def marker(seed: int, person: int, field: PersonalField) -> str:
    """The marker of a person's field; of PHONE it is the whole number, written 090-0ddd-dddd.

    Raises:
        InvalidPopulation: if the person's row is not in 0..999,999.
    """
    if not 0 <= person < _MOST_PEOPLE:
        raise InvalidPopulation(f"no marker for person {person}: markers are made for rows 0 to {_MOST_PEOPLE - 1}")
    if field is PersonalField.PHONE:
        digits = b"%06d" % person
        suffix = f"{person:06d}{_check_digit(_key(seed), digits)}"
        return f"090-0{suffix[:3]}-{suffix[3:]}"
    payload = _six_characters((person << _FIELD_BITS) | _FIELD_NUMBER[field])
    return "zq" + payload + _six_characters(_check(_key(seed), payload.encode()))


def read_marker(seed: int, text: str) -> Canary | None:
    """Whose field a text is, None if it carries no marker of this seed."""
    return min(scan(seed, text.encode()), default=None)


def scan(seed: int, body: bytes) -> set[Canary]:
    """All markers of this seed in a body; phone numbers also as +81 90..., with or without hyphens."""
    key = _key(seed)
    found = [_read_token(key, token) for token in set(_TOKEN.findall(body))]
    for phone in _PHONE.finditer(body):
        begin = phone.start()
        if _BEFORE_PHONE.search(body[max(begin - _LONGEST_BEFORE, 0) : begin]):
            found.append(_read_phone(key, phone[1] + phone[2]))
    return {canary for canary in found if canary is not None}


@lru_cache(maxsize=64)
def _key(seed: int) -> int:
    return int.from_bytes(blake2b(f"{seed}/canary".encode(), digest_size=4).digest(), "little")


@lru_cache(maxsize=1)
def _pairs() -> tuple[str, ...]:
    return tuple(high + low for high in _ALPHABET for low in _ALPHABET)


def _six_characters(bits: int) -> str:
    pairs = _pairs()
    return pairs[bits >> 20] + pairs[(bits >> 10) & 1023] + pairs[bits & 1023]


def _number(six_characters: bytes) -> int:
    return int(six_characters.translate(_TO_PYTHON), 32)


def _check(key: int, payload: bytes) -> int:
    return crc32(payload, key) >> _CRC_SURPLUS_BITS


def _check_digit(key: int, digits: bytes) -> int:
    return crc32(digits, key) % 10


# Whoever stays on a list is read as often as the list is.
@lru_cache(maxsize=131_072)
def _read_token(key: int, token: bytes) -> Canary | None:
    payload = token[:6]
    if _check(key, payload) != _number(token[6:]):
        return None
    person, field = divmod(_number(payload), 1 << _FIELD_BITS)
    return (person, _FIELDS[field]) if field < len(_FIELDS) and person < _MOST_PEOPLE else None


def _read_phone(key: int, digits: bytes) -> Canary | None:
    if _check_digit(key, digits[:6]) != digits[6] - ord("0"):
        return None
    return int(digits[:6]), PersonalField.PHONE
