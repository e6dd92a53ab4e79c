"""Cookies of the pages: for our host only, unreadable by scripts, not sent along with requests of other sites."""

from reference_api.call import Call
from reference_api.settings import Settings


def read_cookie(settings: Settings, call: Call, name: str, *, whole_host: bool = True) -> str:
    """Value of a cookie, empty if the browser sent none.

    Unless it was written for one path it is taken by the name alone that no neighbouring host can set, so that nobody
    plants a session here. Source: RFC 6265bis section 4.1.3.2.
    """
    wanted = _full_name(settings, name, whole_host=whole_host)
    for part in call.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == wanted:
            return value
    return ""


def write_cookie(settings: Settings, name: str, value: str, *, path: str = "/", max_age_s: int | None = None) -> str:
    """A Set-Cookie value; without ``max_age_s`` it ends with the browser. An empty value with age 0 removes it.

    Source: RFC 6265bis sections 4.1.3 (prefixes) and 5.6.7 (SameSite).
    """
    full_name = _full_name(settings, name, whole_host=path == "/")
    parts = [f"{full_name}={value}", f"Path={path}", "HttpOnly", "SameSite=Lax"]
    if _is_secure(settings):
        parts.append("Secure")
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    return "; ".join(parts)


def _is_secure(settings: Settings) -> bool:
    return settings.issuer.startswith("https:")


def _full_name(settings: Settings, name: str, *, whole_host: bool) -> str:
    """The name with the prefix by which browsers refuse it from other hosts or over plain HTTP.

    Without TLS, which is allowed on this machine only, browsers would refuse the prefixes themselves.
    """
    if not _is_secure(settings):
        return name
    return f"__Host-{name}" if whole_host else f"__Secure-{name}"
