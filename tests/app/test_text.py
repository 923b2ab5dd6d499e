"""What a person wrote, as HTML."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.text import to_html


def test_paragraphs_breaks_and_links_are_marked_up() -> None:
    """It makes a paragraph per blank line, a break per line, and leaves the full stop out of a link."""
    html = to_html("one\ntwo\r\n\r\nsee https://example.org/a?b=1&c=2.")

    assert html == (
        "<p>one<br>two</p><p>see "
        '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer" target="_blank">'
        "https://example.org/a?b=1&amp;c=2</a>.</p>"
    )


def test_markup_is_shown_and_not_run() -> None:
    """It escapes tags and quotes, inside a link too."""
    html = to_html('<script>alert(1)</script> https://example.org/"onmouseover="alert(1)')

    assert "<script" not in html
    assert 'onmouseover="' not in html


@given(st.text())
def test_no_text_makes_a_tag_of_its_own(text: str) -> None:
    """It writes no tag but p, br and a."""
    assert set(re.findall(r"</?([a-zA-Z!][^\s>]*)", to_html(text))) <= {"p", "br", "a"}
