"""The matrix itself: every test it names is there, and its daily spread is 25 cells."""

import re
from pathlib import Path

import pytest

from tests.matrix.cells import APPLIES, CELLS, DAILY_CELLS, DAILY_STRIKES, EMPTY, FAULTS, STEPS, STRIKES, cell_tests

ROOT = Path(__file__).parents[2]


def test_it_is_22_faults_at_7_steps() -> None:
    """It names 22 faults, 7 steps, and only cells of them."""
    assert (list(FAULTS), len(STEPS)) == (list(range(1, 23)), 7)
    assert set(APPLIES) == set(FAULTS)
    assert {step for _, step in CELLS} == set(STEPS)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell not in EMPTY], ids=lambda cell: f"{cell[0]}{cell[1]}")
def test_every_test_of_a_cell_is_there(cell: tuple[int, str]) -> None:
    """It names functions that its files have."""
    for test in cell_tests(cell):
        path, _, name = test.partition("::")
        assert re.search(rf"def {name.partition('[')[0]}\(", (ROOT / path).read_text()), test


def test_the_daily_spread_is_25_cells() -> None:
    """It is 25 different cells, four of them on running sites, and none is empty."""
    spread = {*DAILY_CELLS, *((strike.fault, strike.step) for strike in DAILY_STRIKES)}

    assert len(spread) == 25
    assert set(DAILY_STRIKES) <= set(STRIKES)
    assert not spread & set(EMPTY)
