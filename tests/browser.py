"""A browser without scripts: cookies, links, forms and redirects, as far as the pages of a city OS need them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit

ORIGIN = "http://127.0.0.1:8080"
FORM = "application/x-www-form-urlencoded"
VOID = {"meta", "link", "input", "br", "hr", "img"}


@dataclass
class Field:
    """An input or a button of a form, with its attributes."""

    kind: str
    attributes: dict[str, str]

    @property
    def name(self) -> str:
        """The name under which it is sent."""
        return self.attributes.get("name", "")

    @property
    def value(self) -> str:
        """What is sent."""
        return self.attributes.get("value", "")

    @property
    def is_box(self) -> bool:
        """Whether it is a box to tick."""
        return self.attributes.get("type") == "checkbox"


@dataclass
class PageForm:
    """A form: where it leads, and its fields in their order."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    def named(self, name: str) -> list[Field]:
        """Its fields of a name."""
        return [one for one in self.fields if one.name == name]


class _Reader(HTMLParser):
    """Reads forms, links, ids, labels, texts and languages; refuses markup that is not well formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "form":
            self.forms.append(PageForm(attributes["action"], attributes["method"]))
        elif tag in ("input", "button"):
            self.forms[-1].fields.append(Field(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)


@dataclass
class View:
    """An answer as a browser has it: status, headers (several of a name kept), and the page."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    url: str

    def __post_init__(self) -> None:
        self.reader = _Reader()
        if self.header("content-type").startswith("text/html"):
            self.reader.feed(self.body.decode())
            self.reader.close()

    def header(self, name: str) -> str:
        """Value of a header, empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def forms(self) -> list[PageForm]:
        """The forms of the page."""
        return self.reader.forms

    @property
    def text(self) -> str:
        """What the page says, without its markup."""
        return " ".join(" ".join(self.reader.text).split())

    def tagged(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.reader.tags if name == tag]

    @property
    def link(self) -> str:
        """Where a redirect leads."""
        return self.header("location")


@dataclass
class Browser:
    """A browser at a city; ``jar`` holds its cookies by name and path. Redirects within the city are followed."""

    city: Any
    language: str = "en"
    jar: dict[tuple[str, str], str] = field(default_factory=dict)
    view: View = field(default_factory=lambda: View(0, [], b"", ""))

    def open(self, url: str, **headers: str) -> View:
        """Follow a link or type an address."""
        return self.send("GET", url, b"", headers)

    def post(self, url: str, fields: Mapping[str, Any], **headers: str) -> View:
        """A form that is on no page."""
        body = urlencode(fields, doseq=True).encode()
        return self.send("POST", url, body, {"content-type": FORM, **headers})

    def submit(self, button: str = "", *, form: int = 0, tick: Any = None, **typed: Any) -> View:
        """Send a form of the page by a button (its value), with fields typed and boxes ticked (names of boxes)."""
        chosen = self.view.forms[form]
        sent: list[tuple[str, str]] = []
        for one in chosen.fields:
            if one.kind == "button":
                if one.name and one.value == button:
                    sent.append((one.name, one.value))
            elif one.is_box:
                ticked = (
                    "checked" in one.attributes if tick is None or one.name not in tick else one.value in tick[one.name]
                )
                sent += [(one.name, one.value)] if ticked else []
            else:
                sent.append((one.name, typed.pop(one.name, one.value)))
        assert not typed, f"the form has no {sorted(typed)}"
        body = urlencode(sent).encode()
        headers = {"content-type": FORM, "origin": "null", "sec-fetch-site": "same-origin"}
        return self.send("POST", urljoin(self.view.url, chosen.action), body, headers)

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> View:
        """Any request, and the redirects within the city that follow."""
        self.view = self._request(method, urljoin(ORIGIN, url), body, headers)
        while self.view.status == 303 and urljoin(self.view.url, self.view.link).startswith(ORIGIN):
            self.view = self._request("GET", urljoin(self.view.url, self.view.link), b"", {})
        return self.view

    def _request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> View:
        parts = urlsplit(url)
        cookies = [f"{name}={value}" for (name, path), value in self.jar.items() if parts.path.startswith(path)]
        sent = {"host": "127.0.0.1:8080", "accept": "text/html", "accept-language": self.language, **headers}
        if cookies and headers.get("sec-fetch-site") != "cross-site":
            sent["cookie"] = "; ".join(cookies)
        start, received = self._call(method, url, sent, body)
        for name, value in start:
            if name == "set-cookie":
                self._keep(value)
        return View(received[0], start, received[1], url)

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[list[tuple[str, str]], tuple[int, bytes]]:
        parts = urlsplit(url)
        pending = iter([{"type": "http.request", "body": body, "more_body": False}])
        messages: list[dict[str, Any]] = []

        async def receive() -> Any:
            return next(pending, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": unquote(parts.path),
            "root_path": "",
            "query_string": parts.query.encode("latin-1", "replace"),
            "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
            "client": ("192.0.2.7", 50_000),
        }
        self.city.opened.drive(self.city.app(scope, receive, send))
        start = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
        return start, (messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:]))

    def _keep(self, cookie: str) -> None:
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        said = dict(attribute.partition("=")[::2] for attribute in attributes)
        assert "HttpOnly" in said
        assert said["SameSite"] == "Lax"
        if said.get("Max-Age") == "0":
            self.jar.pop((name, said["Path"]), None)
        else:
            self.jar[name, said["Path"]] = value
