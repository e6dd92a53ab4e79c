"""Credentials: passwords, guesses at them, and what nobody may learn from either."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from msgspec import structs

from reference_api.errors import UnacceptablePassword
from reference_api.oidc import credentials
from reference_api.oidc.credentials import Origin, Verdict, browser_mark, check_password, network_of, set_password
from reference_api.seed import SeedData
from reference_api.settings import Settings

GOOD = "correct horse"


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing, where the number of guesses is what is tested."""
    nobodys = CHEAP.hash("nobody's")
    monkeypatch.setattr(credentials, "_hasher", lambda: CHEAP)
    monkeypatch.setattr(credentials, "_nobodys_hash", lambda: nobodys)


@pytest.fixture
def closed(make_city: Any) -> Any:
    """A city that is no sandbox; c0 has a password."""
    city = make_city(settings=Settings())
    city.opened.drive(city.app.services.secret.learn(city.store))
    city.opened.drive(set_password(city.app.services, "c0", GOOD))
    return city


def judge(city: Any, name: str, password: str, address: str = "192.0.2.1", mark: str = "") -> Verdict:
    """What comes of a guess."""
    services = city.app.services
    verdict: Verdict = city.opened.drive(
        check_password(services, name, password, Origin(address, mark), city.clock.now_s())
    )
    return verdict


@pytest.mark.parametrize("name", ["c0", " c0 ", "0@example.jp", "0@EXAMPLE.JP", "０@example.jp"])
def test_names_of_one_person(closed: Any, name: str) -> None:
    """The local ID, or the e-mail address however it is typed."""
    assert judge(closed, name, GOOD) == Verdict("c0")
    assert judge(closed, name, GOOD + " ") == Verdict(None)


def test_nobody_else_gets_in(cheap: None, closed: Any) -> None:
    """A person without a password, an unknown name and an empty one have no password that fits."""
    for name in ("c1", "nobody", "", "@", "C0", "c0\0", "x" * 300):
        assert judge(closed, name, GOOD) == Verdict(None)


def test_shared_address_is_nobodys(closed: Any) -> None:
    """Where several people registered one e-mail address, it names none of them."""

    async def share() -> None:
        async with closed.store.transaction():
            await closed.store.run("UPDATE account SET email = '0@example.jp' WHERE sub = 'c1'")

    closed.opened.drive(share())
    assert judge(closed, "0@example.jp", GOOD) == Verdict(None)
    assert judge(closed, "c0", GOOD) == Verdict("c0")


def test_password_is_kept_as_argon2id(closed: Any) -> None:
    """The hash is of the kind and cost that OWASP asks for, salted, and never the password."""
    stored = closed.rows("SELECT argon2 FROM password WHERE sub = 'c0'")[0][0]
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    closed.opened.drive(set_password(closed.app.services, "c0", GOOD))
    assert closed.rows("SELECT argon2 FROM password WHERE sub = 'c0'")[0][0] != stored


def test_password_in_any_form_of_unicode(closed: Any) -> None:
    """Composed or not, wide or not: the same password (NIST SP 800-63B 5.1.1.2)."""
    closed.opened.drive(set_password(closed.app.services, "c0", "パスワード１２３"))
    assert judge(closed, "c0", "ﾊﾟｽﾜｰﾄﾞ123") == Verdict("c0")


@pytest.mark.parametrize(("sub", "password"), [("c0", "seven77"), ("c0", "x" * 257), ("nobody", GOOD)])
def test_unacceptable_passwords(closed: Any, sub: str, password: str) -> None:
    """Too short, too long, for nobody: refused, and the old one stays."""
    with pytest.raises(UnacceptablePassword):
        closed.opened.drive(set_password(closed.app.services, sub, password))
    assert judge(closed, "c0", GOOD) == Verdict("c0")


