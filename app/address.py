"""Links follow the address the client used: the hostname, the edge and a bare loopback address all work."""

from starlette.requests import Request


def base_of(request: Request) -> str:
    """Give scheme and host of the request, without a slash at the end."""
    return str(request.base_url).rstrip("/")
