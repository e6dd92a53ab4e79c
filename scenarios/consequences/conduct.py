"""Makes a study of faults ready, and writes what was found; its runs are conducted as those of any study."""

from pathlib import Path

from scenarios.consequences.files import curves_json, curves_rows
from scenarios.consequences.markdown import curves_markdown
from scenarios.consequences.page import curves_html
from scenarios.consequences.reader import CurvesFile, read_curves
from scenarios.consequences.results import Found, found_of
from scenarios.defaults import default_parameters
from scenarios.errors import NoTrickleOnLine
from scenarios.faults.form import SlowTrickle
from scenarios.language import Language
from scenarios.options import IDEAL
from scenarios.outputs import csv_text
from scenarios.study.conduct import CELLS, COPY, CSV, JSON, PAGE, TABLES, Asked, Prepared, made_ready, replace_file
from scenarios.study.results import read_values


def prepare_curves(path: Path, asked: Asked) -> Prepared:
    """Read a study of faults, and find every name in it in its towns; nothing is written.

    Raises:
        ScenarioError: the study, a scenario of it, or the output folder cannot be used.
        TwinError: a town's sources cannot be used.
    """
    read = read_curves(path, default_parameters())
    city_os = asked.city_os or read.study.city_os
    slow = [one.fault.name for one in read.lines if isinstance(one.fault, SlowTrickle)]
    if city_os == IDEAL and slow:
        raise NoTrickleOnLine(slow)
    return made_ready(read, asked)


def write_curves(prepared: Prepared, language: Language, command: str) -> Found:
    """Write page, tables, CSV and JSON of a study of faults that is complete, each in place of an older one."""
    read, folder = prepared.read, prepared.folder
    if not isinstance(read, CurvesFile):
        raise TypeError(f"{read.path} is a study of plans, not of faults; give one that read_curves has read")
    found = found_of(read, read_values(prepared.cells, folder / CELLS))
    replace_file(folder / JSON, curves_json(read, found, prepared.cells).encode())
    replace_file(folder / CSV, csv_text(curves_rows(found)).encode("utf-8-sig"))
    replace_file(folder / PAGE, curves_html(read, found, language, command).encode())
    replace_file(folder / COPY, read.path.read_bytes())
    for one in Language:
        replace_file(folder / TABLES[one], curves_markdown(read, found, one).encode())
    return found
