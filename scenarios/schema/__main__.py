"""``python -m scenarios.schema`` writes the schema anew after the types were changed."""

from pathlib import Path

from scenarios.schema import FILE_NAME, schema_text

if __name__ == "__main__":
    Path(__file__).with_name(FILE_NAME).write_text(schema_text(), encoding="utf-8")
