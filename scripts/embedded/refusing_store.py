"""A store whose account is closed: python -m scripts.embedded.refusing_store --port PORT answers 403 to everything.

It takes the place of a killed store on the same port, in the words of the dialect that the client speaks.
"""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_XML = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>The account is closed.</Message></Error>"
_JSON = b'{"error": {"code": 403, "message": "The account is closed.", "errors": [{"reason": "accountDisabled"}]}}'
_JSON_ROOTS = ("/storage/", "/upload/", "/download/", "/token")


class RefusingHandler(BaseHTTPRequestHandler):
    """Reads a request to its end and refuses it."""

    protocol_version = "HTTP/1.1"

    def refuse(self) -> None:
        """Answer 403; the body was read first, so that a client that is still sending sees the answer."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        code = b"AccountIsDisabled" if "x-ms-version" in self.headers else b"AllAccessDisabled"
        kind, body = (
            ("application/json", _JSON) if self.path.startswith(_JSON_ROOTS) else ("application/xml", _XML % code)
        )
        self.send_response(403)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = refuse  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: every request is refused alike."""


def main() -> None:
    """Refuse on loopback until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.refusing_store", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="loopback port of the store that was closed")
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), RefusingHandler).serve_forever()


if __name__ == "__main__":
    main()
