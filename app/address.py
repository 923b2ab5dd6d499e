"""Links follow the address the client used: the hostname, the edge and a bare loopback address all work."""

from starlette.requests import Request


def device_of(request: Request) -> str | None:
    """Give what the browser or client says of itself, for the list of sessions."""
    return request.headers.get("user-agent")


def base_of(request: Request) -> str:
    """Give scheme and host of the request, without a slash at the end."""
    return str(request.base_url).rstrip("/")
