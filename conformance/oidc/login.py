"""Login: passes sign-in and consent pages without a browser."""

import re
from collections.abc import Sequence

from conformance.accounts import PersonAccount
from conformance.oidc.browser import Arrival, Browser, Callback, Stop
from conformance.oidc.pages import Field, Form, Page
from conformance.outcomes import CredentialsRefused, Misconfigured, NeedsReview
from conformance.plan import LoginPart
from conformance.text import Text

PAGES = 8
"""Pages passed for one sign-in; more is a loop. Confidence C."""

USER_FIELDS = (
    *("username", "user", "login", "email", "mail", "name", "identifier", "userid", "user_id", "account", "id", "sub"),
)
REFUSING = ("cancel", "deny", "denied", "reject", "refuse", "decline", "no", "not", "abort", "back")
REFUSING_WORDS = ("キャンセル", "拒否", "やめる", "しない", "つながない", "認めない", "いいえ", "戻る", "中止")
"""Words on buttons and in values that do not lead on. Source: none; what is usual on such pages. Confidence C."""


class Login:
    """Leads a person through the pages of a provider, as the plan's ``[login]`` says."""

    def __init__(self, part: LoginPart) -> None:
        self.part = part

    def pass_pages(
        self, browser: Browser, arrival: Arrival, person: PersonAccount, ends: Sequence[str]
    ) -> Callback | Stop:
        """Sign in and agree until the browser is back at the client, or is shown an error.

        Raises:
            Misconfigured: The credentials are refused, or the page is not as the plan says.
            NeedsReview: A page cannot be passed without a person.
        """
        signed_in, named = False, False
        for _ in range(PAGES):
            if isinstance(arrival, Callback | Stop):
                return self._ended(arrival, signed_in=signed_in)
            form = arrival.sign_in_form
            if form is not None and signed_in:
                raise CredentialsRefused(_refused(arrival, person))
            if form is not None:
                arrival, signed_in = self.sign_in(browser, arrival, person, ends), True
            elif not named and not signed_in and (asked := self._asks_who(arrival, person)) is not None:
                arrival, named = browser.submit(*asked, ends, button=_button(asked[0], self.part.sign_in)), True
            else:
                arrival = self.agree(browser, arrival, ends)
        raise NeedsReview(_lost(arrival))

    def sign_in(self, browser: Browser, page: Page, person: PersonAccount, ends: Sequence[str]) -> Arrival:
        """Fill the sign-in form of a page.

        Raises:
            Misconfigured: It has no such fields.
        """
        form = page.sign_in_form
        if form is None:
            raise NeedsReview(_lost(page))
        user, password = self._fields(page, form)
        values = {password.name: person.password} | ({user.name: person.user} if user else {})
        button = _button(form, self.part.sign_in)
        return browser.submit(form, values, ends, button=button)

    def agree(self, browser: Browser, page: Page, ends: Sequence[str]) -> Arrival:
        """Agree to everything that a page asks.

        Raises:
            NeedsReview: There is no button that agrees.
        """
        for form in page.forms:
            button = _button(form, self.part.accept)
            if button is not None or (not form.submits and form.fields):
                return browser.submit(form, {}, ends, button=button, tick_all=True)
        raise NeedsReview(_lost(page))

    def refuse(self, browser: Browser, page: Page, ends: Sequence[str]) -> Arrival:
        """Press the button that refuses, or follow the link.

        Raises:
            NeedsReview: There is none.
        """
        for form in page.forms:
            for button in form.submits:
                if _refuses(button):
                    return browser.submit(form, {}, ends, button=button)
        for link in page.links:
            if _refuses(Field("", "link", "", text=link.text)):
                return browser.open(link.url, ends)
        raise NeedsReview(_lost(page))

    def asks_who(self, page: Page, person: PersonAccount) -> bool:
        """Whether a page asks for the name alone."""
        return self._asks_who(page, person) is not None

    def _asks_who(self, page: Page, person: PersonAccount) -> tuple[Form, dict[str, str]] | None:
        """The form of a page that asks for the name alone, as providers do that ask for the password on the next."""
        for form in page.forms:
            texts = _texts(form)
            wanted = [one for one in texts if one.name == self.part.user_field or one.name.lower() in USER_FIELDS]
            if len(texts) == 1 and wanted:
                return form, {wanted[0].name: person.user}
        return None

    def _fields(self, page: Page, form: Form) -> tuple[Field | None, Field]:
        passwords = [one for one in form.fields if one.kind == "password"]
        named = self.part.password_field
        password = next((one for one in form.fields if one.name == named), None) if named else passwords[0]
        texts, wanted = _texts(form), self.part.user_field
        user = next((one for one in texts if one.name == wanted), None) if wanted and texts else _user_field(texts)
        if password is None or (texts and user is None):
            names = ", ".join(one.name for one in form.fields if one.name)
            text = Text(
                f"the sign-in page {page.url} has no such fields (it has {names}); set user_field and password_field",
                f"サインインの画面 {page.url} に指定の欄がない(あるのは {names})。user_fieldとpassword_fieldを直す",
            )
            raise Misconfigured(text)
        return user, password

    def _ended(self, arrival: Callback | Stop, *, signed_in: bool) -> Callback | Stop:
        refused = isinstance(arrival, Stop) and signed_in and arrival.reply.status in (400, 401, 403, 422)
        if refused and isinstance(arrival, Stop) and arrival.page.sign_in_form is not None:
            raise CredentialsRefused(_refused(arrival.page, None))
        return arrival


def _texts(form: Form) -> list[Field]:
    return [one for one in form.fields if one.kind in ("text", "email", "tel", "search") and one.name]


def _user_field(texts: Sequence[Field]) -> Field | None:
    known = (one for wanted in USER_FIELDS for one in texts if one.name.lower() == wanted)
    return next(known, texts[0] if texts else None)


def _refuses(button: Field) -> bool:
    told = f"{button.name} {button.value} {button.text}".lower()
    words = re.findall(r"[a-z]+", told)
    return any(word in words for word in REFUSING) or any(word in told for word in REFUSING_WORDS)


def _button(form: Form, wanted: str) -> Field | None:
    if wanted:
        return next((one for one in form.submits if wanted in (one.name, one.value, one.text)), None)
    return next((one for one in form.submits if not _refuses(one)), None)


def _refused(page: Page, person: PersonAccount | None) -> Text:
    who = f" of {person.user[:3]}***" if person else ""
    return Text(
        f"the sign-in page {page.url} is shown again: the credentials{who} were refused;"
        " check the variables that the plan names",
        f"サインインの画面 {page.url} に戻った。資格情報が受け付けられていない。計画が指す環境変数を確かめる",
    )


def _lost(arrival: Arrival) -> Text:
    place = arrival.url if isinstance(arrival, Callback | Page) else arrival.reply.url
    said = "" if isinstance(arrival, Callback) else (arrival if isinstance(arrival, Page) else arrival.page).text[:120]
    return Text(
        f"the page {place} could not be passed without a person ({said!r}); describe it in [login], or use a command",
        f"画面 {place} は人の手なしに進めない({said!r})。[login]に書くか、commandを使う",
    )
