"""Population: the shape of the consent matrix and the views of a row."""

from twin.population import (
    CATEGORY_OF_FIELD,
    CONSENT_COLUMN,
    CONSENT_RULES,
    DataCategory,
    Mode,
    PersonalField,
    Recipient,
)


def test_consent_columns_cover_every_rule_once() -> None:
    """There is one column for each category, recipient and mode."""
    assert len(set(CONSENT_RULES)) == len(CONSENT_RULES) == len(DataCategory) * len(Recipient) * len(Mode)
    assert [CONSENT_COLUMN[rule] for rule in CONSENT_RULES] == list(range(len(CONSENT_RULES)))


def test_every_personal_field_is_guarded() -> None:
    """Every field with a canary has a category of consent."""
    assert set(CATEGORY_OF_FIELD) == set(PersonalField)
