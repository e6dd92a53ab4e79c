"""Statements: what may be said of a profile, and of a whole run, on the ground of its results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from conformance.report.document import Document, Entry
from conformance.verdict import Verdict

UNKNOWN = (Verdict.ERROR, Verdict.CONFIG, Verdict.SKIP)

Tone = Literal["good", "bad", "open"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence in both languages, and its tone: good, bad, or open where something is not known."""

    tone: Tone
    ja: str
    en: str


def statement_of(entries: Sequence[Entry]) -> Statement:
    """What may be said of a set of results."""
    failed = sum(one.is_failure for one in entries)
    accepted = sum(one.accepted is not None for one in entries)
    known = Statement("good", f"既知の逸脱として受け入れたもの{accepted}件。", f" Accepted deviations: {accepted}.")
    told = _base(entries, failed)
    if not accepted:
        return told
    return Statement("open" if told.tone == "good" else told.tone, told.ja + known.ja, told.en + known.en)


def _base(entries: Sequence[Entry], failed: int) -> Statement:
    counts = {verdict: sum(one.verdict is verdict for one in entries) for verdict in Verdict}
    passed, omitted = counts[Verdict.PASS], counts[Verdict.OMIT]
    unknown, review = sum(counts[verdict] for verdict in UNKNOWN), counts[Verdict.REVIEW]
    ja = f"守ると確かめたもの{passed}件" + (f"、対象外または検査なし{omitted}件" if omitted else "") + "。"
    en = f" {passed} established" + (f", {omitted} not applicable or not checked." if omitted else ".")
    if failed:
        ja = (
            f"不適合。必須の要件への違反が{failed}件ある。"
            + (f"判定できなかったものが{unknown}件ある。" if unknown else "")
            + ja
        )
        en = f"Does not conform: {failed} violated." + (f" {unknown} could not be judged." if unknown else "") + en
        return Statement("bad", ja, en)
    if not passed:
        return Statement("open", "判定したものがない。", "Nothing was established.")
    if unknown:
        told = f"違反は見つからなかったが、判定できなかったものが{unknown}件ある。"
        return Statement("open", told + ja, f"No violation was found, but {unknown} could not be judged.{en}")
    if review:
        told = f"違反は見つからなかった。人が確かめるものが{review}件残る。"
        return Statement("good", told + ja, f"No violation was found. A person must still look at {review}.{en}")
    return Statement("good", f"判定した範囲で適合する。{ja}", f"Conforms, as far as it was judged.{en}")


def whole_statement(document: Document) -> Statement:
    """What may be said of the whole run."""
    told = statement_of(document.results)
    if not document.interrupted:
        return told
    ja, en = "途中で止められた。", "The run was stopped before its end. "
    return Statement("bad" if told.tone == "bad" else "open", ja + told.ja, en + told.en)
