"""Load: a run's own calls press any city OS, at their times; a verdict by operation and service class."""
