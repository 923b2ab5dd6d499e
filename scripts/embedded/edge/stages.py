"""The stages of a connection through the edge, and how long each may be silent."""

from enum import Enum


class Stage(Enum):
    """Where a connection stands; the value is a name, its deadline in seconds is in `PATIENCE`."""

    WAITING = "for the client's first bytes"
    DIALLING = "a site"
    PASSING = "bytes both ways"
    HALF_CLOSED = "the client has said all, the site has not"
    CLOSING = "the last bytes are on their way to the client"


PATIENCE = {
    Stage.WAITING: 60.0,
    Stage.DIALLING: 10.0,
    Stage.PASSING: 120.0,
    Stage.HALF_CLOSED: 30.0,
    Stage.CLOSING: 5.0,
}
