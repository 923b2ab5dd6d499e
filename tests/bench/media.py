"""`python -m tests.bench.media [--objects 100000] [--changes 1 100] [--json]`: pictures between clouds, beside rclone and s5cmd.

change: as many pictures as named are new in a bucket that holds all the others already; how long until the other cloud
holds them too. Ours is the outbox's worker on a real database; rclone lists and compares both buckets.
bulk: many small pictures and a few large objects into an empty bucket: `media back-fill`, which hashes every byte, beside
rclone through the same machine and, from S3 to S3, beside s5cmd and rclone, which let the server copy.
A tool that is not installed is skipped with its reason, and its ratio left empty.
"""

import argparse
import asyncio
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore

from app.stores import Store
from scripts.runbook import media
from tests.bench.clouds import S5CMD, Clouds, empty, key_of, put, s5cmd, spread
from tests.bench.media_change import bench_change
from tests.bench.records import machine, utc

GOALS = {"change": 0.02, "bulk rclone": 1.0, "bulk s5cmd": 0.9}


def bench_bulk(clouds: Clouds, count: int, size: int, runs: int) -> dict[str, Any]:
    """Measure a copy into an empty bucket from S3 to Cloud Storage and from S3 to S3, each tool in turn."""
    s3, gcs = clouds.start("aws", f"s3-{size}"), clouds.start("gcp", f"gcs-{size}", seconds_between_writes=0)
    clouds.remote("s3", s3)
    clouds.remote("gcs", gcs)
    pictures = [secrets.token_bytes(size) for _ in range(count)]
    put(s3.open(), pictures)
    keys = {key_of(data) for data in pictures}
    other = s3.open("lifeboat-ledger")
    tools: dict[str, tuple[Store, Callable[[], float]]] = {
        "ours to gcs": (gcs.open(), lambda: ours_bulk(s3.open(), gcs.open(), keys)),
        "rclone to gcs": (gcs.open(), lambda: clouds.rclone("copy", "s3:lifeboat-media", "gcs:lifeboat-media")),
        "ours to s3": (other, lambda: ours_bulk(s3.open(), other, keys)),
        "rclone to s3": (other, lambda: clouds.rclone("copy", "s3:lifeboat-media", "s3:lifeboat-ledger")),
    }
    if s5cmd():
        tools["s5cmd to s3"] = (other, lambda: clouds.s5cmd(s3, "cp", "s3://lifeboat-media/*", "s3://lifeboat-ledger/"))
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(runs):
        for name, (target, copy) in tools.items():
            empty(target)
            seconds[name].append(copy())
            assert {one["path"] for one in obstore.list(target).collect()} == keys, name
    for store in (s3, gcs):
        store.stop()
    return {"objects": count, "bytes": size, "seconds": {name: spread(taken) for name, taken in seconds.items()},
            "ratios": bulk_ratios(seconds)}  # fmt: skip


def ours_bulk(source: Store, target: Store, keys: set[str]) -> float:
    began = time.monotonic()
    filled = asyncio.run(media.back_fill("target", {"source": source, "target": target}, keys))
    assert (filled.copied, filled.failed) == (len(keys), [])
    return time.monotonic() - began


def bulk_ratios(seconds: dict[str, list[float]]) -> dict[str, float | None]:
    """Give how many times as fast as each peer ours is, by medians: higher is better."""
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}

    def ratio(ours: str, peer: str) -> float | None:
        return round(middle[peer] / middle[ours], 3) if peer in middle else None

    return {
        "rclone, S3 to GCS": ratio("ours to gcs", "rclone to gcs"),
        "rclone, S3 to S3": ratio("ours to s3", "rclone to s3"),
        "s5cmd, S3 to S3": ratio("ours to s3", "s5cmd to s3"),
    }


def show(result: dict[str, Any]) -> None:
    """Print every figure and every ratio beside its goal."""
    print(f"{result['machine']}, {result['at']}")
    for change in result["change"]:
        print(
            f"{change['changes']} new pictures in a bucket of {change['objects']:,} objects (ratio: part of the time)"
        )
        _lines(change, f"goal <= {GOALS['change']}")
    for bulk in result["bulk"]:
        print(f"{bulk['objects']:,} objects of {bulk['bytes']:,} bytes into an empty bucket (ratio: times as fast)")
        _lines(bulk, f"goal >= {GOALS['bulk rclone']} rclone, {GOALS['bulk s5cmd']} s5cmd")
    if not result["s5cmd"]:
        print(f"s5cmd was left out: it is neither in {S5CMD.parent} nor on PATH")


def _lines(part: dict[str, Any], goal: str) -> None:
    for name, taken in part["seconds"].items():
        print(f"  {name:16} min {taken['min']:8.3f}  median {taken['median']:8.3f}  max {taken['max']:8.3f} s")
    for name, ratio in part["ratios"].items():
        print(f"  ratio to {name}: {'not measured' if ratio is None else ratio}   ({goal})")


def main() -> None:
    """Run the bench and print its table or, with --json, one object as the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--changes", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--small", type=int, default=1000, help="how many objects of 64 KiB the bulk copy has")
    parser.add_argument("--large", type=int, default=8, help="how many objects of 16 MiB the bulk copy has")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        Path(folder).chmod(0o755)
        clouds = Clouds(Path(folder))
        sizes = ((options.small, 65_536), (options.large, 16 * 1024 * 1024))
        result: dict[str, Any] = {
            "at": utc(), "machine": machine(), "runs": options.runs, "s5cmd": s5cmd() is not None,
            "change": bench_change(clouds, options.objects, options.changes, options.runs),
            "bulk": [bench_bulk(clouds, count, size, options.runs) for count, size in sizes if count],
        }  # fmt: skip
    show(result)
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
