"""``python -m scenarios.schema`` writes the schemas anew after the types were changed."""

from pathlib import Path

from scenarios.schema import FILE_NAME, STUDY_FILE_NAME, schema_text, study_schema_text

if __name__ == "__main__":
    Path(__file__).with_name(FILE_NAME).write_text(schema_text(), encoding="utf-8")
    Path(__file__).with_name(STUDY_FILE_NAME).write_text(study_schema_text(), encoding="utf-8")
