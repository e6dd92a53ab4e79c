"""Free text: secrets and personal data in pages, addresses, forms, headers and messages."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote, unquote_plus

from conformance.masking.found import LABEL, Found
from conformance.masking.names import is_personal, is_secret, plain

_TOKEN = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*")
_SCHEME = re.compile(r"\b(Basic|Bearer|DPoP)(\s+)(?=\S*\d)([A-Za-z0-9._~+/-]{8,}=*)(?![\w\"=])", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)([^/\s:@\"'<>]{1,100}):([^/\s@\"'<>]{1,200})(?=@)")
_PARAMETER = re.compile(r"((?:^|[?&#]|&amp;))([^=&#?\s\"'<>{}]{1,80})=([^&#\s\"'<>]*)")
_PAIR = re.compile(r"""(?<![\w"'])(\\?["']?)([\w#-]{1,60})\1(\s*[:=]\s*)(\\?["'])((?:\\.|(?!\4).)*)(\4|$)""", re.DOTALL)
_INPUT = re.compile(r"<input\b[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|value|type)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.-])(?:\+81[- ]?|0)\d{1,4}-\d{1,4}-\d{3,4}(?![\w-])")

_SUSPECT = re.compile(r"[=:@<]|eyJ|\d-\d|basic|bearer|dpop", re.IGNORECASE)
"""One of these is in any text that a pattern above finds something in."""

RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~+/=-]{16,}")
"""What looks drawn by chance: letters and digits, sixteen or more. Confidence C."""


def mask_text(text: str, found: Found, *, form: bool = False) -> str:
    """A text with its secrets labelled and personal data shaped; ``form``: it is a form's body or a query."""
    if not _SUSPECT.search(text):
        return text
    text = _TOKEN.sub(lambda seen: found.secret(seen[0]), text)
    text = _SCHEME.sub(lambda seen: seen[1] + seen[2] + found.secret(seen[3]), text)
    text = _USERINFO.sub(lambda seen: f"{seen[1]}:{found.secret(seen[2])}", text)
    if form or "=" in text:
        text = _PARAMETER.sub(lambda seen: _parameter(seen, found, form=form), text)
    if not form:
        text = _PAIR.sub(lambda seen: _pair(seen, found), text)
        text = _INPUT.sub(lambda seen: _input(seen[0], found), text)
    text = _MAIL.sub(lambda seen: found.person(seen[0]), text)
    return _PHONE.sub(lambda seen: found.person(seen[0]), text)


def treatment(name: str, value: str, found: Found) -> Callable[[str], str] | None:
    """What is to be done with a value by its name; None: nothing."""
    if is_secret(name):
        if plain(name) == "code" and not looks_issued(value):
            return None
        return found.secret if plain(name) != "request_uri" else lambda given: _reference(given, found)
    return found.person if is_personal(name) else None


def looks_issued(value: str) -> bool:
    """Whether the value of a member ``code`` is an authorization code, and no word of a code list."""
    return RANDOM.fullmatch(value) is not None


def _reference(value: str, found: Found) -> str:
    """A request URI: its last part is what must not be known. Source: RFC 9126 2.2, 7.1."""
    cut = max(value.rfind(":"), value.rfind("/")) + 1
    return value[:cut] + found.secret(value[cut:])


def _parameter(seen: re.Match[str], found: Found, *, form: bool) -> str:
    before, name, value = seen[1], seen[2], seen[3]
    if not before and not form:
        return seen[0]
    told = unquote_plus(value)
    if plain(unquote_plus(name)) == "code" and told:
        return f"{before}{name}={found.secret(told)}"
    done = treatment(unquote_plus(name), told, found)
    if done is None or not told:
        return seen[0]
    return f"{before}{name}={quote(done(told), safe='*:')}"


def _pair(seen: re.Match[str], found: Found) -> str:
    value = seen[5]
    if not value or LABEL.fullmatch(value):
        return seen[0]
    done = treatment(seen[2], value, found)
    if done is None:
        return seen[0]
    return f"{seen[1]}{seen[2]}{seen[1]}{seen[3]}{seen[4]}{done(value)}{seen[6]}"


def _input(tag: str, found: Found) -> str:
    """A field of an HTML form; what was drawn by chance for a hidden one is a secret as well."""
    attributes = {one[1].lower(): one[2] or one[3] or one[4] or "" for one in _ATTRIBUTE.finditer(tag)}
    name, value = attributes.get("name", ""), unescape(attributes.get("value", ""))
    done = treatment(name, value, found) if name else None
    if done is None and attributes.get("type", "").lower() == "hidden" and RANDOM.fullmatch(value):
        done = found.secret
    if done is None or not value:
        return tag
    return tag.replace(attributes["value"], done(value))
