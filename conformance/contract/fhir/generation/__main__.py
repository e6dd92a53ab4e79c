"""``python -m conformance.contract.fhir.generation FOLDER``."""

import sys
from pathlib import Path

from conformance.contract.fhir.generation.write import write_tables

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_tables(Path(sys.argv[1]), Path(__file__).parents[1])
