"""What a consent in a population's matrix (category x recipient x mode) was given for."""

import tomllib
from functools import cache
from importlib.resources import files

from twin.population import DataCategory, Recipient


def purpose_of(category: DataCategory, recipient: Recipient) -> str:
    """The purpose that a consent to give a category to a recipient is recorded for."""
    by_recipient, by_category, otherwise = _purposes()
    return by_recipient.get(recipient) or by_category.get(category) or otherwise


@cache
def _purposes() -> tuple[dict[str, str], dict[str, str], str]:
    table = tomllib.loads(files("scenarios").joinpath("data/consent_purposes.toml").read_text(encoding="utf-8"))
    return table["by_recipient"], table["by_category"], table["otherwise"]
