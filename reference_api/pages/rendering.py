"""Rendering: a template and texts become a reply that no other site can frame, script or watch."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from reference_api.call import Call, Reply
from reference_api.notices import controller_of
from reference_api.pages.texts import LANGUAGES, choose_language, load_texts
from reference_api.services import Services
from reference_api.settings import Settings

HTML = "text/html; charset=utf-8"
STYLE_PATH = "/pages/style.css"
STYLE_MAX_AGE_S = 3600
"""How long a browser keeps the style sheet. Source: none; pages stay readable with an older one. Confidence C."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page to be shown: which template in which language, with which values.

    ``targets`` are origins that a form of the page may lead to besides our own: browsers apply ``form-action`` to the
    redirects that follow. ``switch`` is the page's own path, to which ``lang`` is added; empty where it cannot be asked
    for again.
    """

    template: str
    language: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    targets: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    switch: str = ""


def page_language(call: Call, ui_locales: str = "") -> str:
    """The language of a page: chosen on the page, then ``ui_locales``, then what the browser prefers."""
    return choose_language(call.query().get("lang", ""), ui_locales, call.headers.get("accept-language", ""))


def show(services: Services, page: Page) -> Reply:
    """The page as a reply."""
    return render(services.settings, page)


def render(settings: Settings, page: Page) -> Reply:
    """The page as a reply of a server with these settings."""
    texts = load_texts(page.language)
    base = urlsplit(settings.issuer).path
    body = (
        _templates()
        .get_template(page.template)
        .render(
            {
                **page.values,
                "t": texts,
                "language": page.language,
                "languages": [(code, load_texts(code)["layout"]["language"]) for code in LANGUAGES],
                "switch": f"{base}{page.switch}?lang=" if page.switch else "",
                "service": texts["layout"]["service"].format(city=_city(settings, page.language)),
                "style": f"{base}{STYLE_PATH}",
                "sandbox": settings.sandbox,
            }
        )
    )
    return Reply(
        status=page.status,
        body=body.encode("utf-8", "replace"),
        headers=page_headers(page.language, page.targets),
        media_type=HTML,
        cookies=page.cookies,
    )


def message(
    services: Services, language: str, section: str, name: str, *, status: int = 200, cookies: tuple[str, ...] = ()
) -> Reply:
    """A page that only tells something: the texts ``<name>_title`` and ``<name>`` of a section."""
    texts = load_texts(language)[section]
    values = {"heading": texts[f"{name}_title"], "text": texts[name], "errors": (), "code": "", "detail": ""}
    return show(services, Page("message.html", language, values, status=status, cookies=cookies))


def page_base(services: Services) -> str:
    """What stands before every path, where the issuer is not at the root of its host."""
    return urlsplit(services.settings.issuer).path


def page_headers(language: str, targets: Iterable[str] = ()) -> Mapping[str, str]:
    """Headers of every page.

    Source: W3C CSP 3 sections 6.1 to 6.4; RFC 9700 section 4.2.4 (no referrer), 4.16 (no framing); RFC 6749 section
    10.13.
    """
    forms = " ".join(("'self'", *targets))
    policy = f"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
    return {
        "content-security-policy": policy,
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "content-language": language,
        "vary": "accept-language, cookie",
    }


def form_target(redirect_uri: str) -> str:
    """What ``form-action`` must allow, so that a form may end in a redirect to this address.

    Native apps have schemes of their own (RFC 8252 section 7.1), which CSP names by the scheme alone.
    """
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _city(settings: Settings, language: str) -> str:
    """Whose city OS this is."""
    return str(getattr(controller_of(settings).party_name, language))


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("reference_api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@cache
def _style() -> tuple[bytes, str]:
    """The style sheet and its entity tag."""
    body = files("reference_api.pages").joinpath("style.css").read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'


async def get_style(_services: Services, call: Call) -> Reply:
    """The one style sheet of all pages."""
    body, tag = _style()
    headers = {
        "etag": tag,
        "cache-control": f"public, max-age={STYLE_MAX_AGE_S}",
        "x-content-type-options": "nosniff",
    }
    if call.headers.get("if-none-match") == tag:
        return Reply(status=304, headers=headers)
    return Reply(body=body, headers=headers, media_type="text/css; charset=utf-8")
