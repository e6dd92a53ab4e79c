"""How density slows walkers, compiled.

Source: Weidmann (1993), "Transporttechnik der Fussgaenger": v = 1.34 (1 - exp(-1.913 (1/rho - 1/5.4))) m/s, constants
as in Vadere's SpeedAdjusterWeidmann; demand and supply after Daganzo (1994), "The cell transmission model".
"""

import math

import numpy as np

from agents.movement.kernel import part

FREE_SPEED_MPS = 1.34
JAM_DENSITY_PPM2 = 5.4
_GAMMA_PPM2 = 1.913

FREE_DENSITY_PPM2 = 0.2
"""Density up to which nobody is slowed: Weidmann's formula takes 0.01 % of the speed there."""


def _flow_ppms(density_ppm2: float) -> float:
    slowed = 1.0 - math.exp(-_GAMMA_PPM2 * (1.0 / density_ppm2 - 1.0 / JAM_DENSITY_PPM2))
    return FREE_SPEED_MPS * density_ppm2 * slowed


CAPACITY_DENSITY_PPM2 = float(max(np.arange(1.5, 2.0, 0.0001), key=_flow_ppms))
CAPACITY_PPMS = _flow_ppms(CAPACITY_DENSITY_PPM2)
"""Greatest flow over a metre of width: 1.225 persons/(m s) at 1.75 persons/m2."""


@part
def pace(density_ppm2: float) -> float:
    """Share of the own speed at which walkers come on: Weidmann's, beyond capacity what keeps the flow at capacity.

    They are held back further only by the room ahead of them (``headway_s``), so that a crowd whose way out is free
    leaves at capacity.
    """
    if density_ppm2 > CAPACITY_DENSITY_PPM2:
        return CAPACITY_PPMS / (FREE_SPEED_MPS * density_ppm2)
    return 1.0 - math.exp(-_GAMMA_PPM2 * (1.0 / density_ppm2 - 1.0 / JAM_DENSITY_PPM2))


@part
def headway_s(density_ppm2: float, width_m: float) -> float:
    """Least time between two walkers who enter: at capacity, beyond its density at Weidmann's flow; inf at the jam."""
    if density_ppm2 <= CAPACITY_DENSITY_PPM2:
        return 1.0 / (CAPACITY_PPMS * width_m)
    slowed = 1.0 - math.exp(-_GAMMA_PPM2 * (1.0 / density_ppm2 - 1.0 / JAM_DENSITY_PPM2))
    return 1.0 / (FREE_SPEED_MPS * density_ppm2 * slowed * width_m) if slowed > 0.0 else np.inf
