"""What stands on the consent page for a scope: words, never codes."""

from typing import Any

import pytest
from browser import Browser
from hypothesis import given
from hypothesis import strategies as st
from signing_in import agree

from conformance.contract.catalogue import load_roles
from reference_api.oidc.scope_words import scope_words
from reference_api.pages.texts import LANGUAGES


@pytest.mark.parametrize(
    ("scope", "ja", "en"),
    [
        ("email", "メールアドレス", "E-mail address"),
        ("patient/*.rs", "あなたの健康・医療の記録(見る)", "Your health records (see)"),
        (
            "patient/Observation.cu",
            "あなたの測定と検査の値(加える、直す)",
            "Your measurements and test values (add, change)",
        ),
        ("patient/Consent.*", None, "Your consents about health records (see, add, change, delete)"),
        ("user/Patient.read", None, "The basic data in the health records that you may see (see)"),
        ("system/*.rs", None, "The health records of people who consented (see)"),
        (
            "patient/Observation.rs?category=laboratory",
            "あなたの測定と検査の値(見る)。category=laboratory に当たるものだけ",
            "Your measurements and test values (see), only those with category=laboratory",
        ),
    ],
)
def test_words(scope: str, ja: str | None, en: str) -> None:
    """Whose data of which kind, and what may be done with them; a restriction is told too."""
    assert scope_words(None, scope, "en") == en
    assert ja is None or scope_words(None, scope, "ja") == ja


def test_no_role_shows_codes() -> None:
    """Every scope of every role is told in words, in both languages."""
    for language in LANGUAGES:
        for rules in load_roles().values():
            for scope in rules.scopes:
                told = scope_words(None, scope, language)
                assert scope not in told, (language, scope)
                assert not told.endswith("。")


@given(letters=st.sets(st.sampled_from("cruds"), min_size=1), other=st.sets(st.sampled_from("cruds"), min_size=1))
def test_more_letters_never_say_less(letters: set[str], other: set[str]) -> None:
    """Each deed that a narrower scope tells is told by the wider one."""

    def deeds(of: set[str]) -> set[str]:
        told = scope_words(None, "patient/*." + "".join(sorted(of, key="cruds".index)), "en")
        return set(told.partition("(")[2].rstrip(")").split(", "))

    assert deeds(letters) | deeds(other) == deeds(letters | other)


def test_subject_is_called_what_it_is(city: Any, party: Any) -> None:
    """A service's people are told that the number is its own, the city's app's that it is the ID all share."""
    assert "A number for you that only this service uses" in agree(Browser(city), party()).text
    own = agree(Browser(city), party("example-city-app")).text
    assert "Your ID, which all services of the city share" in own
    assert "only this service" not in own
