"""JSON text that is compact and still shows one row a line, the same bytes for the same tables."""

import json
from typing import Any


def layout(value: Any, *, open_levels: int, indent: str = "") -> str:
    """JSON text with the outermost ``open_levels`` levels of objects on lines of their own."""
    if open_levels == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deeper = indent + " "
    rows = [
        f"{deeper}{json.dumps(key, ensure_ascii=False)}: {layout(item, open_levels=open_levels - 1, indent=deeper)}"
        for key, item in value.items()
    ]
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
