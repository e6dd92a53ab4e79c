"""Rules of one exchange: what can be said of a requirement from a single answer."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.text import Text
from conformance.trace_schemas import documented, first_error, media_types, validator_of
from conformance.trace_sights import Sight

FRESH_S = 30
"""Longest max-age of public reads, in seconds. Source: requirement REST-041 (contract C7)."""

TOKEN_LIFE_S = 3600
"""Longest life of an access token, in seconds. Source: requirement OIDC-072 (contract C1)."""

_INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:[^"\\]{0,40})"')
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_POINT = re.compile(r'"coordinates"\s*:\s*\[\s*(-?[\d.eE+]+)\s*,\s*(-?[\d.eE+]+)')
_CODE = re.compile(r'"municipality_code"\s*:\s*("(?:[^"\\]|\\.)*"|[^,}\s]+)')
_INSIDE = re.compile(
    r"Traceback \(most recent call last\)|^\s+at [\w.$]+\([\w.]+:\d+\)|File \"[^\"]+\.py\", line \d+"
    r"|\bSQLSTATE\b|psycopg|sqlite3\.\w*Error|node_modules/|\.java:\d+\)|goroutine \d+ \[",
    re.MULTILINE,
)
_POLICY = re.compile(r'"[^"]+"(?:;[a-z*][\w.*-]*(?:=[^;,]+)?)*(?:\s*,\s*"[^"]+"(?:;[a-z*][\w.*-]*(?:=[^;,]+)?)*)*')
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_MAX_AGE = re.compile(r"max-age=(\d+)")
_SUNSET = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_PERSONAL = ("name", "name_kana", "birth_date", "phone", "address", "person")


@dataclass(frozen=True)
class Finding:
    """What an answer says of a requirement: nothing wrong (empty ``what``), or what was expected and seen."""

    what: Text | None = None
    expected: str = ""
    actual: str = ""


KEPT = Finding()
"""What is demanded was seen."""

Rule = Callable[[Sight], Finding | None]


def judged(what: Text, holds: object, expected: str, actual: object) -> Finding:
    """The requirement is kept if something holds."""
    return KEPT if holds else Finding(what, expected, str(actual)[:500])


def error_is_problem(sight: Sight) -> Finding | None:
    """REST-001: errors are problems."""
    if sight.status < 400 or sight.operation.error_format != "problem":
        return None
    what = Text("an error's form", "エラーの形")
    if sight.media_type != "application/problem+json":
        return judged(what, False, "application/problem+json", sight.media_type or "no content-type")  # noqa: FBT003
    if sight.exchange.method == "HEAD":
        return KEPT
    lacking = [name for name in ("type", "title", "status") if name not in sight.members]
    status = sight.members.get("status")
    holds = not lacking and status == sight.status
    return judged(what, holds, f"type, title and status {sight.status}", f"without {lacking}, status {status}")


def unauthorized_challenges(sight: Sight) -> Finding | None:
    """REST-002: a 401 says how to authenticate."""
    if sight.status != 401 or sight.operation.error_format == "oauth":
        return None
    value = sight.headers.get("www-authenticate", "")
    return judged(Text("WWW-Authenticate of a 401", "401のWWW-Authenticate"), value, "a challenge", "none")


def etag_is_strong(sight: Sight) -> Finding | None:
    """REST-005: public reads have a strong ETag, and 304 answers the one that was sent."""
    public = sight.operation.is_public and sight.operation.method == "GET" and sight.path.startswith("/v1/")
    if not public or sight.status not in (200, 304) or "etag" not in str(documented(sight.operation, 200)).lower():
        return None
    tag = sight.headers.get("etag", "")
    what = Text("ETag of a public read", "公開の読み取りのETag")
    if sight.status == 200:
        return judged(what, _STRONG.fullmatch(tag), "a strong entity tag", tag or "none")
    sent = sight.exchange.request_headers.get("if-none-match", "")
    known = [part.strip().removeprefix("W/") for part in sent.split(",")]
    holds = (not tag or tag in known or "*" in known) and not sight.body
    return judged(Text("a 304", "304の応答"), holds, f"no body, the ETag {sent}", f"{tag} {sight.body[:80]}")


def times_have_offsets(sight: Sight) -> Finding | None:
    """REST-014: times are RFC 3339 with an offset."""
    if sight.is_known or not sight.is_json:
        return None
    found = _INSTANT.findall(sight.body)
    wrong = [value for value in found if not _RFC3339.fullmatch(value)]
    what = Text("times in an answer", "応答の日時")
    return judged(what, not wrong, "RFC 3339 with an offset", wrong[:3]) if found else None


def codes_are_strings(sight: Sight) -> Finding | None:
    """REST-013: municipality codes are strings of six digits."""
    if sight.is_known or not sight.is_json:
        return None
    found = _CODE.findall(sight.body)
    wrong = [value for value in found if not re.fullmatch(r'"\d{6}"', value)]
    return judged(Text("municipality_code", "municipality_code"), not wrong, "six digits", wrong[:3]) if found else None


def positions_are_geojson(sight: Sight) -> Finding | None:
    """REST-026: longitude first."""
    if sight.is_known or not sight.is_json:
        return None
    found = _POINT.findall(sight.body)
    wrong = [pair for pair in found if not (_within(pair[0], 180) and _within(pair[1], 90))]
    what = Text("a position", "位置")
    return judged(what, not wrong, "longitude, then latitude", wrong[:3]) if found else None


def _within(number: str, most: float) -> bool:
    try:
        return abs(float(number)) <= most
    except ValueError:
        return False


def limits_are_told(sight: Sight) -> Finding | None:
    """REST-015: answers to requests with a token tell the rate limit."""
    if not (sight.with_token and sight.path.startswith("/v1/") and 200 <= sight.status < 300):
        return None
    told = {name: sight.headers.get(name, "") for name in ("ratelimit-policy", "ratelimit")}
    wrong = {name: value for name, value in told.items() if not _POLICY.fullmatch(value)}
    return judged(Text("RateLimit fields", "RateLimitのフィールド"), not wrong, '"name";q=..;w=.. of RFC 9651', wrong)


def sunset_is_dated(sight: Sight) -> Finding | None:
    """REST-016: Deprecation is @seconds, Sunset an HTTP date."""
    deprecation, sunset = sight.headers.get("deprecation"), sight.headers.get("sunset")
    if deprecation is None and sunset is None:
        return None
    right = re.fullmatch(r"@-?\d+", deprecation or "@0") and (sunset is None or _SUNSET.fullmatch(sunset))
    what = Text("Deprecation and Sunset", "DeprecationとSunset")
    return judged(what, right, "@seconds and an HTTP date", f"{deprecation} {sunset}")


def answer_is_documented(sight: Sight) -> Finding | None:
    """REST-017: status, media type and body are as documented."""
    if sight.is_known or sight.exchange.method == "HEAD" or sight.operation.error_format == "fhir":
        return None
    told = f"{sight.operation.operation_id} {sight.status}"
    if sight.status == 304:
        return None
    if documented(sight.operation, sight.status) is None:
        status = Text(f"status of {sight.operation.operation_id}", f"{sight.operation.operation_id} の状態コード")
        return judged(status, False, "a documented status", sight.status)  # noqa: FBT003
    known = media_types(sight.operation, sight.status)
    if known and sight.media_type not in known:
        media = Text(f"media type of {told}", f"{told} のメディア型")
        return judged(media, False, " or ".join(sorted(known)), sight.media_type or "none")  # noqa: FBT003
    validator = validator_of(sight.operation, sight.status, sight.media_type)
    if validator is None:
        return KEPT
    body = Text(f"body of {told}", f"{told} の本文")
    wrong = first_error(validator, sight.json) if sight.json is not None else "no JSON"
    return judged(body, not wrong, "as its schema", wrong)


def no_crash(sight: Sight) -> Finding | None:
    """REST-021: no 5xx that is not documented, no stack trace."""
    trace = _INSIDE.search(sight.body) if sight.status >= 400 else None
    if trace:
        return judged(Text("an error's body", "エラーの本文"), False, "nothing of the inside", trace[0])  # noqa: FBT003
    unexplained = sight.status >= 500 and sight.status != 503
    return judged(Text("status", "状態コード"), not unexplained, "no 5xx but 503", sight.status)


def created_has_location(sight: Sight) -> Finding | None:
    """REST-022: a 201 says where what was made is."""
    if sight.status != 201 or sight.exchange.method != "POST" or sight.operation.error_format == "oauth":
        return None  # a PUT makes what it is sent to (RFC 9110 15.3.2)
    what = Text("Location of a 201", "201のLocation")
    return judged(what, sight.headers.get("location"), "an address", "none")


def put_off_until(sight: Sight) -> Finding | None:
    """REST-027: 429 and 503 say when to come again."""
    if sight.status not in (429, 503):
        return None
    value = sight.headers.get("retry-after", "")
    what = Text(f"Retry-After of a {sight.status}", f"{sight.status}のRetry-After")
    return judged(what, value.isdigit() or _SUNSET.fullmatch(value), "seconds or an HTTP date", value or "none")


def notification_is_accepted(sight: Sight) -> Finding | None:
    """REST-035: a message is accepted with 202, Location and counted outcomes."""
    if sight.operation.operation_id != "sendNotification" or not 200 <= sight.status < 300:
        return None
    counts = sight.members.get("outcomes")
    holds = sight.status == 202 and sight.headers.get("location") and isinstance(counts, dict) and counts
    what = Text("answer to a message sent", "送信の応答")
    return judged(what, holds, "202, Location, outcomes", f"{sight.status} {sight.headers.get('location')} {counts}")


def public_is_fresh(sight: Sight) -> Finding | None:
    """REST-041: public reads may be kept for 30 s at most."""
    control = sight.headers.get("cache-control", "")
    age = _MAX_AGE.search(control)
    changing = sight.operation.is_public and sight.operation.method == "GET" and sight.operation.profile == "disaster"
    if not changing or sight.status != 200 or not age:
        return None
    return judged(Text("max-age", "max-age"), int(age[1]) <= FRESH_S, f"at most {FRESH_S}", control)


def not_allowed_says_what_is(sight: Sight) -> Finding | None:
    """REST-020: a 405 has Allow."""
    if sight.status != 405:
        return None
    return judged(Text("Allow of a 405", "405のAllow"), sight.headers.get("allow"), "methods", "none")


def check_in_is_anonymous(sight: Sight) -> Finding | None:
    """DIS-037: one check-in shows no personal data."""
    if sight.operation.operation_id not in ("checkIn", "getCheckIn", "checkOut", "transferCheckIn"):
        return None
    if not 200 <= sight.status < 300:
        return None
    shown = [name for name in _PERSONAL if name in sight.members]
    return judged(Text("members of a check-in", "受付の項目"), not shown, "no personal data", shown)


def safety_is_always_taken(sight: Sight) -> Finding | None:
    """DIS-017: a safety report is never put off."""
    if sight.operation.operation_id != "reportSafety":
        return None
    what = Text("answer to a safety report", "安否の報告への応答")
    return judged(what, sight.status not in (429, 503), "neither 429 nor 503", sight.status)


def token_is_not_stored(sight: Sight) -> Finding | None:
    """OIDC-038: form of a token response."""
    if sight.operation.operation_id != "issueToken" or sight.status != 200:
        return None
    members, control = sight.members, sight.headers.get("cache-control", "").lower()
    life = members.get("expires_in")
    holds = (
        sight.media_type == "application/json"
        and "no-store" in control
        and bool(members.get("access_token"))
        and str(members.get("token_type", "")).lower() in ("bearer", "dpop")
        and isinstance(life, int)
        and life > 0
    )
    told = f"{sight.media_type}, {control or 'no Cache-Control'}, {sorted(members)}, expires_in {life}"
    what = Text("a token response", "トークンの応答")
    return judged(what, holds, "application/json, no-store, access_token, token_type, expires_in", told)


def token_lives_an_hour(sight: Sight) -> Finding | None:
    """OIDC-072: an access token lives 60 minutes at most."""
    life = sight.members.get("expires_in") if sight.operation.operation_id == "issueToken" else None
    if not isinstance(life, int) or sight.status != 200:
        return None
    return judged(Text("expires_in", "expires_in"), life <= TOKEN_LIFE_S, f"at most {TOKEN_LIFE_S}", life)


RULES: tuple[tuple[str, Rule], ...] = (
    ("REST-001", error_is_problem),
    ("REST-002", unauthorized_challenges),
    ("REST-005", etag_is_strong),
    ("REST-013", codes_are_strings),
    ("REST-014", times_have_offsets),
    ("REST-015", limits_are_told),
    ("REST-016", sunset_is_dated),
    ("REST-017", answer_is_documented),
    ("REST-020", not_allowed_says_what_is),
    ("REST-021", no_crash),
    ("REST-022", created_has_location),
    ("REST-026", positions_are_geojson),
    ("REST-027", put_off_until),
    ("REST-035", notification_is_accepted),
    ("REST-041", public_is_fresh),
    ("DIS-017", safety_is_always_taken),
    ("DIS-037", check_in_is_anonymous),
    ("OIDC-038", token_is_not_stored),
    ("OIDC-072", token_lives_an_hour),
)
"""Rules by requirement."""


def findings(sight: Sight) -> Iterator[tuple[str, Finding]]:
    """What one exchange says of each requirement that it says anything of."""
    for requirement, rule in RULES:
        found = rule(sight)
        if found is not None:
            yield requirement, found
