"""Every shipped parameter with its default, from the data files of all rooms."""

from twin.parameters import Parameters, load_parameters

PARAMETER_FILES = (
    ("twin", "parameters.toml"),
    ("twin", "streets.toml"),
    ("twin", "sources.toml"),
    ("agents", "parameters.toml"),
    ("agents", "movement.toml"),
)


def default_parameters() -> Parameters:
    """Every shipped parameter."""
    parameters = Parameters({})
    for package, name in PARAMETER_FILES:
        parameters = parameters.merged(load_parameters(package, name))
    return parameters


def parameters_with_ids(ids: int, people: int) -> Parameters:
    """The shipped parameters, but with ``ids`` city-OS IDs among ``people``: the city's aim rather than its figure."""
    parameters = default_parameters()
    among = parameters.number("people.id.holders_of")
    return parameters.with_overrides({"people.id.holders": ids * among / people})
