"""Consents of a population as compact records: a few for each person, each covering every combination of its codes."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from reference_api.seed import Consent
from scenarios.consent_purposes import purpose_of
from twin.population import CONSENT_RULES, Mode, Population

Box = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Purpose, categories, recipients and modes of a record."""


def consent_records(population: Population, subjects: list[str]) -> Iterator[Consent]:
    """Records of everybody with an ID that together permit exactly what ``population.consents`` permits.

    ``subjects`` has the local ID of each person.
    """
    rows = np.flatnonzero(population.has_id)
    packed = np.packbits(population.consents[rows], axis=1)
    patterns, which = np.unique(packed, axis=0, return_inverse=True)
    permitted = np.unpackbits(patterns, axis=1, count=len(CONSENT_RULES)).reshape(len(patterns), -1, len(Mode))
    boxes = [_boxes(held) for held in (permitted @ _BITS).tolist()]
    for row, pattern in zip(rows.tolist(), which.reshape(-1).tolist(), strict=True):
        for purpose, categories, recipients, modes in boxes[pattern]:
            yield Consent(subjects[row], purpose, categories, recipients, modes)


def _boxes(held: Sequence[int]) -> list[Box]:
    """Few boxes that cover the permitted rules, and nothing else, without overlap; ``held`` are modes of each cell."""
    categories: dict[tuple[str, str, int], list[str]] = {}
    for (purpose, category, recipient), modes in zip(_cells(), held, strict=True):
        if modes:
            categories.setdefault((purpose, recipient, modes), []).append(category)
    recipients: dict[tuple[str, tuple[str, ...], int], list[str]] = {}
    for (purpose, recipient, modes), several in categories.items():
        recipients.setdefault((purpose, tuple(several), modes), []).append(recipient)
    return [(purpose, several, tuple(who), _MODES[modes]) for (purpose, several, modes), who in recipients.items()]


_BITS = 1 << np.arange(len(Mode))
"""By these the modes of a cell, which lie side by side in the matrix, become one number."""

_MODES = [
    tuple(mode.value for bit, mode in zip(_BITS.tolist(), Mode, strict=True) if held & bit)
    for held in range(1 << len(Mode))
]
"""The modes of each such number."""

_Cell = tuple[str, str, str]
"""Purpose, category and recipient of a rule."""


@cache
def _cells() -> list[_Cell]:
    """The cells of the matrix in order, as plain texts: they are touched a million times."""
    return [
        (purpose_of(rule.category, rule.recipient), rule.category.value, rule.recipient.value)
        for rule in CONSENT_RULES[:: len(Mode)]
    ]
