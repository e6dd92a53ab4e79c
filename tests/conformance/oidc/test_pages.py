"""Pages: forms are read and filled as a browser would, whatever the HTML looks like."""

from hypothesis import given
from hypothesis import strategies as st

from conformance.oidc.pages import read_page

PAGE = """
<html><script>var form = "<form>";</script><p>サインイン</p>
<form action="/in?x=1" method="post">
<input type="hidden" name="csrf" value="t&amp;1"><input name="login"><input type=password name=pw>
<input type="checkbox" name="keep" checked><input type="checkbox" name="agree" value="yes">
<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
<select name="lang"><option value="ja" selected>日<option value="en">E</select>
<textarea name="note"></textarea>
<button name="do" value="in">入る</button><button type="button" name="b">見る</button>
<input type="submit" name="cancel" value="やめる">
</form><form action="other"><button>Cancel</button>
"""


def test_a_form_is_sent_as_a_browser_sends_it() -> None:
    """Hidden fields, ticked boxes and the pressed button go; other buttons and empty boxes do not."""
    page = read_page("https://op.example/a/b", 200, PAGE)
    form = page.sign_in_form
    assert form is not None
    assert (form.action, form.method) == ("https://op.example/in?x=1", "POST")
    sent = form.filled({"login": "u", "pw": "p"}, form.submits[0])
    assert sent == [
        ("csrf", "t&1"), ("login", "u"), ("pw", "p"), ("keep", "on"), ("r", "2"), ("lang", "ja"), ("note", ""),
        ("do", "in"),
    ]  # fmt: skip
    assert ("agree", "yes") in form.filled({}, None, tick_all=True)
    assert [one.text or one.value for one in form.submits] == ["入る", "やめる"]


def test_a_form_that_is_never_closed_is_one_all_the_same() -> None:
    """Its fields count, and its method is GET where none is said."""
    page = read_page("https://op.example/a/b", 200, PAGE)
    assert [(one.action, one.method) for one in page.forms][1] == ("https://op.example/a/other", "GET")
    assert "var form" not in page.text


@given(st.text())
def test_any_text_can_be_read(html: str) -> None:
    """A hostile page is a page."""
    read_page("https://op.example/", 200, html)
    read_page("https://op.example/", 200, f"<form><input type=password {html}><select {html}><option {html}")
