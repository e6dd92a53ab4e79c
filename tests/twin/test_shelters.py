"""Shelters as the town knows them."""

from twin.shelters import Fitness, Hazard, Shelter, ShelterKind


def test_a_place_is_unsuited_for_what_it_is_not_designated_for() -> None:
    """Fitness that the list does not give is unsuited, never suited."""
    shelter = Shelter(
        id="E0720200001111",
        name="体育館",
        kind=ShelterKind.GENERAL,
        x_m=0.0,
        y_m=0.0,
        node=0,
        address="",
        district=0,
        capacity_persons=10,
        capacity_standard_persons=5,
        capacity_is_estimate=False,
        fitness={Hazard.FLOOD: Fitness.LIMITED},
    )
    assert shelter.fitness_for(Hazard.FLOOD) is Fitness.LIMITED
    assert shelter.fitness_for(Hazard.TSUNAMI) is Fitness.UNSUITED
