"""What a person leaves ticked is granted: never more than was asked for."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.consent_page import read_answer

CATEGORIES = ("profile.basic", "profile.contact", "location", "safety")
RECIPIENTS = ("municipality", "family", "association:n0", "service:x")
MODES = ("normal", "drill", "disaster")


def part(codes: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of the codes, at least one."""
    return st.lists(st.sampled_from(codes), min_size=1, unique=True).map(tuple)


DETAILS = st.lists(
    st.builds(
        ConsentDetail,
        type=st.just("cityos_consent"),
        purpose=st.just("disaster_support"),
        datatypes=part(CATEGORIES),
        recipients=part(RECIPIENTS),
        modes=part(MODES),
        valid_until=st.none() | st.just("2027-06-30T00:00:00+09:00"),
    ),
    max_size=3,
).map(tuple)
VALUES = st.lists(st.sampled_from([*CATEGORIES, *RECIPIENTS, *MODES, "yes", "lifelog", ""]), max_size=5)
FORMS = st.dictionaries(
    st.sampled_from([f"item{n}-{kind}" for n in range(4) for kind in ("agree", "category", "recipient", "mode")]),
    VALUES,
)


@given(asked=DETAILS, form=FORMS)
def test_nothing_is_added(asked: tuple[ConsentDetail, ...], form: dict[str, list[str]]) -> None:
    """Every granted detail is a part of one that was asked for and ticked, with nothing empty, in the order asked."""
    answer = read_answer(asked, form, "en")
    ticked = [detail for number, detail in enumerate(asked) if "yes" in form.get(f"item{number}-agree", ())]
    for granted in answer.details:
        fits = [
            number
            for number, detail in enumerate(ticked)
            if set(granted.datatypes) <= set(detail.datatypes)
            and set(granted.recipients) <= set(detail.recipients)
            and set(granted.modes) <= set(detail.modes)
        ]
        assert fits
        assert granted.datatypes
        assert granted.recipients
        assert granted.modes
    assert len(answer.details) + len(answer.errors) >= len(ticked)
    assert bool(answer.errors) or bool(answer.details) or not asked


@given(asked=DETAILS)
def test_everything_ticked_is_what_was_asked(asked: tuple[ConsentDetail, ...]) -> None:
    """The page as it is shown, with every item agreed to, grants exactly what was asked for."""
    form: dict[str, tuple[str, ...]] = {}
    for number, detail in enumerate(asked):
        form |= {
            f"item{number}-agree": ("yes",),
            f"item{number}-category": detail.datatypes,
            f"item{number}-recipient": detail.recipients,
            f"item{number}-mode": detail.modes,
        }
    answer = read_answer(asked, form, "ja")
    assert msgspec.to_builtins(answer.details) == msgspec.to_builtins(asked)
    assert not answer.errors


@given(asked=DETAILS, form=FORMS, dropped=st.sampled_from([*CATEGORIES, *RECIPIENTS, *MODES]))
def test_unticking_never_widens(asked: tuple[ConsentDetail, ...], form: dict[str, list[str]], dropped: str) -> None:
    """With one box less, nothing is granted that was not granted before."""
    less = {name: [value for value in values if value != dropped] for name, values in form.items()}

    def pairs(fields: dict[str, list[str]]) -> set[tuple[str, str, str]]:
        return {
            (category, recipient, mode)
            for detail in read_answer(asked, fields, "en").details
            for category in detail.datatypes
            for recipient in detail.recipients
            for mode in detail.modes
        }

    assert pairs(less) <= pairs(form)
