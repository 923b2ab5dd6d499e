"""Turns what a person wrote into the little HTML that clients show; everything is escaped first.

Links, `@names` and `#tags` are found by one expression, so that what stands inside a link is part of the link.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Annotated

from markupsafe import Markup, escape
from pydantic import AfterValidator

LINK = r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}]"
MENTION = r"(?<![\w/@.])@(?P<name>[A-Za-z0-9_]{1,30})(?![\w@])"
TAG = r"(?<![\w/&#])#(?P<tag>\w*[^\W\d_]\w*)"
PIECES = re.compile(f"(?P<link>{LINK})|{MENTION}|{TAG}")
MAX_TAG = 100
MAX_TAGS = MAX_NAMES = 20  # of one post: more is not a post but a list
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# Controls, and what sets the direction of writing (UAX 9): a name would turn the handle that stands behind it.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # letters and signs that show nothing


def _language(tag: str | None) -> str | None:
    """Give a language tag; what is none is left out, as Mastodon does."""
    return tag if tag and LANGUAGE.fullmatch(tag) else None


def plain_name(name: str) -> str:
    """Give a person's shown name without what turns or hides the text beside it; empty when nothing is left to see."""
    kept = UNSEEN.sub("", name).strip()
    return (
        kept if any(unicodedata.category(letter)[0] not in "CZM" and letter not in FILLERS for letter in kept) else ""
    )


Language = Annotated[str | None, AfterValidator(_language)]


def to_html(
    text: str, names: Collection[str] = (), tags: Collection[str] = (), base: str = "", *, wrapped: bool = True
) -> Markup:
    """Make paragraphs, line breaks and links; a blank line parts two paragraphs. Not `wrapped`, it is one line.

    `names` and `tags` are those of the post (lower case): only they become links, to pages under `base`.
    """
    if not text:
        return Markup()
    marker = _Marker(frozenset(names), frozenset(tags), escape(base))
    if not wrapped:
        return Markup(marker.lines(text))  # noqa: S704  (made of escaped pieces)  # nosec B704
    paragraphs = re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\n"))
    return Markup("".join(f"<p>{marker.lines(paragraph)}</p>" for paragraph in paragraphs if paragraph))  # noqa: S704  # nosec B704


def find_names(text: str) -> list[str]:
    """Give the names that a text mentions, in lower case, each once, in their order."""
    return _found("name", text, MAX_NAMES)


def find_tags(text: str) -> list[str]:
    """Give the hashtags of a text, in lower case, each once, in their order."""
    return [tag for tag in _found("tag", text, MAX_TAGS) if len(tag) <= MAX_TAG]


def _found(group: str, text: str, most: int) -> list[str]:
    found = (match[group].lower() for match in PIECES.finditer(text) if match[group])
    return list(dict.fromkeys(found))[:most]


class _Marker:
    def __init__(self, names: frozenset[str], tags: frozenset[str], base: str) -> None:
        self._names, self._tags, self._base = names, tags, base

    def lines(self, paragraph: str) -> str:
        return "<br>".join(self._line(line) for line in paragraph.split("\n"))

    def _line(self, line: str) -> str:
        pieces, end = list[str](), 0
        for match in PIECES.finditer(line):
            pieces += (escape(line[end : match.start()]), self._piece(match))
            end = match.end()
        return "".join((*pieces, escape(line[end:])))

    def _piece(self, match: re.Match[str]) -> str:
        if url := match["link"]:
            shown = escape(url)
            return f'<a href="{shown}" rel="nofollow noopener noreferrer" target="_blank">{shown}</a>'
        if (name := match["name"]) and name.lower() in self._names:
            return f'<a href="{self._base}/@{name.lower()}" class="u-url mention">@{name}</a>'
        if (tag := match["tag"]) and tag.lower() in self._tags:
            return f'<a href="{self._base}/tags/{tag.lower()}" class="mention hashtag" rel="tag">#{tag}</a>'
        return escape(match.group())
