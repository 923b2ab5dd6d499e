"""The clusters that are compared, and one run of each: hand over in plan, then lose the whole primary at a random moment."""

import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.bench.failover.auto_failover import AutoFailover
from tests.bench.failover.lifeboat import Lifeboat
from tests.bench.failover.load import Address, Load
from tests.bench.failover.patroni import Patroni

# A death comes at a random moment of one whole renewal of the slowest cluster's lease.
SECONDS_BEFORE = (3.0, 13.0)
PATIENCE_SECONDS = 120.0


class Cluster(Protocol):
    """A primary and two standbys, of whatever kind."""

    name: str
    # Whether its writers are requests of one app process, which has one way to each node.
    one_process: bool

    @property
    def version(self) -> str: ...
    def up(self) -> None: ...
    def addresses(self) -> Sequence[Address]: ...
    def kill(self, node: int) -> None: ...
    def say_the_word(self, node: int) -> None: ...
    def switch_over(self, node: int) -> None: ...
    def bring_back(self, node: int) -> None: ...
    def down(self) -> None: ...


KINDS: dict[str, tuple[Callable[[], str | None], Callable[[Path], Cluster]]] = {
    "lifeboat": (Lifeboat.missing, Lifeboat),
    "lifeboat-called": (Lifeboat.missing, lambda folder: Lifeboat(folder, called=True)),
    "lifeboat-auto-30": (Lifeboat.missing, lambda folder: Lifeboat(folder, 30)),
    "lifeboat-auto-20": (Lifeboat.missing, lambda folder: Lifeboat(folder, 20)),
    "patroni-30": (Patroni.missing, lambda folder: Patroni(folder, 30)),
    "patroni-20": (Patroni.missing, lambda folder: Patroni(folder, 20)),
    "pg_auto_failover": (AutoFailover.missing, AutoFailover),
}


def measure(kind: str, runs: int, note: Callable[[dict[str, Any]], None]) -> None:
    """Run one kind of cluster so often, and note each run as soon as it is over."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = KINDS[kind][1](Path(folder))
        try:
            cluster.up()
            for number in range(runs):
                with Load(cluster.addresses, cluster.one_process) as load:
                    load.wait_until_writing()
                    switched = _switch_over(cluster, load)
                    dead, found = _lose_primary(cluster, load)
                note({"cluster": kind, "version": cluster.version, "switchover": switched, **found})
                if number + 1 < runs:
                    cluster.bring_back(dead)
        finally:
            cluster.down()


def _switch_over(cluster: Cluster, load: Load) -> float:
    """Hand over in plan; return the longest silence of acknowledged writes (seconds)."""
    time.sleep(1)
    moment = time.monotonic()
    cluster.switch_over(load.node())
    load.wait_until_writing()
    return load.longest_silence(moment)


def _lose_primary(cluster: Cluster, load: Load) -> tuple[int, dict[str, Any]]:
    """End the primary's whole node; return which it was, and the seconds to the first write acknowledged elsewhere."""
    time.sleep(random.uniform(*SECONDS_BEFORE))
    node, moment = load.node(), time.monotonic()
    cluster.kill(node)
    word = threading.Thread(target=cluster.say_the_word, args=(node,))
    word.start()
    seconds = load.wait_for(moment, node, PATIENCE_SECONDS)
    word.join()
    moments: dict[str, float] = getattr(cluster, "moments", {})
    return node, {"failover": seconds, **{name: round(moment + seconds - at, 3) for name, at in moments.items()}}
