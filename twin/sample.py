"""A town for a sample of its people: what holds people and cars holds the sample's share of them."""

import math
from dataclasses import replace

from twin.parameters import Parameters
from twin.roads import Roads
from twin.shelters import Shelter
from twin.town import Town


def scaled(town: Town, share: float, parameters: Parameters) -> Town:
    """The town with the capacities of shelters and roads times ``share`` (0..1); itself where ``share`` is 1.

    Places are rounded up, so that no shelter vanishes. Roads are never scaled below the parameter
    ``sample.least_road_share``: with fewer cars than that, chance meetings would look like queues.
    """
    if share >= 1.0:
        return town
    road_share = max(share, parameters.number("sample.least_road_share"))
    return replace(
        town,
        roads=_scaled_roads(town.roads, road_share),
        shelters=tuple(_scaled_shelter(shelter, share) for shelter in town.shelters),
    )


def _scaled_roads(roads: Roads, share: float) -> Roads:
    return replace(roads, lanes=roads.lanes * share, capacity_vps=roads.capacity_vps * share)


def _scaled_shelter(shelter: Shelter, share: float) -> Shelter:
    return replace(
        shelter,
        capacity_persons=math.ceil(shelter.capacity_persons * share),
        capacity_standard_persons=math.ceil(shelter.capacity_standard_persons * share),
    )
