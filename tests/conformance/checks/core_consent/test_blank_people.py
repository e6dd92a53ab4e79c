"""In a town where everybody has agreed to something, people are made blank, and nothing is left out."""

import judged_city as cities
import msgspec
import pytest
from judged_city import judged_city, results_at
from sandbox_city import small_seed

from reference_api.seed import Consent, SeedData

NAMES = ("CONS-003", "CONS-008", "CONS-021", "CONS-022", "CONS-023", "DIS-002")
AGREED = ("profile.basic", "profile.contact", "location", "safety")


def _all_agreed(users: int) -> SeedData:
    seed = small_seed(users)
    modes = ("normal", "drill", "disaster")
    consents = [
        consent
        for user in seed.users
        for consent in (
            Consent(user.sub, "disaster_support", AGREED, ("municipality", "association", "medical"), modes),
            Consent(user.sub, "family_sharing", AGREED, ("family",), modes),
        )
    ]
    return msgspec.structs.replace(seed, consents=tuple(consents))


@pytest.fixture(autouse=True)
def _town(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody in the town has agreed."""
    monkeypatch.setattr(cities, "small_seed", _all_agreed)


def test_nothing_is_left_out() -> None:
    """The right server passes each of the checks that need people without a consent."""
    with judged_city() as target:
        results = results_at(target, *NAMES, slow=False)
    assert {one.name: one.message.en for one in results if one.verdict.value not in ("pass", "omit")} == {}
    assert {one.requirement.id for one in results} == set(NAMES)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("oracle-in-decisions", "CONS-022"),
        ("drill-triggers-statutory", "CONS-003"),
        ("consent-ignored-for-all-user", "CONS-008"),
    ],
)
def test_faults_are_found(fault: str, name: str) -> None:
    """A fault fails its check there too."""
    with judged_city(fault) as target:
        results = results_at(target, name, slow=False)
    assert {one.name: one.verdict.value for one in results}[name] == "fail"