def test_unknown_names_cost_the_same_work(closed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One verification by argon2 for a wrong password, a person without one, and a name that nobody has."""
    calls: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002 - the library's name
            calls.append(str(password))
            return super().verify(hash, password)

    monkeypatch.setattr(credentials, "_hasher", lambda: Counting(time_cost=1, memory_cost=8, parallelism=1))
    for name in ("c0", "c1", "nobody"):
        judge(closed, name, "wrong one")
        assert calls == ["wrong one"]
        calls.clear()


def test_waits_double_up_to_an_hour_and_never_become_a_lock(make_city: Any, cheap: None) -> None:
    """Five free failures, then 30 s, 60 s ... one hour; after a hundred the right password still opens in an hour."""
    city = make_city(settings=Settings(sandbox=True))
    secret = city.call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"]["password"]
    waits = []
    for number in range(100):
        wait_s = judge(city, "c0", "wrong", f"192.0.2.{number}").wait_s
        waits.append(wait_s)
        if wait_s:
            city.clock.set_s(city.clock.now_s() + wait_s - 0.5)
            assert 0 < judge(city, "c0", secret).wait_s <= 0.5
            city.clock.set_s(city.clock.now_s() + 0.5)
            assert judge(city, "c0", "wrong", f"192.0.2.{number}") == Verdict(None)
    assert waits[:14] == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert judge(city, "c0", secret).wait_s == 3600
    city.clock.set_s(city.clock.now_s() + 3600)
    assert judge(city, "c0", secret) == Verdict("c0")


def test_a_new_password_ends_the_waiting(cheap: None, closed: Any) -> None:
    """Whoever gets a new password at the city office signs in at once."""
    for _ in range(6):
        judge(closed, "c0", "wrong")
    closed.opened.drive(set_password(closed.app.services, "c0", GOOD))
    assert judge(closed, "c0", GOOD) == Verdict("c0")


def test_strangers_make_nobody_wait_at_home(cheap: None, closed: Any) -> None:
    """The browser in which a person signed in before is counted by itself, for them only, and slowed down too."""
    mark, others = (browser_mark(closed.app.services, sub) for sub in ("c0", "c1"))
    for number in range(6):
        judge(closed, "c0", "wrong", f"192.0.2.{number}")
    for waiting in ("", "x", ".", others, mark[:-1], "é.é"):
        assert judge(closed, "c0", GOOD, mark=waiting).wait_s == 30, waiting
    assert judge(closed, "c0", GOOD, mark=mark) == Verdict("c0")
    for _ in range(5):
        assert judge(closed, "c0", "wrong", mark=mark) == Verdict(None)
    assert judge(closed, "c0", GOOD, mark=mark).wait_s == 30


def test_hashing_leaves_the_loop_free(closed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an event loop runs, a password is tried in another thread."""
    threads: list[int] = []

    class Noting(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002 - the library's name
            threads.append(threading.get_ident())
            return super().verify(hash, password)

    monkeypatch.setattr(credentials, "_hasher", lambda: Noting(time_cost=1, memory_cost=8, parallelism=1))
    services, now_s = closed.app.services, closed.clock.now_s()
    verdict = closed.opened.in_loop(check_password(services, "c0", GOOD, Origin("192.0.2.1"), now_s))
    assert verdict == Verdict("c0")
    assert threads
    assert threading.get_ident() not in threads


def test_guesses_made_at_once_are_all_counted(cheap: None, closed: Any) -> None:
    """Of thirty guesses at the same moment five are tried: nobody gains guesses by hurrying."""
    services, now_s = closed.app.services, closed.clock.now_s()

    async def rush() -> list[Verdict]:
        guesses = (check_password(services, "c0", "wrong", Origin(f"192.0.2.{n}"), now_s) for n in range(30))
        return list(await asyncio.gather(*guesses))

    verdicts = closed.opened.in_loop(rush())
    assert sum(verdict.wait_s == 0 for verdict in verdicts) == 5
    assert closed.rows("SELECT failures FROM guess WHERE guessed = 'account:c0'") == [(5,)]


def test_success_begins_the_count_anew(cheap: None, closed: Any) -> None:
    """Failures count in a row only."""
    for _ in range(3):
        for _ in range(4):
            assert judge(closed, "c0", "wrong") == Verdict(None)
        assert judge(closed, "c0", GOOD) == Verdict("c0")


def test_both_names_are_counted_as_one(cheap: None, closed: Any) -> None:
    """Guessing by ID and by e-mail address in turn does not double the number of guesses."""
    for number in range(5):
        judge(closed, ("c0", "0@example.jp")[number % 2], "wrong")
    assert judge(closed, "0@example.jp", GOOD).wait_s == 30


def test_address_that_guesses_at_many_names(make_city: Any, cheap: None) -> None:
    """300 failures from one address in an hour stop that address, nobody else, and only for that hour."""
    city = make_city(settings=Settings(sandbox=True))
    secret = city.call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"]["password"]
    for number in range(300):
        judge(city, f"nobody{number}", "wrong")
    assert judge(city, "c0", secret).wait_s == 3600
    assert judge(city, "c0", secret, "192.0.2.2") == Verdict("c0")
    city.clock.set_s(city.clock.now_s() + 3600)
    assert judge(city, "c0", secret) == Verdict("c0")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
    ],
)
def test_network_of(address: str, network: str) -> None:
    """A host that draws a new IPv6 address for each guess is still one host."""
    assert network_of(address) == network


def test_sandbox_password_is_a_sandboxs(make_city: Any) -> None:
    """One password opens every seeded person in a sandbox, survives a reset, and is nowhere else."""
    city = make_city()
    sign_in = city.call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"]
    assert len(sign_in["password"]) >= 43
    assert all(judge(city, sub, sign_in["password"]).sub == sub for sub in sign_in["subjects"])
    assert city.call("POST", "/v1/sandbox/reset", "sandbox-admin").status == 204
    assert city.call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"] == sign_in
    assert make_city(settings=Settings()).rows("SELECT * FROM sandbox_password") == []


@pytest.mark.parametrize("together", [0, 1, 30])
def test_a_sandbox_shows_neighbours_and_people_of_another_area(
    make_city: Any, make_seed: Callable[[int], SeedData], together: int
) -> None:
    """However many of the first live together: ten people, eight of them the first, not all of one neighbourhood."""
    seed = make_seed(40)
    users = tuple(
        one if row >= together else structs.replace(one, neighbourhood="n0") for row, one in enumerate(seed.users)
    )
    shown = make_city(structs.replace(seed, users=users)).call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"]
    homes = {one.sub: one.neighbourhood for one in users}
    assert shown["subjects"][:8] == [f"c{number}" for number in range(8)]
    assert len(set(shown["subjects"])) == 10
    assert len({homes[sub] for sub in shown["subjects"]}) > 1
