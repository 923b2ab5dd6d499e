"""What a person wrote, as HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import MAX_TAGS, find_names, find_tags, to_html


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


def test_only_known_names_and_tags_become_links() -> None:
    """It links a name and a tag that the post stores, in the case they were written in, and no others."""
    html = to_html("@Ada @bob #Sea #sky", ["ada"], ["sea"], "https://social.test")

    assert html == (
        '<p><a href="https://social.test/@ada" class="u-url mention">@Ada</a> @bob '
        '<a href="https://social.test/tags/sea" class="mention hashtag" rel="tag">#Sea</a> #sky</p>'
    )


@pytest.mark.parametrize(
    ("text", "names", "tags"),
    [
        ("@ada, @Bob! (@cy)", ["ada", "bob", "cy"], []),
        ("@ada @ADA", ["ada"], []),
        ("a@ada.org @ada@elsewhere.org /@ada", [], []),
        ("https://social.test/@ada#sea", [], []),
        ("#Sea #sea, #été. #日本 #2026 #c3po", [], ["sea", "été", "日本", "c3po"]),
        ("a#b &#39; ##sea #", [], []),
        ("#" + "x" * 101, [], []),
        (" ".join(f"#t{number}" for number in range(99)), [], [f"t{number}" for number in range(MAX_TAGS)]),
    ],
)
def test_names_and_tags_are_found_in_text(text: str, names: list[str], tags: list[str]) -> None:
    """It finds each once, in lower case, and none inside an address, a word or a link."""
    assert (find_names(text), find_tags(text)) == (names, tags)


@given(st.text())
def test_no_text_makes_a_tag_of_its_own(text: str) -> None:
    """It writes no tag but p, br and a."""
    html = to_html(text, find_names(text), find_tags(text), "https://social.test")

    assert set(re.findall(r"</?([a-zA-Z!][^\s>]*)", html)) <= {"p", "br", "a"}
