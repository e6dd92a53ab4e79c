"""The registry of agents: what a run does not use is not imported, and no run outlives its end."""

import gc
import subprocess
import sys
import weakref

from agents.registry import Agent, Model

ASKS = """
import sys
from agents.registry import Agent, Model
assert not {"pandas", "networkx", "tqdm", "mesa", "mesa.space"} & sys.modules.keys()
import mesa
assert mesa.Model is Model
assert issubclass(Agent, mesa.Agent)
assert mesa.space.nx.Graph is sys.modules["networkx"].Graph
"""


def test_the_rest_of_mesa_comes_when_asked_for() -> None:
    """The registry loads two classes; who asks for more of Mesa gets the whole of it, with the same classes."""
    subprocess.run([sys.executable, "-c", ASKS], check=True)  # noqa: S603 - our own lines


def test_a_model_goes_with_its_last_user() -> None:
    """A process that makes many models keeps none that nobody holds, and each numbers its agents from 1."""
    model = Model()
    assert [Agent(model).unique_id for _ in range(3)] == [1, 2, 3]
    assert Agent(Model()).unique_id == 1
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
