"""Scripted logins: for providers whose pages are programs, by the requests that those send, or by a command."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.accounts import PersonAccount
from conformance.oidc.browser import Arrival, Browser, Callback, Stop, leads_to
from conformance.oidc.pages import Page
from conformance.origins import joined
from conformance.outcomes import Misconfigured, NeedsReview
from conformance.plan import LoginPart, LoginStep
from conformance.text import Text
from conformance.wire import Reply

_BRACES = re.compile(r"\{([a-z_]+)\}")


class StepsLogin:
    """Signs in by requests, as the script of a sign-in page would send them (``[[login.steps]]``)."""

    def __init__(self, part: LoginPart) -> None:
        self.part = part

    def pass_pages(
        self, browser: Browser, arrival: Arrival, person: PersonAccount, ends: Sequence[str]
    ) -> Callback | Stop:
        """Take the steps that fit the page, until the browser is back at the client.

        Raises:
            Misconfigured: A step is refused, or does not lead on.
        """
        known = {"user": person.user, "password": person.password}
        for step in self.part.steps:
            if isinstance(arrival, Callback):
                return arrival
            known |= _told_by(arrival)
            if step.when_page and step.when_page not in known["page"] + known["text"]:
                continue
            arrival = self._take(step, browser, arrival, known, ends)
        if isinstance(arrival, Page):
            raise Misconfigured(
                Text(
                    f"after all [[login.steps]] the page {arrival.url} is shown; add the steps that lead on from it",
                    f"[[login.steps]]をすべて行っても画面 {arrival.url} に留まる。先へ進む手順を加える",
                )
            )
        return arrival

    def _take(
        self, step: LoginStep, browser: Browser, arrival: Arrival, known: dict[str, str], ends: Sequence[str]
    ) -> Arrival:
        url = joined(known["page"], _filled(step.url, known)) if step.url else ""
        if url:
            reply = _send(step, browser, url, known)
            known |= _kept(step, reply)
            place = reply.header("location")
            if place and not step.then:
                return _arrived(browser, joined(reply.url, place), ends)
        if step.then:
            return _arrived(browser, joined(known["page"], _filled(step.then, known)), ends)
        return arrival


def _send(step: LoginStep, browser: Browser, url: str, known: Mapping[str, str]) -> Reply:
    form = {name: _filled(value, known) for name, value in step.form.items()} if step.form else None
    content = _filled_in(step.json, known) if step.json is not None else None
    reply = browser.wire.send(step.method, url, form=form, json_body=content, cookies=browser.cookies)
    if reply.status >= 400:
        raise Misconfigured(
            Text(
                f"the login step {step.method} {url} was answered {reply.status}; mend [[login.steps]], or the"
                " credentials in the environment",
                f"ログインの手順 {step.method} {url} が {reply.status} となった。"
                "[[login.steps]]か、環境変数の資格情報を直す",
            )
        )
    return reply


def _kept(step: LoginStep, reply: Reply) -> dict[str, str]:
    """What a step keeps of its answer, by name."""
    kept = {}
    for name, path in step.keep.items():
        value: Any = reply.members
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            raise Misconfigured(
                Text(
                    f"the answer of the login step {step.url} has no {path}; mend keep.{name}",
                    f"ログインの手順 {step.url} の応答に {path} がない。keep.{name} を直す",
                )
            )
        kept[name] = str(value)
    return kept


def _arrived(browser: Browser, place: str, ends: Sequence[str]) -> Arrival:
    return _callback(browser, place) if leads_to(place, ends) else browser.open(place, ends)


def _callback(browser: Browser, place: str) -> Callback:
    parts = urlsplit(place)
    told = tuple(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
    return Callback(place, told, Reply(302, (("location", place),), b"", place, len(browser.wire.exchanges) - 1))


def _told_by(arrival: Arrival) -> dict[str, str]:
    """What the page's own address tells: itself, its text, and the parameters of its query."""
    page = arrival if isinstance(arrival, Page) else arrival.page if isinstance(arrival, Stop) else None
    if page is None:
        return {}
    return {**dict(parse_qsl(urlsplit(page.url).query)), "page": page.url, "text": page.html}


def _filled(text: str, known: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            names = ", ".join(sorted(set(known) - {"password", "text"}))
            raise Misconfigured(
                Text(
                    f"[[login.steps]] uses {{{found[1]}}}, which is not known there; known are {names}",
                    f"[[login.steps]]の {{{found[1]}}} は、そこでは未知である。使えるのは {names}",
                )
            )
        return known[found[1]]

    return _BRACES.sub(value, text)


def _filled_in(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, known)
    if isinstance(value, Mapping):
        return {name: _filled_in(one, known) for name, one in value.items()}
    return [_filled_in(one, known) for one in value] if isinstance(value, list | tuple) else value


class CommandLogin:
    """Signs in by a program of the user's, such as a script that drives a real browser (``[login] command``)."""

    def __init__(self, part: LoginPart) -> None:
        self.part = part

    def pass_pages(
        self, browser: Browser, arrival: Arrival, person: PersonAccount, ends: Sequence[str]
    ) -> Callback | Stop:
        """Run the command for the request that led here; its last line of output is the callback URL.

        Raises:
            Misconfigured: It cannot be run, fails, takes too long or prints no such URL.
            NeedsReview: The session lies in the program's browser, where the suite cannot go on.
        """
        if isinstance(arrival, Callback):
            return arrival
        if browser.is_foreign:
            raise NeedsReview(
                Text(
                    "the session lies in the browser of the login command; see by hand what happens there",
                    "セッションはログインコマンドのブラウザにある。人が確かめる",
                )
            )
        place = self._run(browser.begun_at, person)
        if not leads_to(place, ends):
            raise Misconfigured(
                Text(
                    f"the login command must print the callback URL as its last line, and printed {place[:120]!r}",
                    f"ログインコマンドは最後の行にコールバックURLを出力する。出力は {place[:120]!r}",
                )
            )
        browser.is_foreign = True
        return _callback(browser, place)

    def _run(self, url: str, person: PersonAccount) -> str:
        given = {"CITYTWIN_AUTHORIZATION_URL": url, "CITYTWIN_USER": person.user, "CITYTWIN_PASSWORD": person.password}
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, from their plan
                self.part.command,
                env={**os.environ, **given},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.part.command_timeout_s,
                check=True,
                text=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as reason:
            said = str(getattr(reason, "stderr", "") or reason)[-200:]
            raise Misconfigured(
                Text(
                    f"the login command {self.part.command[:1]} did not end well: {said}",
                    f"ログインコマンド {self.part.command[:1]} が正しく終わらない: {said}",
                )
            ) from reason
        lines = done.stdout.strip().splitlines()
        return lines[-1].strip() if lines else ""
