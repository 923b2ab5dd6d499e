"""`python -m tests.bench.peers`: installs what the benches compare with; nothing of it goes near the product.

Python packages go into .lifeboat/peers with the hashes of requirements/peers.txt. Debian's packages are installed when
this runs as root on a machine with apt; otherwise the benches skip what is missing and say so.
"""

import os
import shutil
import subprocess

from tests.bench.records import ROOT

PEERS = ROOT / ".lifeboat" / "peers"
DEBIAN = ("etcd-server", "etcd-client", "pg-auto-failover-cli", "postgresql-15-auto-failover")


def install() -> None:
    """Install both kinds of peers."""
    uv = shutil.which("uv") or str(ROOT / ".lifeboat" / "uv" / "bin" / "uv")
    if not (PEERS / "bin" / "python").exists():
        subprocess.run([uv, "venv", "--quiet", "--python", ">=3.11", PEERS], check=True)
    subprocess.run(
        [
            uv,
            "pip",
            "sync",
            "--quiet",
            "--python",
            PEERS / "bin" / "python",
            "--require-hashes",
            "requirements/peers.txt",
        ],
        cwd=ROOT,
        check=True,
    )
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"Debian's {', '.join(DEBIAN)} were not installed: that takes root and apt-get.")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", *DEBIAN], env=environment, check=True)


if __name__ == "__main__":
    install()
