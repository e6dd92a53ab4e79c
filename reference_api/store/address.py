"""Addresses of databases as they may be shown."""

import re

_SHOWN = re.compile(
    r"""(?:(?P<user>[^:@/?#]*) (?: :[^@/?#]*)? @)? (?P<place>[^@?#]*) (?: \?[^@]*)?""",
    re.VERBOSE,
)


def without_password(url: str) -> str:
    """The address without password and options, for messages and logs.

    Where it is not clear what of it is the password, because a character is not escaped, only the scheme is left.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    found = _SHOWN.fullmatch(rest)
    if found is None:
        return f"{scheme}://..."
    user = "" if found["user"] is None else f"{found['user']}@"
    return f"{scheme}://{user}{found['place']}"
