"""Browser: follows redirects and sends forms as a person's browser would, up to the client's redirect URI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from conformance.oidc.pages import Field, Form, Page, read_page
from conformance.origins import joined
from conformance.outcomes import Unmet
from conformance.target import is_loopback
from conformance.wire import Reply, Wire, new_cookies

REDIRECTS = 20
"""Redirects followed for one click. Source: Fetch standard, HTTP-redirect fetch (20)."""


@dataclass(frozen=True)
class Callback:
    """The client's redirect URI as the person's browser was sent to it; ``parameters`` may hold a name twice."""

    url: str
    parameters: tuple[tuple[str, str], ...]
    reply: Reply

    def get(self, name: str) -> str | None:
        """A parameter, None if it is absent."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True)
class Stop:
    """An answer that is neither a page with forms nor a redirect to the client: an error shown to the person."""

    reply: Reply
    page: Page


Arrival = Callback | Page | Stop
"""Where a click leads: back to the client, to a page with forms, or to a message."""


class Browser:
    """One person's browser and its cookies.

    ``begun_at`` is the address that was opened last. ``is_foreign``: the person is signed in by a program, in whose
    browser the session lies.
    """

    def __init__(self, wire: Wire, origin: str) -> None:
        self.wire = wire
        self.begun_at = ""
        self.is_foreign = False
        self._shown: Reply | None = None
        self.cookies = new_cookies(secure_everywhere=is_loopback(origin))

    def open(self, url: str, ends: Sequence[str]) -> Arrival:
        """Open an address and follow redirects; ``ends`` are redirect URIs that are not opened any more.

        Raises:
            Unmet: More redirects than a browser follows.
            NetworkError: No answer came.
        """
        self.begun_at = url
        return self._follow(self.wire.send("GET", url, headers=_PAGES, cookies=self.cookies), ends)

    def post(self, url: str, form: Sequence[tuple[str, str]] | Mapping[str, str], ends: Sequence[str]) -> Arrival:
        """Send a form and follow redirects."""
        return self._follow(self.wire.send("POST", url, headers=_PAGES, form=form, cookies=self.cookies), ends)

    def submit(
        self,
        form: Form,
        values: Mapping[str, str],
        ends: Sequence[str],
        *,
        button: Field | None = None,
        tick_all: bool = False,
    ) -> Arrival:
        """Fill a form of a page and press a button; one that goes to the client (form_post) is not sent any more."""
        sent = form.filled(values, button, tick_all=tick_all)
        if self._shown is not None and leads_to(form.action, ends):
            return Callback(form.action, tuple(sent), self._shown)
        if form.has_password:
            self.wire.line.keep_credentials_from(form.action)
        if form.method == "GET":
            sign = "&" if "?" in form.action else "?"
            return self.open(form.action + sign + urlencode(sent, errors="replace"), ends)
        return self.post(form.action, sent, ends)

    def _follow(self, reply: Reply, ends: Sequence[str]) -> Arrival:
        for _ in range(REDIRECTS):
            place = reply.header("location")
            if not (300 <= reply.status < 400 and place):
                self._shown = reply
                return _shown(reply)
            place = joined(reply.url, place)
            if leads_to(place, ends):
                bare, _, fragment = place.partition("#")
                told = bare.partition("?")[2] or fragment
                return Callback(place, tuple(parse_qsl(told, keep_blank_values=True)), reply)
            if reply.status in (307, 308) and reply.url == place:
                break
            reply = self.wire.send("GET", place, headers=_PAGES, cookies=self.cookies)
        raise Unmet(f"more than {REDIRECTS} redirects after {reply.url}")


_PAGES = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-language": "ja,en;q=0.8"}


def leads_to(place: str, ends: Sequence[str]) -> bool:
    """Whether an address is one of the redirect URIs, whatever its query and fragment say."""
    bare = _bare(place)
    return any(bare == _bare(end) for end in ends)


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _shown(reply: Reply) -> Arrival:
    page = read_page(reply.url, reply.status, reply.text, reply.headers)
    return page if page.forms and reply.status < 400 else Stop(reply, page)
