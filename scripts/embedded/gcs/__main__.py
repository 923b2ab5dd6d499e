"""Run the Cloud Storage double: python -m scripts.embedded.gcs --dir DIR --port PORT."""

import argparse
from pathlib import Path

import uvicorn

from scripts.embedded.gcs.server import Server


def main() -> None:
    """Serve one folder on loopback until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.gcs", description=__doc__)
    parser.add_argument(
        "--dir", type=Path, required=True, help="folder of the objects; service-account.json is written there"
    )
    parser.add_argument("--port", type=int, required=True, help="loopback port")
    parser.add_argument(
        "--seconds-between-writes",
        type=float,
        default=1.0,
        help="least time between two writes to one object name; 0: no limit",
    )
    chosen = parser.parse_args()
    server = Server(chosen.dir, f"http://127.0.0.1:{chosen.port}", chosen.seconds_between_writes)
    uvicorn.run(
        server,
        host="127.0.0.1",
        port=chosen.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
    )


if __name__ == "__main__":
    main()
