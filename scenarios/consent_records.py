"""Consents of a population as compact records: a few for each person, each covering every combination of its codes."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from reference_api.seed import Consent
from twin.population import CONSENT_RULES, DataCategory, Population, Recipient

Box = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Purpose, categories, recipients and modes of a record."""


def consent_records(population: Population, subjects: list[str]) -> Iterator[Consent]:
    """Records of everybody with an ID that together permit exactly what ``population.consents`` permits.

    ``subjects`` has the local ID of each person.
    """
    rows = np.flatnonzero(population.has_id)
    packed = np.packbits(population.consents[rows], axis=1)
    patterns, which = np.unique(packed, axis=0, return_inverse=True)
    boxes = [_boxes(pattern) for pattern in np.unpackbits(patterns, axis=1, count=len(CONSENT_RULES)).astype(bool)]
    for row, pattern in zip(rows.tolist(), which.reshape(-1).tolist(), strict=True):
        for purpose, categories, recipients, modes in boxes[pattern]:
            yield Consent(subjects[row], purpose, categories, recipients, modes)


def _boxes(permitted: npt.NDArray[np.bool_]) -> list[Box]:
    """Few boxes that cover the permitted rules, and nothing else, without overlap."""
    modes: dict[tuple[DataCategory, Recipient], list[str]] = defaultdict(list)
    for column in np.flatnonzero(permitted).tolist():
        rule = CONSENT_RULES[column]
        modes[rule.category, rule.recipient].append(rule.mode.value)
    categories: dict[tuple[str, Recipient, tuple[str, ...]], list[str]] = defaultdict(list)
    for (category, recipient), held in modes.items():
        categories[purpose_of(category, recipient), recipient, tuple(held)].append(category.value)
    recipients: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for (purpose, recipient, held_modes), held_categories in categories.items():
        recipients[purpose, tuple(held_categories), held_modes].append(recipient.value)
    return [
        (purpose, held_categories, tuple(held), held_modes)
        for (purpose, held_categories, held_modes), held in recipients.items()
    ]


def purpose_of(category: DataCategory, recipient: Recipient) -> str:
    """The purpose that a consent to give a category to a recipient is recorded for."""
    by_recipient, by_category, otherwise = _purposes()
    return by_recipient.get(recipient) or by_category.get(category) or otherwise


@cache
def _purposes() -> tuple[dict[str, str], dict[str, str], str]:
    table = tomllib.loads(files("scenarios").joinpath("data/consent_purposes.toml").read_text(encoding="utf-8"))
    return table["by_recipient"], table["by_category"], table["otherwise"]
