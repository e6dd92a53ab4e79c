"""The page: readable in both schemes, and what may be said follows from the results."""

import re
from importlib.resources import files

import pytest
from made_runs import run_of

from conformance.report.document import document_of
from conformance.report.page import BODY_OF_PASS, report_page
from conformance.report.statements import whole_statement
from conformance.verdict import Verdict

STYLE = files("conformance.report").joinpath("templates", "report.css").read_text("utf-8")

PAIRS = [(name, f"{name}-wash") for name in ("good", "bad", "warn", "open", "look")]
PAIRS += [(front, back) for front in ("ink", "faint", "accent") for back in ("sheet", "wash")]
PAIRS += [("good", "sheet"), ("bad", "sheet"), ("open", "sheet"), ("sheet", "accent")]


def palettes() -> list[dict[str, str]]:
    """The colours of the light and of the dark scheme."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block)) for block in blocks]


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_letters_stand_out(scheme: int, front: str, back: str) -> None:
    """Every pair of colours has a contrast of 4.5 to 1 or more (WCAG 2.2 AA, 1.4.3)."""
    palette = palettes()[scheme]
    one, other = sorted((luminance(palette[front]), luminance(palette[back])))
    assert (other + 0.05) / (one + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("verdicts", "tone", "words"),
    [
        ((Verdict.PASS, Verdict.PASS), "good", "Conforms, as far as it was judged. 2 established."),
        ((Verdict.PASS, Verdict.FAIL), "bad", "Does not conform: 1 violated."),
        ((Verdict.PASS, Verdict.SKIP), "open", "1 could not be judged"),
        ((Verdict.PASS, Verdict.WARN), "good", "Conforms"),
        ((Verdict.PASS, Verdict.REVIEW), "good", "A person must still look at 1."),
        ((Verdict.OMIT, Verdict.OMIT), "open", "Nothing was established."),
        ((Verdict.ERROR, Verdict.FAIL), "bad", "Does not conform"),
    ],
)
def test_no_more_is_said_than_is_known(verdicts: tuple[Verdict, ...], tone: str, words: str) -> None:
    """The statement of a run follows from its verdicts alone."""
    told = whole_statement(document_of(run_of(verdicts)))
    assert told.tone == tone
    assert words in told.en


def test_the_title_and_the_language_are_those_asked_for() -> None:
    """The page opens in the language that was asked for, and holds the other."""
    document = document_of(run_of())
    for language, title in (("ja", "適合性検査報告書"), ("en", "Conformance report")):
        page = report_page(document, language)  # type: ignore[arg-type]
        assert f'<html lang="{language}">' in page
        assert f"<title>{title} https://city.example" in page
        assert f'id="in-{language}" checked' in page
        assert "Conformance report" in page
        assert "適合性検査報告書" in page


def test_what_passed_takes_little_room() -> None:
    """Bodies of what passed are cut on the page, with their whole length; those of a failure are longer."""
    document = document_of(run_of((Verdict.PASS, Verdict.FAIL), text="long " * 600))
    page = report_page(document, "en")
    assert "long " * (BODY_OF_PASS // 5) + "\n… [3000]" in page
    assert "long " * 600 in page
