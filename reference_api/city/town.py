"""The municipality that the server serves: its code and what follows from it."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from reference_api.services import Services


class Municipality(NamedTuple):
    """Code (全国地方公共団体コード, leading zero kept) and names; a name is empty where it is not known."""

    code: str
    prefecture: str
    city: str


async def municipality(services: Services) -> Municipality:
    """The municipality whose data are kept."""

    async def read() -> Municipality:
        row = await services.store.one("SELECT municipality, municipality_name FROM about")
        settings = services.settings
        code, city = row or (settings.municipality, "")
        if not city and code == settings.municipality:
            city = settings.municipality_name
        return Municipality(code, _prefectures().get(code[:2], ""), city)

    return await services.memory.recall("municipality", read)


@cache
def _prefectures() -> dict[str, str]:
    text = files("reference_api.city").joinpath("prefectures.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))
