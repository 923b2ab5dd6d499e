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

_FOLD_OPENS = re.compile(r"<details><summary>[^<>]*</summary>")
_FOLD_CLOSES = "</details>"
_FENCE = re.compile(r"(`{3,})(diff|text)?")
_ACTIVE = re.compile(r"[<>@\[\]\\]|:(?=//)|(?<=www)\.|#(?=\d)|&(?!#\d{1,5};)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


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
    wall = ""
    for line in lines:
        fence = _FENCE.fullmatch(line.strip())
        if wall:
            wall = "" if line.strip() == wall else wall
            yield line
        elif fence:
            wall = fence[1]
            yield line
        elif line == _FOLD_CLOSES or (_FOLD_OPENS.match(line) and not _FOLD_OPENS.sub("", line, count=1)):
            yield line
        else:
            yield _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", line)


def _open_ends(lines: list[str]) -> list[str]:
    wall, folds = "", 0
    for line in lines:
        fence = _FENCE.fullmatch(line.strip())
        if wall:
            wall = "" if line.strip() == wall else wall
        elif fence:
            wall = fence[1]
        else:
            folds += line.startswith("<details>") - (line == _FOLD_CLOSES)
    return [*([wall] if wall else []), *([_FOLD_CLOSES] * max(0, folds))]


def main() -> None:
    """Read one file, at most four times as long as a comment, and print the comment."""
    with Path(sys.argv[1]).open("rb") as file:
        print(tame(file.read(4 * LIMIT).decode(errors="replace")), end="")


if __name__ == "__main__":
    main()
