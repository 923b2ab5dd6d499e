"""`lifeboat room`: the control room in the browser, from any machine that reads two of the three control stores."""

import socket
from typing import Annotated

import typer
import uvicorn

from scripts.console import Console
from scripts.control_room.acts import Acts
from scripts.control_room.server import RoomSettings, create_room
from scripts.control_room.session import Session
from scripts.embedded.layout import ROOM_NAME
from scripts.embedded.supervisor import Supervisor
from scripts.runbook import sites
from scripts.runbook.errors import PortBusy
from scripts.runbook.sites import Platform


def command(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the browser finds the room.")] = 8090,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show everything, act on nothing.")] = False,
) -> None:
    """Show what is true, what is about to happen and what it costs, in one page; act from it as from the command line."""
    console: Console = context.obj
    room = Room.open(sites.load(console.folder), port, read_only=read_only)
    console.tell(f"The control room opens once at {room.link} (Ctrl-C ends it; nothing else ends with it)")
    room.serve()


class Room:
    """A room that is about to be served: its link, its listening socket and its server."""

    def __init__(self, link: str, listener: socket.socket, server: uvicorn.Server) -> None:
        self.link, self.listener, self.server = link, listener, server

    def serve(self) -> None:
        """Serve the room until Ctrl-C."""
        self.server.run(sockets=[self.listener])

    @classmethod
    def open(cls, platform: Platform, port: int, *, read_only: bool = False) -> "Room":
        """Take the port and make the link. Raises PortBusy."""
        listener = _listen(port)
        local = bool(Supervisor.load(platform.folder).started)
        session = Session()
        settings = RoomSettings(_browser_address(platform, local=local), local, read_only)
        app = create_room(platform, settings, session, Acts(platform.folder))
        # An open page holds its stream for ever: the room does not wait for it to end.
        server = uvicorn.Server(
            uvicorn.Config(app, loop="asyncio", log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        )
        return cls(f"http://{ROOM_NAME}:{listener.getsockname()[1]}/open?token={session.token}", listener, server)


def _browser_address(platform: Platform, *, local: bool) -> str:
    """Return where a browser finds the app: local sites listen under a name that every browser resolves by itself."""
    return platform.outside_url.replace("127.0.0.1", "social.localhost") if local else platform.outside_url


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        # Whoever opens the link at once waits until the room is drawn.
        listener.listen()
    except OSError as reason:
        raise PortBusy(port) from reason
    return listener
