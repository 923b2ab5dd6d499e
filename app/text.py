"""Turns what a person wrote into the little HTML that clients show; everything is escaped first."""

import re

from markupsafe import Markup, escape

LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}]")


def to_html(text: str) -> Markup:
    """Make paragraphs, line breaks and links; a blank line parts two paragraphs."""
    paragraphs = re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\n"))
    return Markup("").join(Markup("<p>{}</p>").format(_lines(paragraph)) for paragraph in paragraphs if paragraph)


def _lines(paragraph: str) -> Markup:
    return Markup("<br>").join(_linked(line) for line in paragraph.split("\n"))


def _linked(line: str) -> Markup:
    pieces, end = Markup(""), 0
    for match in LINK.finditer(line):
        pieces += escape(line[end : match.start()]) + _link(match.group())
        end = match.end()
    return pieces + escape(line[end:])


def _link(url: str) -> Markup:
    return Markup('<a href="{}" rel="nofollow noopener noreferrer" target="_blank">{}</a>').format(url, url)
