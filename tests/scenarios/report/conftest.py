"""Reads markup back, to see what became of it."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest


@pytest.fixture(scope="session")
def parse() -> Callable[[str], ET.Element]:
    """Parses markup as XML, which is stricter than HTML."""
    return ET.fromstring
