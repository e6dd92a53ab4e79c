"""The registry of agents: what Mesa needs for tables and networks alone comes when it is asked for."""

import subprocess
import sys

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
