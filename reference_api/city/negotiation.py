"""Which of several representations a client would rather have (RFC 9110 section 12.5.1)."""

from collections.abc import Sequence

from reference_api.call import Call


def preferred(call: Call, offered: Sequence[str]) -> str:
    """The media type of ``offered`` that Accept gives the greatest weight; the first one where it does not say."""
    ranges = [_range(part) for part in call.headers.get("accept", "*/*").split(",")]
    weights = [
        max((weight for name, weight in ranges if _fits(name, media_type)), default=0.0) for media_type in offered
    ]
    exact = [any(name == media_type and weight > 0 for name, weight in ranges) for media_type in offered]
    best = max(range(len(offered)), key=lambda place: (weights[place], exact[place], -place))
    return offered[best]


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0


def _fits(name: str, media_type: str) -> bool:
    return name in ("*/*", media_type) or name == media_type.partition("/")[0] + "/*"
