"""Who listens to what, and what waits for them."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

MAX_WAITING = 200  # events that a slow client has not taken; more end its stream


@dataclass(frozen=True)
class Channel:
    """What a client listens to: `user`, `user:notification`, `public`, `hashtag` (a tag), `list` (its key) or `direct`."""

    kind: str
    viewer: UUID | None = None
    tag: str = ""
    list_id: UUID | None = None
    only_media: bool = False

    @property
    def of_person(self) -> bool:
        """Say whether it concerns one person alone."""
        return self.kind in {"user", "list"}


@dataclass(frozen=True)
class Found:
    """A new row: what happened (`kind`), its key, the post and its author, and for a notification its receiver."""

    kind: str
    key: UUID
    status_id: UUID | None
    author: UUID
    public: bool
    receiver: UUID | None


@dataclass(eq=False)
class Listener:
    """One open stream."""

    channel: Channel
    base: str
    token_id: UUID | None
    events: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING))

    def send(self, event: str, payload: str) -> None:
        """Queue an event; a client that takes nothing is let go."""
        if self.events.full():
            self.end()
        else:
            self.events.put_nowait(f"event: {event}\ndata: {payload}\n\n")

    def end(self) -> None:
        """End the stream, at once."""
        while not self.events.empty():
            self.events.get_nowait()
        self.events.put_nowait(None)
