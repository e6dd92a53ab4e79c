"""The only source of chance: counter-based draws keyed by (seed, decision, entity, draw number).

A draw depends on its key and on nothing drawn before, so adding one citizen changes no draw of any other, order and
thread count do not matter, and two plans compared with one seed share every draw that they can.

Source: SplitMix64 finaliser, Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators", fig. 14
(constants of Stafford's variant 13); key chaining after Salmon et al. (2011), "Parallel random numbers: as easy as
1, 2, 3".
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Entities = npt.NDArray[np.integer] | int

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53
_WORD = 2**64 - 1
_GOLDEN_INT, _MIX_1_INT, _MIX_2_INT = int(_GOLDEN), int(_MIX_1), int(_MIX_2)


def _mix(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    words = (words ^ (words >> np.uint64(30))) * _MIX_1
    words = (words ^ (words >> np.uint64(27))) * _MIX_2
    return words ^ (words >> np.uint64(31))


def _mix_one(word: int) -> int:
    word = ((word ^ (word >> 30)) * _MIX_1_INT) & _WORD
    word = ((word ^ (word >> 27)) * _MIX_2_INT) & _WORD
    return word ^ (word >> 31)


@lru_cache(maxsize=4096)
def _key(seed: int, decision: str, number: int) -> int:
    text = f"{seed}/{decision}/{number}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Stream:
    """Draws of one run; the whole state is the seed."""

    seed: int

    def words(self, decision: str, entities: Entities, number: int = 0) -> npt.NDArray[np.uint64]:
        """64 random bits for each entity, shape of ``entities``."""
        ids = np.atleast_1d(np.asarray(entities)).astype(np.uint64)
        return _mix(_mix(ids * _GOLDEN + np.uint64(_key(self.seed, decision, number))) + _GOLDEN)

    def word(self, decision: str, entity: int, number: int = 0) -> int:
        """The 64 random bits of one entity: the same as ``words`` gives, faster for a single one."""
        return _mix_one(
            (_mix_one((entity * _GOLDEN_INT + _key(self.seed, decision, number)) & _WORD) + _GOLDEN_INT) & _WORD
        )

    def uniform(self, decision: str, entities: Entities, number: int = 0) -> FloatArray:
        """Uniform draws in the open interval (0, 1), one for each entity."""
        return ((self.words(decision, entities, number) >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT

    def one(self, decision: str, entity: int, number: int = 0) -> float:
        """The uniform draw of one entity: the same as ``uniform`` gives, faster for a single one."""
        return ((self.word(decision, entity, number) >> 11) + 0.5) * _TO_UNIT

    def one_lognormal(self, decision: str, entity: int, *, mean: float, cv: float) -> float:
        """The log-normal draw of one entity, to rounding the same as ``lognormal`` gives, faster for a single one."""
        variance = math.log1p(cv * cv)
        normal = float(ndtri(self.one(decision, entity)))
        return mean * math.exp(math.sqrt(variance) * normal - 0.5 * variance)

    def below(self, decision: str, entities: Entities, limit: int, number: int = 0) -> IntArray:
        """Whole numbers in 0..limit-1, one for each entity."""
        draws: FloatArray = self.uniform(decision, entities, number) * limit
        whole: IntArray = draws.astype(np.int64)
        return whole

    def normal(self, decision: str, entities: Entities, number: int = 0) -> FloatArray:
        """Standard normal draws, by inversion of the uniform draw."""
        return np.asarray(ndtri(self.uniform(decision, entities, number)), dtype=np.float64)

    def lognormal(self, decision: str, entities: Entities, *, mean: float, cv: float, number: int = 0) -> FloatArray:
        """Log-normal draws with the given mean (> 0) and coefficient of variation (>= 0)."""
        sigma = np.sqrt(np.log1p(cv * cv))
        return np.asarray(mean * np.exp(sigma * self.normal(decision, entities, number) - 0.5 * sigma * sigma))

    def choice(self, decision: str, entities: Entities, weights: FloatArray, number: int = 0) -> IntArray:
        """Index into ``weights`` (>= 0, not all 0) for each entity, with those odds."""
        edges = np.cumsum(weights, dtype=np.float64)
        draws: FloatArray = self.uniform(decision, entities, number) * edges[-1]
        rows: IntArray = np.searchsorted(edges, draws, side="right").astype(np.int64)
        return np.minimum(rows, len(edges) - 1)
