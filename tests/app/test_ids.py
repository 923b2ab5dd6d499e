"""Keys: UUIDv7 inside, a decimal integer outside."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound
from app.ids import from_api, from_parts, new_id, to_api


def test_a_key_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    """It carries the millisecond it was made in, and the version and variant of RFC 9562."""
    before = time.time_ns() // 1_000_000

    made = new_id()

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= before + 1000


def test_keys_of_one_process_only_grow() -> None:
    """It keeps the order in which keys were made, also within one millisecond."""
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(set(made))


def test_the_decimal_form_sorts_like_the_key_for_a_thousand_years() -> None:
    """It has the same number of digits now and in a thousand years, so it sorts as text too."""
    now, later = to_api(new_id()), to_api(from_parts(time.time_ns() // 1_000_000 + 1000 * 31_557_600_000, 0, 0))

    assert len(now) == 37
    assert now < later or len(later) > len(now)


@given(st.integers(min_value=0, max_value=(1 << 128) - 1))
def test_the_decimal_form_reads_back(number: int) -> None:
    """It gives back the key it was made from."""
    assert from_api(to_api(UUID(int=number))) == UUID(int=number)


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "1.5", "٣", str(1 << 128), "9" * 5000, "0190b3a0-0000-7000-8000-000000000000"]
)
def test_anything_else_is_no_record(text: str) -> None:
    """It treats a text that cannot be a key as a record that does not exist."""
    with pytest.raises(NotFound):
        from_api(text)
