"""Pages: the forms of an HTML page, as a person would fill them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from conformance.origins import joined


@dataclass(frozen=True)
class Field:
    """A control of a form; ``kind`` is the type of an input, or select, textarea, submit."""

    name: str
    kind: str
    value: str
    checked: bool = False
    text: str = ""


@dataclass(frozen=True)
class Form:
    """A form of a page; ``action`` is a whole address."""

    action: str
    method: str
    fields: tuple[Field, ...]

    @property
    def has_password(self) -> bool:
        """Whether it asks for a password."""
        return any(one.kind == "password" for one in self.fields)

    @property
    def submits(self) -> tuple[Field, ...]:
        """Its buttons."""
        return tuple(one for one in self.fields if one.kind in ("submit", "image"))

    def filled(
        self, values: Mapping[str, str], submit: Field | None, *, tick_all: bool = False
    ) -> list[tuple[str, str]]:
        """What a browser sends: values as they stand unless others are given, ticked boxes, and the pressed button."""
        sent = []
        for one in self.fields:
            if not one.name or one.kind in ("submit", "image", "button", "reset", "file"):
                continue
            if one.kind in ("checkbox", "radio") and not (one.checked or (tick_all and one.kind == "checkbox")):
                continue
            sent.append((one.name, values.get(one.name, one.value)))
        if submit is not None and submit.name:
            sent.append((submit.name, submit.value))
        return sent


@dataclass(frozen=True)
class Link:
    """A link of a page; ``url`` is a whole address."""

    url: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page that is shown to a person; ``text`` is what it says."""

    url: str
    status: int
    forms: tuple[Form, ...]
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    html: str = ""
    links: tuple[Link, ...] = ()

    @property
    def sign_in_form(self) -> Form | None:
        """The form that asks for a password."""
        return next((form for form in self.forms if form.has_password), None)


@dataclass
class _Reader(HTMLParser):
    base: str
    forms: list[Form] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    _open: tuple[str, str] | None = None
    _fields: list[Field] = field(default_factory=list)
    _button: dict[str, str] | None = None
    _label: list[str] = field(default_factory=list)
    _select: str = ""
    _silent: int = 0
    _ids: dict[str, int] = field(default_factory=dict)
    _owned: list[tuple[str, Field]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    _link: str | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._close()
            self._open = (joined(self.base, given.get("action", "")), given.get("method", "get").upper())
            self._ids[given.get("id", "")] = len(self.forms)
        elif tag in ("script", "style"):
            self._silent += 1
        elif tag == "button" and given.get("type", "submit") == "submit":
            self._button, self._label = given, []
        elif tag == "a" and given.get("href"):
            self._link, self._label = joined(self.base, given["href"]), []
        elif tag == "select":
            self._select = given.get("name", "")
        else:
            self._control(tag, given)

    def _control(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "input":
            kind = given.get("type", "text").lower()
            value = given.get("value", "on" if kind in ("checkbox", "radio") else "")
            self._put(Field(given.get("name", ""), kind, value, "checked" in given, value), given)
        elif tag == "textarea":
            self._put(Field(given.get("name", ""), tag, ""), given)
        elif tag == "option" and self._select and "selected" in given:
            self._fields.append(Field(self._select, "select", given.get("value", "")))

    def _put(self, control: Field, given: Mapping[str, str]) -> None:
        """A control belongs to the form that it names, else to the one that it stands in (HTML, form owner)."""
        if given.get("form"):
            self._owned.append((given["form"], control))
        else:
            self._fields.append(control)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._close()
        elif tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        elif tag == "select":
            self._select = ""
        elif tag == "button" and self._button is not None:
            told = "".join(self._label).strip()
            name, value = self._button.get("name", ""), self._button.get("value", "")
            self._put(Field(name, "submit", value, text=told), self._button)
            self._button = None
        elif tag == "a" and self._link is not None:
            self.links.append(Link(self._link, "".join(self._label).strip()))
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._button is not None or self._link is not None:
            self._label.append(data)
        if data.strip():
            self.words.append(data.strip())

    def _close(self) -> None:
        if self._open is not None:
            self.forms.append(Form(*self._open, tuple(self._fields)))
        self._open, self._fields = None, []

    def finish(self) -> None:
        """The page is read: a form that was never closed is one all the same, and controls go to their owners."""
        self.close()
        self._close()
        for owner, control in self._owned:
            number = self._ids.get(owner)
            if number is not None and number < len(self.forms):
                form = self.forms[number]
                self.forms[number] = replace(form, fields=(*form.fields, control))


def read_page(url: str, status: int, html: str, headers: tuple[tuple[str, str], ...] = ()) -> Page:
    """A page from its HTML."""
    reader = _Reader(url)
    reader.feed(html)
    reader.finish()
    return Page(url, status, tuple(reader.forms), " ".join(reader.words), headers, html, tuple(reader.links))
