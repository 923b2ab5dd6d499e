"""`python -m tests.bench.media [--objects 100000] [--changes 1 100] [--json] [--write]`: pictures between clouds, beside rclone and s5cmd.

change: as many pictures as named are new in a bucket that holds all the others already; how long until the other cloud
holds them too. Ours is the outbox's worker on a real database; rclone lists and compares both buckets.
bulk: many small pictures and fewer large ones into an empty bucket of another cloud: `media back-fill`, which compares every
byte with its name, beside rclone and, from one S3 to another, s5cmd, which knows one endpoint at a time and goes by disk.
A tool that is not installed is skipped with its reason, and its ratio left empty.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore

from scripts.runbook import media
from tests.bench.clouds import S5CMD, Clouds, empty, key_of, put, s5cmd
from tests.bench.media_change import bench_change
from tests.bench.records import EVIDENCE, ROOT, RunFile, machine, markdown, spread
from tests.embedded.running_stores import RunningStore

NO_S5CMD = f"s5cmd was left out: it is neither in {S5CMD.parent.relative_to(ROOT)} nor on PATH"
GOALS = {"change": 0.02, "bulk rclone": 1.0, "bulk s5cmd": 0.9}


def bench_bulk(clouds: Clouds, count: int, size: int, runs: int) -> dict[str, Any]:
    """Measure a copy into an empty bucket of another cloud, Cloud Storage or S3, each tool in turn."""
    s3, gcs = clouds.start("aws", f"s3-{size}"), clouds.start("gcp", f"gcs-{size}", seconds_between_writes=0)
    other = clouds.start("aws", f"other-{size}")
    for name, store in (("s3", s3), ("gcs", gcs), ("other", other)):
        clouds.remote(name, store)
    pictures = [secrets.token_bytes(size) for _ in range(count)]
    put(s3.open(), pictures)
    keys = {key_of(data) for data in pictures}
    tools: dict[str, tuple[RunningStore, Callable[[], float]]] = {
        "ours to gcs": (gcs, lambda: ours_bulk(s3, gcs, keys)),
        "rclone to gcs": (gcs, lambda: clouds.rclone("copy", "s3:lifeboat-media", "gcs:lifeboat-media")),
        "ours to s3": (other, lambda: ours_bulk(s3, other, keys)),
        "rclone to s3": (other, lambda: clouds.rclone("copy", "s3:lifeboat-media", "other:lifeboat-media")),
    }
    if s5cmd():
        tools["s5cmd to s3"] = (other, lambda: clouds.s5cmd_through_disk(s3, other))
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(runs):
        for name, (target, copy) in tools.items():
            empty(target.open())
            seconds[name].append(copy())
            assert {one["path"] for one in obstore.list(target.open()).collect()} == keys, name
    for store in (s3, gcs, other):
        store.stop()
    return {"objects": count, "bytes": size, "seconds": {name: spread(taken) for name, taken in seconds.items()},
            "ratios": bulk_ratios(seconds)}  # fmt: skip


def ours_bulk(source: RunningStore, target: RunningStore, keys: set[str]) -> float:
    began = time.monotonic()
    filled = asyncio.run(media.back_fill("target", {"source": source.open(), "target": target.open()}, keys))
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
    for title, part, goal in parts(result):
        print(title)
        for name, taken in part["seconds"].items():
            print(f"  {name:16} min {taken['min']:8.3f}  median {taken['median']:8.3f}  max {taken['max']:8.3f} s")
        for name, ratio in part["ratios"].items():
            print(f"  ratio to {name}: {'not measured' if ratio is None else ratio}   ({goal})")
    if not result["s5cmd"]:
        print(NO_S5CMD)


def parts(result: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    """Give each part of a run with its title and its goal."""
    changes = [
        (f"{part['changes']} new pictures, {part['objects']:,} objects in each bucket", part,
         f"part of the peer's time, goal <= {GOALS['change']}") for part in result["change"]
    ]  # fmt: skip
    bulk = [
        (f"{part['objects']:,} objects of {part['bytes']:,} bytes into an empty bucket", part,
         f"times as fast, goal >= {GOALS['bulk rclone']} rclone, {GOALS['bulk s5cmd']} s5cmd") for part in result["bulk"]
    ]  # fmt: skip
    return [*changes, *bulk]


def report(result: dict[str, Any]) -> str:
    """Give the record of one run as Markdown."""
    rows = [
        (title, name, taken["min"], taken["median"], taken["max"])
        for title, part, _ in parts(result)
        for name, taken in part["seconds"].items()
    ]
    ratios = [
        (title, name, ratio, goal) for title, part, goal in parts(result) for name, ratio in part["ratios"].items()
    ]
    return (
        "# Pictures between clouds\n\n"
        "Written by `python -m tests.bench.media --write`. All tools in one run, on one machine, against the same local\n"
        "stores (ministack for S3, the Cloud Storage double), which share its cores with the tools. Ours compares every\n"
        "byte with its SHA-256; s5cmd knows one endpoint at a time and goes by this disk.\n\n"
        + markdown(("what", "tool", "min s", "median s", "max s"), rows)
        + "\n"
        + markdown(("what", "beside", "ratio", "meaning"), ratios)
        + ("" if result["s5cmd"] else f"\n{NO_S5CMD}\n")
        + f"\n{result['at']}, commit {result['commit']}, {result['runs']} runs. {result['machine']}; "
        f"load of the machine when it began {result['load']}.\n"
    )


def main() -> None:
    """Run the bench and print its table or, with --json, one object as the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--changes", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--small", type=int, default=1000, help="how many objects of 64 KiB the bulk copy has")
    parser.add_argument("--large", type=int, default=32, help="how many objects of 4 MiB the bulk copy has")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/media.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        Path(folder).chmod(0o755)
        clouds = Clouds(Path(folder))
        sizes = ((options.small, 65_536), (options.large, 4 * 1024 * 1024))
        result: dict[str, Any] = {
            "machine": machine(), "load": round(os.getloadavg()[0], 1), "runs": options.runs, "s5cmd": s5cmd() is not None,
            "change": bench_change(clouds, options.objects, options.changes, options.runs),
            "bulk": [bench_bulk(clouds, count, size, options.runs) for count, size in sizes if count],
        }  # fmt: skip
    result = RunFile.of("media").add(result)
    show(result)
    if options.write:
        EVIDENCE.mkdir(parents=True, exist_ok=True)
        (EVIDENCE / "media.md").write_text(report(result))
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
