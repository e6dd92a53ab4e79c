"""Curl lines: the shell reads each as the request that was sent."""

import os
import shlex
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import exchange

from conformance.evidence import Known, Masking
from conformance.report.curl import Replay

TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=60)


def line_of(**changed: object) -> str:
    """The command for an exchange."""
    (piece,) = Masking(Known()).keep([exchange(**changed)])
    return Replay().line(piece)


def words_of(line: str, **variables: str) -> list[str]:
    """The words that the shell passes to curl."""
    shown = subprocess.run(  # noqa: S603 - our own line
        ["/bin/sh", "-c", line.replace("curl", "printf '%s\\n\\037'", 1)],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
    )
    return shown.stdout.decode().split("\n\x1f")[:-1]


@settings(max_examples=40)
@given(TEXT, TEXT.filter(lambda text: "\n" not in text))
def test_any_body_and_header_survive_the_shell(body: str, value: str) -> None:
    """Quotes, dollars, backquotes and line ends come to curl as they were."""
    headers = {"content-type": "text/plain", "x-note": value.strip()}
    words = words_of(line_of(request_body=body, request_headers=headers))
    if body:
        assert words[-2:] == ["--data-raw", body] or body.startswith("eyJ")
    if value.strip():
        assert f"x-note: {value.strip()}" in words


def test_secrets_are_variables_named_for_what_they_are() -> None:
    """The access token, a form's secret and a cookie are variables; the same secret is the same variable."""
    line = line_of(
        request_headers={
            "authorization": "Bearer abc.def-123456",
            "cookie": "sid=verysecretcookie1; theme=dark",
            "content-type": "application/x-www-form-urlencoded",
        },
        request_body="grant_type=refresh_token&refresh_token=refresh-77&client_secret=s3cr3t-s3cr3t",
    )
    assert '"$CITYTWIN_ACCESS_TOKEN"' in line
    assert '"$CITYTWIN_REFRESH_TOKEN"' in line
    assert '"$CITYTWIN_CLIENT_SECRET"' in line
    assert '"$CITYTWIN_COOKIE_SID"' in line
    words = words_of(line, CITYTWIN_ACCESS_TOKEN="a b", CITYTWIN_CLIENT_SECRET="x'y", CITYTWIN_REFRESH_TOKEN="r")
    assert "authorization: Bearer a b" in words
    assert words[-1] == "grant_type=refresh_token&refresh_token=r&client_secret=x'y"


def test_two_tokens_have_two_variables() -> None:
    """A second token of a result has another name, and keeps it."""
    pieces = Masking(Known()).keep(
        [
            exchange(n, request_headers={"authorization": f"Bearer token-{which}-12345678"})
            for n, which in enumerate("aba")
        ]
    )
    replay = Replay()
    first, second, third = (replay.line(piece) for piece in pieces)
    assert "$CITYTWIN_ACCESS_TOKEN_2" in second
    assert "$CITYTWIN_ACCESS_TOKEN_2" not in first + third


def test_what_cannot_stand_in_a_line_is_read_from_a_file() -> None:
    """A binary or cut body is a file's name."""
    assert "--data-binary @request-0.bin" in line_of(request_body="\x00\x01", request_headers={})
    assert "--data-binary @request-0.bin" in line_of(request_body="x" * 30000)


def test_method_and_address_stand_as_sent() -> None:
    """HEAD does not wait for a body, other methods are named, dots and braces of the path stay."""
    assert "--head" in line_of(method="HEAD", request_body="")
    words = shlex.split(line_of(method="DELETE", url="https://city.example/a/../{b}?c=[1]", request_body=""))
    assert words[words.index("-X") + 1] == "DELETE"
    assert "https://city.example/a/../{b}?c=[1]" in words
    assert {"--path-as-is", "-g"} <= set(words)
