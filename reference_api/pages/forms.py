"""Forms of the pages: what was sent, and whether it was sent from our own page."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from reference_api.call import Call
from reference_api.errors import ApiError
from reference_api.services import Services

FORM = "application/x-www-form-urlencoded"

MAX_FIELDS = 500
"""Source: none; a bound, above a consent page with every category, recipient and mode in ten items. Confidence C."""

TAG_BYTES = 32
"""Length of an HMAC-SHA-256."""

Form = Mapping[str, Sequence[str]]
"""Values of each field, in the order in which they were sent."""


def read_form(call: Call) -> Form:
    """The fields that were sent.

    Raises:
        ApiError: unsupported-media-type or malformed-request.
    """
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise ApiError("unsupported-media-type", f"send {FORM}", headers={"accept": FORM})
    try:
        text = call.body.decode("ascii")
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as fault:
        raise ApiError("malformed-request", "the body is no form in UTF-8") from fault


def first(form: Form, name: str) -> str:
    """First value of a field, empty if it was not sent."""
    return form.get(name, ("",))[0]


def form_token(services: Services, *bound_to: str) -> str:
    """A token that a form carries, bound to secrets that only this browser and the server know together."""
    key = services.secret.derive("page forms")
    return hmac.digest(key, "\0".join(bound_to).encode("utf-8", "surrogatepass"), "sha256").hex()


def is_own_form(services: Services, call: Call, form: Form, token: str) -> bool:
    """Whether a form came from our own page: it carries the token, and the browser names no other site.

    Pages send no referrer, so that browsers without Sec-Fetch-Site name the origin ``null``; then the token decides.
    Source: OWASP Cross-Site Request Forgery Prevention; W3C Fetch Metadata section 2.3.
    """
    site = call.headers.get("sec-fetch-site", "same-origin")
    origin = call.headers.get("origin", "null")
    host = call.headers.get("host", "")
    own = {_origin(services.settings.issuer), f"http://{host}", f"https://{host}", "null"}
    known = hmac.compare_digest(first(form, "csrf").encode("utf-8", "surrogatepass"), token.encode())
    return known and site in ("same-origin", "none") and origin in own


def sealed(services: Services, purpose: str, text: str) -> str:
    """A text that a form carries and nobody can change, for one purpose."""
    tag = hmac.digest(services.secret.derive(f"sealed {purpose}"), text.encode(), "sha256")
    return urlsafe_b64encode(tag + text.encode()).decode()


def unsealed(services: Services, purpose: str, value: str) -> str | None:
    """The text that was sealed for the purpose, None if this is none."""
    try:
        raw = urlsafe_b64decode(value.encode("ascii"))
        text = raw[TAG_BYTES:].decode()
    except ValueError:
        return None
    known = hmac.digest(services.secret.derive(f"sealed {purpose}"), text.encode(), "sha256")
    return text if hmac.compare_digest(known, raw[:TAG_BYTES]) else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
