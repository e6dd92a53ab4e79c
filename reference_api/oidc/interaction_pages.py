"""The pages of an interaction: signing in, choosing an account, consenting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reference_api.call import Call, Reply
from reference_api.oidc.assurance import CARD, METHODS
from reference_api.oidc.clients import read_client
from reference_api.oidc.consent_page import Showing, client_name, page_values
from reference_api.oidc.pending import PATH, Pending
from reference_api.oidc.sessions import Session
from reference_api.pages.forms import Form, form_token
from reference_api.pages.rendering import Page, form_target, message, page_base, page_language, show
from reference_api.services import Services

Errors = Sequence[Mapping[str, str]]
"""What is wrong: the field's id (empty if none) and the text."""


@dataclass(frozen=True, slots=True)
class View:
    """What the pages are made of: who calls, for which request, in whose session, and what was wrong (HTTP status)."""

    services: Services
    call: Call
    pending: Pending
    session: Session | None
    acrs: frozenset[str]
    form: Form | None = None
    errors: Errors = ()
    status: int = 200

    @property
    def language(self) -> str:
        """Language of the page."""
        return page_language(self.call, " ".join(self.pending.request.ui_locales))

    @property
    def token(self) -> str:
        """The token that forms of this interaction carry, in this browser and this session."""
        sid = "" if self.session is None else self.session.sid
        return form_token(self.services, self.pending.handle, self.pending.browser, sid)


async def sign_in_page(view: View) -> Reply:
    """Where a person gives login name and password, or in a sandbox the card that stands in."""
    methods = [method for method, acr in METHODS.items() if acr in view.acrs]
    request = view.pending.request
    lead = "lead" if view.session is None else "lead_again"
    if view.acrs == {CARD}:
        lead = "lead_card"
    name = (request.login_hint or "") if view.form is None else view.form.get("name", ("",))[0]
    return await _page(view, "sign_in.html", {"lead": lead, "methods": methods, "name": name})


async def account_page(view: View) -> Reply:
    """Where a person who is signed in chooses to go on, or to be somebody else."""
    return await _page(view, "account.html", {"person": await person_name(view)})


async def consent_page(view: View) -> Reply:
    """Where a person sees what is asked for, and agrees to all or a part of it."""
    request = view.pending.request
    values = await page_values(Showing(view.services, request, view.call.now_s, view.language, view.form))
    host = urlsplit(request.redirect_uri).hostname or urlsplit(request.redirect_uri).scheme
    return await _page(view, "consent.html", {**values, "person": await person_name(view), "host": host})


async def person_name(view: View) -> str:
    """Name of the person who is signed in."""
    if view.session is None:
        return ""
    row = await view.services.store.one("SELECT name FROM account WHERE sub = ?", (view.session.sub,))
    return "" if row is None else str(row[0])


def expired_page(services: Services, call: Call) -> Reply:
    """What is shown for an interaction that is over, or that another browser began: which of them is not told."""
    return message(services, page_language(call), "fault", "expired", status=400)


async def _page(view: View, template: str, values: Mapping[str, object]) -> Reply:
    request = view.pending.request
    client = await read_client(view.services.store, request.client_id)
    path = PATH + view.pending.handle
    return show(
        view.services,
        Page(
            template,
            view.language,
            {
                "errors": view.errors,
                "client": client_name(client, view.language),
                "action": f"{page_base(view.services)}{path}?lang={view.language}",
                "csrf": view.token,
                **values,
            },
            status=view.status,
            targets=(form_target(request.redirect_uri),) if request.redirect_uri else (),
            switch=path,
        ),
    )
