"""What a person says about a picture: what it shows, and the point that stays in view where it is cut."""

from typing import Any

from app.body import Fields, invalid
from app.errors import Unprocessable

MAX_DESCRIPTION = 1500

# What stays in view where a picture is cut, as a form without scripts asks for it: (focus, words).
POINTS = (
    ("0.0,0.0", "the middle"),
    ("0.0,0.8", "the top"),
    ("0.0,-0.8", "the bottom"),
    ("-0.8,0.0", "the left"),
    ("0.8,0.0", "the right"),
    ("-0.8,0.8", "the top left"),
    ("0.8,0.8", "the top right"),
    ("-0.8,-0.8", "the bottom left"),
    ("0.8,-0.8", "the bottom right"),
)


class Description(Fields):
    """What a person says about a picture; `focus` is `x,y`, both from -1 to 1, up and right positive."""

    description: str | None = None
    focus: str | None = None

    def columns(self) -> dict[str, Any]:
        """Give the columns that were sent; raises Unprocessable."""
        found: dict[str, Any] = {}
        if self.description is not None:
            if len(self.description) > MAX_DESCRIPTION:
                raise invalid({"description": [("ERR_TOO_LONG", f"character limit of {MAX_DESCRIPTION} exceeded")]})
            found["description"] = self.description
        if self.focus:
            found["focus_x"], found["focus_y"] = _focus(self.focus)
        return found


def _focus(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise Unprocessable("Validation failed: Focus must be two numbers between -1 and 1, such as 0.0,0.5.") from None
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise Unprocessable("Validation failed: Focus must be two numbers between -1 and 1, such as 0.0,0.5.")
    return x, y
