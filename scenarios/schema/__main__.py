"""``python -m scenarios.schema`` writes the schemas anew after the types were changed."""

from pathlib import Path

from scenarios.schema import (
    CURVES_FILE_NAME,
    FAULTS_FILE_NAME,
    FILE_NAME,
    STUDY_FILE_NAME,
    curves_schema_text,
    faults_schema_text,
    schema_text,
    study_schema_text,
)

if __name__ == "__main__":
    Path(__file__).with_name(FILE_NAME).write_text(schema_text(), encoding="utf-8")
    Path(__file__).with_name(STUDY_FILE_NAME).write_text(study_schema_text(), encoding="utf-8")
    Path(__file__).with_name(CURVES_FILE_NAME).write_text(curves_schema_text(), encoding="utf-8")
    Path(__file__).with_name(FAULTS_FILE_NAME).write_text(faults_schema_text(), encoding="utf-8")
