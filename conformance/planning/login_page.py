"""Login page: looks at a provider's sign-in page, and tells the names of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.draws import fresh
from conformance.errors import ConformanceError
from conformance.oidc.browser import Stop
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import RelyingParty
from conformance.plan import Plan
from conformance.preflight.variables import missing_variables
from conformance.survey import survey
from conformance.text import Text
from conformance.wire import Line, Wire


@dataclass(frozen=True)
class Seen:
    """What the page showed; ``text`` tells it."""

    text: Text
    is_form: bool


def look(plan: Plan, line: Line, environ: Mapping[str, str]) -> Seen | None:
    """The sign-in page as a client is shown it; None where there is no client yet to ask with."""
    if not plan.target.issuer or plan.client.origin == "registration" or any(missing_variables(plan, environ)):
        return None
    try:
        target = survey(plan, line, environ)
        if target.client is None:
            return None
        party = RelyingParty(target, Wire(line), target.client)
        arrival = party.ask(party.request(fresh(48)), party.new_browser())
    except ConformanceError as reason:
        told = str(reason)
        return Seen(
            Text(f"the sign-in page could not be opened: {told}", f"サインインの画面が開けない: {told}"), is_form=False
        )
    if isinstance(arrival, Page) and arrival.sign_in_form is not None:
        return Seen(_fields(arrival), is_form=True)
    return Seen(_no_form(arrival), is_form=False)


def _fields(page: Page) -> Text:
    form = page.sign_in_form
    fields = form.fields if form is not None else ()
    names = ", ".join(f"{one.name} ({one.kind})" for one in fields if one.name and one.kind not in ("hidden", "submit"))
    return Text(f"sign-in page {page.url}: a form with {names}", f"サインインの画面 {page.url}: 欄は {names}")


def _no_form(arrival: object) -> Text:
    if isinstance(arrival, Stop):
        told = f"{arrival.reply.status} {arrival.page.text[:160]}"
        return Text(
            f"instead of a sign-in page the provider shows an error ({told}): look at client_id and redirect_uri",
            f"サインインの画面でなく誤りが示される({told})。client_idとredirect_uriを確かめる",
        )
    said = arrival.text[:100] if isinstance(arrival, Page) else ""
    return Text(
        f"the sign-in page has no form with a password ({said!r}): describe it in [login] as steps, or use a command",
        f"サインインの画面にパスワードの欄がない({said!r})。[login]にstepsで書くか、commandを使う",
    )
