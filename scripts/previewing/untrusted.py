"""`python -m scripts.previewing.untrusted FILE`: make a comment out of a file that a stranger's code has written.

Our own Markdown comes through as it is; everything else that could mention, link, load or hide something is turned into
plain text. Uses the standard library alone: it runs where nothing of ours is installed.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

MARK = "<!-- lifeboat preview -->"
WARNING = "_Written by the code of this pull request, which nobody has checked yet._"
LIMIT = 65_536
"""Characters in a comment that GitHub takes."""

BLANK = "&#8203;"
"""A space of no width, which parts a mark from what it would call: the forge looks for that after it has read entities."""

_FOLD_OPENS = re.compile(r"<details><summary>([^<>]*)</summary>")
_FOLD_CLOSES = "</details>"
# As CommonMark reads them (spec 0.31, 4.5): ours stand at the margin, a stranger's may end one of ours from three spaces on.
_FENCE_OPENS = re.compile(r"(`{3,})(diff|text)?")
_FENCE_CLOSES = re.compile(r" {0,3}(`{3,})[ \t]*")
_CALLS = "@#-"
_INERT = r"&#(?:38|42|46|58|60|62|91|92|93|95|96|124|126|8203);|&#(?:35|45|64);&#8203;"
"""What `inert` writes; any other entity may stand for a mark that acts."""
_ACTIVE = re.compile(rf"(?P<inert>{_INERT})|[<>@&\[\]\\]|:(?=//)|(?<=www)\.|#(?=\d)|(?<=\b[Gg][Hh])-(?=\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def inert(character: str) -> str:
    """Return a character as text that neither Markdown nor the forge gives a meaning."""
    return f"&#{ord(character)};{BLANK if character in _CALLS else ''}"


def tame(text: str) -> str:
    """Return a comment of at most 65,536 characters in which nothing acts, every fold and every fence closed."""
    room = LIMIT - len(MARK) - len(WARNING) - 100
    lines, cut = [], False
    for line in _tamed(_CONTROL.sub("", text).splitlines()):
        room -= len(line) + 1
        if room < 0:
            cut = True
            break
        lines.append(line)
    closed = "\n".join([*lines, *_open_ends(lines)])
    return f"{MARK}\n{WARNING}\n\n{closed}\n" + ("\n**Cut.**\n" if cut else "")


def _tamed(lines: list[str]) -> Iterator[str]:
    """Yield each line as text, but for our own folds and what stands in a fence that the forge takes for one too."""
    wall, before = "", ""
    for line in lines:
        if wall:
            wall = "" if _ends(wall, line) else wall
            yield line
        elif opened := _opened(line, before):
            wall = opened
            yield line
        elif line == _FOLD_CLOSES:
            yield line
        elif fold := _FOLD_OPENS.fullmatch(line):
            yield f"<details><summary>{_as_text(fold[1])}</summary>"
        else:
            yield _as_text(line)
        before = line


def _opened(line: str, before: str) -> str:
    """Return the fence that a line opens, or nothing; after a line that is not blank it might be part of some HTML."""
    found = _FENCE_OPENS.fullmatch(line)
    return found[1] if found and not before.strip(" \t") else ""


def _ends(wall: str, line: str) -> bool:
    found = _FENCE_CLOSES.fullmatch(line)
    return found is not None and len(found[1]) >= len(wall)


def _as_text(line: str) -> str:
    return _ACTIVE.sub(lambda found: found["inert"] or inert(found[0]), line)


def _open_ends(lines: list[str]) -> list[str]:
    wall, before, folds = "", "", 0
    for line in lines:
        if wall:
            wall = "" if _ends(wall, line) else wall
        elif opened := _opened(line, before):
            wall = opened
        else:
            folds += line.startswith("<details>") - (line == _FOLD_CLOSES)
        before = line
    return [*([wall] if wall else []), *([_FOLD_CLOSES] * max(0, folds))]


def main() -> None:
    """Read one file, at most four times as long as a comment, and print the comment; a link might lead to our own secrets."""
    path = Path(sys.argv[1])
    if path.is_symlink() or not path.is_file():
        sys.exit(f"{path} is no file: nothing is posted.")
    with path.open("rb") as file:
        print(tame(file.read(4 * LIMIT).decode(errors="replace")), end="")


if __name__ == "__main__":
    main()
