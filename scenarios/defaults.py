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
