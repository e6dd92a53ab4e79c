"""What ID holders let others see: one answer for each category, recipient and mode.

Answers of one person hang together: who trusts one recipient tends to trust the others. For one category and recipient
the modes share a draw, so whoever permits in a mode permits in every mode that more people permit in.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from twin.population import CONSENT_RULES, DataCategory, Mode, Recipient
from twin.sources.chance import Chance

BoolArray = npt.NDArray[np.bool_]


def consents(has_id: BoolArray, chance: Chance) -> BoolArray:
    """Consent matrix, shape (people, len(CONSENT_RULES)); people without an ID give none."""
    matrix = np.zeros((len(has_id), len(CONSENT_RULES)), dtype=np.bool_)
    holders = np.flatnonzero(has_id)
    holder = Chance(chance.key[holders], chance.stream, chance.parameters)
    trust_share = chance.number("people.consent.trust_share")
    trust = np.sqrt(trust_share) * holder.normal("people.consent.trust")
    answers = np.empty((len(holders), len(CONSENT_RULES)), dtype=np.bool_)
    column = 0
    for category_number, category in enumerate(DataCategory):
        for recipient in Recipient:
            decision = f"people.consent.{category}.{recipient}"
            leaning = trust + np.sqrt(1.0 - trust_share) * holder.normal(decision)
            for mode in Mode:
                share = chance.parameters.row(f"people.consent.{recipient}.{mode}")[category_number]
                answers[:, column] = leaning < ndtri(share)
                column += 1
    matrix[holders] = answers
    return matrix
