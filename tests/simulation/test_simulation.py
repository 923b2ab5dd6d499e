"""The real register and lease code through thousands of simulated accidents: what must hold holds in every seed."""

import os
import time

import pytest

from tests.simulation.world import Variant, simulate

FULL = os.environ.get("LIFEBOAT_FULL") == "1"
SEEDS = 10_000 if FULL else 200
CHUNKS = 200 if FULL else 8
SECONDS = 1500.0 if FULL else 1200.0


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_invariant_breaks(chunk: int) -> None:
    """It keeps one holder an epoch, disjoint terms in mode auto, growing epochs, and every acknowledged write, while standbys
    leave the rule and return."""
    each = SEEDS // CHUNKS
    seeds = range(chunk * each, (chunk + 1) * each)
    started = time.perf_counter()

    reports = {seed: simulate(seed, seconds=SECONDS) for seed in seeds}

    speed = sum(report.simulated_seconds for report in reports.values()) / (time.perf_counter() - started)
    print(
        f"\nseeds {seeds.start} to {seeds.stop - 1}: {sum(report.takeovers for report in reports.values())} takeovers, "
        f"{sum(report.acknowledged for report in reports.values())} acknowledged writes, "
        f"{speed:.0f} simulated seconds per wall second"
    )
    assert {seed: report.violations for seed, report in reports.items() if report.violations} == {}
    assert sum(report.takeovers for report in reports.values()) > each
    assert sum(report.changes for report in reports.values()) > each
    assert sum(report.acknowledged for report in reports.values()) > 50 * each


def test_a_seed_repeats_exactly() -> None:
    """It gives the same run for the same seed, so that a failure can be looked at again."""
    first, second = simulate(7, seconds=400), simulate(7, seconds=400)

    assert first == second
    assert simulate(8, seconds=400) != first


@pytest.mark.parametrize("damage", ["wipe", "roll back"])
def test_a_damaged_store_is_only_missed(damage: str) -> None:
    """It takes a wiped or rolled-back store for unavailable and goes on with the other two."""
    reports = [simulate(seed, Variant(mode="auto", damage=damage)) for seed in range(4)]

    assert [report.violations for report in reports] == [[]] * 4
    assert sum(report.acknowledged for report in reports) > 0
