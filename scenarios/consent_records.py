"""Consents of a population as compact records: a few for each person, each covering every combination of its codes."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from reference_api.seed import Consent
from scenarios.consent_purposes import purpose_of
from twin.population import CONSENT_RULES, Population

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
    cells = _cells()
    modes: dict[_Cell, tuple[str, ...]] = {}
    for column in np.flatnonzero(permitted).tolist():
        cell, mode = cells[column]
        modes[cell] = (*modes.get(cell, ()), mode)
    categories: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}
    for (purpose, category, recipient), held in modes.items():
        key = (purpose, recipient, held)
        categories[key] = (*categories.get(key, ()), category)
    recipients: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
    for (purpose, recipient, held), several in categories.items():
        box = (purpose, several, held)
        recipients[box] = (*recipients.get(box, ()), recipient)
    return [(purpose, several, who, held) for (purpose, several, held), who in recipients.items()]


_Cell = tuple[str, str, str]
"""Purpose, category and recipient of a rule."""


@cache
def _cells() -> list[tuple[_Cell, str]]:
    """Cell and mode of each column of the matrix, as plain texts: they are touched a million times."""
    return [
        ((purpose_of(rule.category, rule.recipient), rule.category.value, rule.recipient.value), rule.mode.value)
        for rule in CONSENT_RULES
    ]
