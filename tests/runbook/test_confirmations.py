"""When a standby leaves the rule and when it comes back, from what the primary sees of its confirmations."""

from hypothesis import given
from hypothesis import strategies as st

from scripts.runbook.confirmations import LEAVE_SECONDS, RETURN_SECONDS, Confirmations, Standby, wanted_rule
from scripts.runbook.rule import Rule

BOTH, GCP, AZURE = Rule.of("gcp", "azure"), Rule.of("gcp"), Rule.of("azure")
WELL, SILENT, RETURNED = Standby(0, 0), Standby(LEAVE_SECONDS, 0), Standby(0, RETURN_SECONDS)
FAULTY = Standby(0, 100, "a table is missing")


def test_a_standby_owes_from_the_first_look_that_found_it_behind() -> None:
    """It counts from the oldest position that is still missing, not from the newest."""
    seen = Confirmations()
    for second in range(4):
        seen.observe(float(second), 100 + second, {"gcp": 99, "azure": 100 + second})

    assert (seen.owing("gcp", 3.0), seen.owing("azure", 3.0)) == (3.0, 0.0)
    seen.observe(4.0, 105, {"gcp": 101, "azure": 105})
    assert seen.owing("gcp", 4.0) == 2.0


def test_an_agent_that_stood_still_accuses_nobody() -> None:
    """After 90 s without a look it finds that what was missing then has been confirmed since."""
    seen = Confirmations()
    seen.observe(0.0, 100, {"gcp": 99})
    seen.observe(90.0, 900, {"gcp": 899})

    assert seen.owing("gcp", 90.0) == 0.0


def test_nobody_owes_while_there_is_nothing_to_confirm() -> None:
    """Silence without writes is no fault."""
    seen = Confirmations()
    for second in range(60):
        seen.observe(float(second), 100, {"gcp": 100})

    assert seen.owing("gcp", 59.0) == 0.0
    assert seen.in_step("gcp", 59.0) == 59.0


def test_being_in_step_starts_anew_after_a_gap() -> None:
    """A standby that fell behind by more than a second has to prove itself again."""
    seen = Confirmations()
    seen.observe(0.0, 100, {"gcp": 100})
    seen.observe(10.0, 200, {"gcp": 100})
    seen.observe(11.5, 200, {"gcp": 100})
    assert seen.in_step("gcp", 11.5) == 0.0
    seen.observe(12.0, 200, {"gcp": 200})
    seen.observe(14.0, 200, {"gcp": 200})

    assert seen.in_step("gcp", 14.0) == 2.0


def test_a_slot_that_is_gone_is_forgotten() -> None:
    """A standby whose slot vanished is not in step when a new slot of that name appears."""
    seen = Confirmations()
    seen.observe(0.0, 100, {"gcp": 100})
    seen.observe(10.0, 100, {})
    seen.observe(11.0, 100, {"gcp": 100})

    assert seen.in_step("gcp", 11.0) == 0.0


def test_a_silent_standby_leaves_and_comes_back() -> None:
    """It takes out who owes, and takes back who has been in step."""
    assert wanted_rule(BOTH, {"gcp": SILENT, "azure": WELL}) == AZURE
    assert wanted_rule(AZURE, {"gcp": Standby(0, RETURN_SECONDS - 0.1), "azure": WELL}) == AZURE
    assert wanted_rule(AZURE, {"gcp": RETURNED, "azure": WELL}) == BOTH


def test_the_last_one_changes_place_and_never_leaves_one_copy() -> None:
    """Without a person the rule keeps naming somebody; who is back in step takes the place of who is gone."""
    assert wanted_rule(BOTH, {"gcp": SILENT, "azure": SILENT}) == BOTH
    assert wanted_rule(AZURE, {"gcp": SILENT, "azure": SILENT}) == AZURE
    assert wanted_rule(AZURE, {"gcp": RETURNED, "azure": SILENT}) == GCP


def test_one_copy_needs_a_person_and_ends_by_itself() -> None:
    """It is chosen only when nobody confirms, and the first standby in step ends it."""
    assert wanted_rule(BOTH, {"gcp": SILENT, "azure": SILENT}, alone=True) == Rule.single_copy()
    assert wanted_rule(BOTH, {"gcp": SILENT, "azure": WELL}, alone=True) == AZURE
    assert wanted_rule(Rule.single_copy(), {"gcp": SILENT, "azure": WELL}) == Rule.single_copy()
    assert wanted_rule(Rule.single_copy(), {"gcp": SILENT, "azure": RETURNED}) == AZURE


def test_a_fault_never_counts() -> None:
    """A standby that misses a table confirms as well, and must not: rather nothing is acknowledged."""
    assert wanted_rule(BOTH, {"gcp": FAULTY, "azure": WELL}) == AZURE
    assert wanted_rule(BOTH, {"gcp": FAULTY, "azure": SILENT}) == AZURE
    assert wanted_rule(GCP, {"gcp": FAULTY, "azure": SILENT}) == Rule(())
    assert wanted_rule(AZURE, {"gcp": FAULTY, "azure": WELL}) == AZURE


standbys = st.builds(Standby, st.floats(0, 20), st.floats(0, 20), st.sampled_from(["", "", "its slot is lost"]))


@given(st.sampled_from([BOTH, GCP, AZURE]), standbys, standbys)
def test_nobody_decides_one_copy_but_a_person(rule: Rule, gcp: Standby, azure: Standby) -> None:
    """Whatever is seen, the rule never becomes the single copy by itself, and names nobody with a fault."""
    wanted = wanted_rule(rule, {"gcp": gcp, "azure": azure})

    assert not wanted.is_single_copy
    assert not any({"gcp": gcp, "azure": azure}[site].fault for site in wanted.sites)


@given(st.lists(st.tuples(st.floats(0.1, 2), st.integers(0, 50), st.booleans()), max_size=80))
def test_who_confirms_at_once_never_owes_for_long(looks: list[tuple[float, int, bool]]) -> None:
    """However irregular the looks, a standby that is always at most one look behind never reaches the limit."""
    seen, now, end, before = Confirmations(), 0.0, 0, 0
    for pause, written, is_late in looks:
        now, before, end = now + pause, end, end + written
        seen.observe(now, end, {"gcp": before if is_late else end})

        assert seen.owing("gcp", now) <= 2
