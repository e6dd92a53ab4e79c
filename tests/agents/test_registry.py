"""The registry of agents: what a run does not use is not imported, and no run outlives its end."""

import gc
import subprocess
import sys
import weakref

from agents.registry import Agent, Model

ASKS = """
import sys
import agents.registry
assert not {"pandas", "networkx"} & sys.modules.keys()
import mesa.datacollection, mesa.space
assert mesa.datacollection.pd.DataFrame is sys.modules["pandas"].DataFrame
assert mesa.space.nx.Graph is sys.modules["networkx"].Graph
"""


def test_tables_and_networks_come_when_asked_for() -> None:
    """The registry loads neither; what Mesa then asks for is the real thing, for everybody."""
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
