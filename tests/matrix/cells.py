"""The failure matrix: 22 faults at 7 steps, and the tests that stand in each cell.

A cell that is named in APPLIES and has no test in TESTS is an empty one, and is shown as empty.
"""

from dataclasses import dataclass

STEPS = {
    "S": "steady",
    "F": "fence",
    "P": "promote",
    "C": "scale",
    "D": "DNS",
    "V": "verify",
    "B": "failback",
}

FAULTS = {
    1: "the old site is black-holed: it drops, it does not refuse",
    2: "the account is suspended: its API answers 403, its machines run on",
    3: "the database is dead and the app alive; the app dead and the database alive",
    4: "users reach the old site, and it cannot reach the others",
    5: "a partition that heals",
    6: "an agent stands still, then goes on",
    7: "PostgreSQL stands still between the check and the commit",
    8: "clocks step and drift",
    9: "a control store lies, delays, refuses: 503 after success, 429, 409, late writes",
    10: "a control store is wiped, made anew or rolled back",
    11: "two control stores are gone",
    12: "a standby is far behind, does not apply, lacks a table, or lost its slot",
    13: "the runbook is killed at each record; a torn journal line; a full disk",
    14: "two operators or two challengers at once",
    15: "one DNS vendor down, both down, a stale plan late, an empty plan",
    16: "image registry, secrets, state or CI only on the dead provider",
    17: "quota or capacity missing, a slow cold start",
    18: "media missing for some rows",
    19: "sequences, large objects, changes of schema that were not replicated",
    20: "a second site dies during the failover",
    21: "the old site comes back writable with rows of its own",
    22: "credentials expire or are rotated half-way",
}

APPLIES = {
    1: "SFPCDVB", 2: "SFPCDVB", 3: "SF", 4: "SFPDV", 5: "SFP", 6: "SFP", 7: "FP", 8: "SF", 9: "SFP", 10: "SFP", 11: "SF",
    12: "SFP", 13: "FPCDVB", 14: "FPD", 15: "DV", 16: "PCD", 17: "CV", 18: "V", 19: "PV", 20: "PCDV", 21: "VB",
    22: "SFPCDVB",
}  # fmt: skip

Cell = tuple[int, str]

_LIVE = "tests/matrix/test_live.py::test_it_reaches_the_same_end[{}-{}-{}]"
# At which moment of the step the fault strikes and the runbook is killed.
MOMENTS = ("entry", "middle", "before its record")
# The step of the runbook that stands for a column.
STRUCK = {"F": "stop_applying", "P": "promote", "D": "point_dns", "V": "verify_outside"}


@dataclass(frozen=True)
class Strike:
    """One live cell at one moment."""

    fault: int
    step: str
    moment: str

    @property
    def test(self) -> str:
        return _LIVE.format(self.fault, self.step, self.moment)


# The faults that are brought about on three running sites, each at every column of the runbook that it applies to.
LIVE_FAULTS = (1, 2, 4, 5, 6, 9, 10, 13, 14, 15, 20, 22)
STRIKES = tuple(
    Strike(fault, step, moment)
    for fault in LIVE_FAULTS
    for step in APPLIES[fault]
    if step in STRUCK
    for moment in MOMENTS
)

_R, _A, _E, _X = "tests/runbook/", "tests/app/", "tests/embedded/", "tests/acceptance/"
# No step of ours scales anything: each provider's own scaling does, from a standby's one process to all that a site may have.
_SCALES = (_R + "test_no_cloud.py::test_an_agent_and_all_its_steps_load_without_any_cloud_s_library",
           "tests/infra/test_config.py::test_capacity_changes_the_service_alone")  # fmt: skip
_NOT_READY = _R + "test_evacuation.py::test_a_site_that_is_not_in_step_does_not_fail_back"
_COMPONENT: dict[Cell, tuple[str, ...]] = {
    **{(fault, "C"): _SCALES for fault in (1, 2, 13, 17, 20, 22)},
    (1, "S"): (_R + "test_register.py::test_any_one_store_may_be_gone_and_nobody_waits_for_it",
               _R + "test_register.py::test_a_silent_store_is_given_up_after_its_limit"),
    (1, "F"): (_X + "test_hung_cloud.py::test_a_hung_primary_is_left_behind_and_fenced_when_it_wakes",),
    (1, "B"): (_NOT_READY, _R + "test_plan.py::test_it_refuses_in_one_sentence"),
    (2, "B"): (_NOT_READY, _R + "test_register.py::test_any_one_store_may_be_gone_and_nobody_waits_for_it"),
    (2, "S"): (_R + "test_acceptors.py::test_a_refused_or_empty_read_is_unavailable",),
    (3, "S"): (_A + "test_durability.py::test_a_dead_database_is_noticed_in_seconds",
               _X + "test_failover.py::test_without_its_agent_a_site_becomes_read_only"),
    (3, "F"): (_A + "test_durability.py::test_a_database_that_dies_at_the_commit_leaves_the_write_unknown",),
    (4, "S"): ("tests/history/test_planted_bug.py::test_the_app_keeps_its_word",),
    (4, "F"): (_R + "test_lease.py::test_an_unknown_renewal_extends_nothing",
               _R + "test_fence.py::test_it_closes_by_itself_when_the_term_ends"),
    (4, "D"): (_E + "test_edge.py::test_old_connections_are_cut_after_the_drain",),
    (5, "S"): ("tests/simulation/test_simulation.py::test_no_invariant_breaks[0]",
               _R + "test_confirmations.py::test_a_silent_standby_leaves_and_comes_back"),
    (6, "S"): (_R + "test_confirmations.py::test_an_agent_that_stood_still_accuses_nobody",
               _X + "test_auto.py::test_a_pause_shorter_than_the_term_moves_nothing"),
    (6, "F"): (_R + "test_lease.py::test_a_lost_lease_is_told_with_the_winner",),
    (7, "F"): (_A + "test_durability.py::test_a_lease_that_ends_inside_a_transaction_stops_its_commit",
               _R + "test_replication.py::test_a_transaction_that_outlives_the_lease_does_not_commit"),
    (7, "P"): (_A + "test_durability.py::test_a_write_that_saw_its_epoch_end_is_unknown_at_once",),
    (8, "S"): (_R + "test_lease.py::test_no_pair_of_clocks_makes_two_holders",
               _R + "test_lease.py::test_a_term_is_counted_from_before_the_request",
               _R + "test_clocks.py::test_a_clock_that_is_off_shows"),
    (8, "F"): (_R + "test_lease.py::test_the_drift_margin_is_needed",
               "tests/simulation/test_mutants.py::test_a_wrong_agent_is_caught[compares wall clocks]"),
    (9, "S"): (_R + "test_acceptors.py::test_a_refused_write_is_a_conflict_or_a_doubt",
               _R + "test_register.py::test_a_write_that_lands_late_cannot_undo_a_newer_one"),
    (9, "F"): (_R + "test_register.py::test_an_unknown_write_is_either_built_on_or_gone",
               _R + "test_lease.py::test_a_takeover_done_again_finds_its_own_win"),
    (10, "S"): (_R + "test_register.py::test_a_wiped_store_is_unavailable_and_never_empty",
                _R + "test_register.py::test_a_store_that_was_rolled_back_does_not_count_and_is_named"),
    (10, "F"): (_R + "test_membership.py::test_a_returning_store_counts_for_nothing_until_it_is_admitted",
                _R + "test_membership.py::test_a_rolled_back_store_is_noticed_and_taken_back"),
    (10, "P"): (_R + "test_membership.py::test_no_step_is_lost_whatever_is_wiped_and_readmitted",),
    (11, "S"): (_R + "test_register.py::test_two_dead_stores_are_known_at_once",
                _R + "test_control.py::test_with_every_store_gone_there_are_only_reasons"),
    (11, "F"): (_X + "test_failover.py::test_with_one_store_left_nobody_guesses",
                _R + "test_lease.py::test_a_takeover_out_of_reach_is_unknown"),
    (12, "S"): (
               _R + "test_standby_faults.py::test_a_standby_whose_slot_vanished_leaves_at_once_and_comes_back_by_a_copy_alone",
               _R + "test_continuity.py::test_a_standby_that_was_restored_is_noticed_and_only_a_copy_ends_it",
               _R + "test_standby_faults.py::test_a_subscription_that_ends_in_an_error_says_so_until_it_goes_on",
               _R + "test_confirmations.py::test_a_slot_that_is_gone_is_forgotten",
                _R + "test_health.py::test_a_subscription_in_trouble_says_so",
                _R + "test_health.py::test_a_table_outside_the_publication_shows"),
    (12, "F"): (_X + "test_failover.py::test_a_standby_that_does_not_answer_stops_a_failover",),
    (12, "P"): (_R + "test_replication.py::test_a_slot_that_may_begin_too_late_is_refused",
                _R + "test_plan.py::test_a_standby_that_fell_silent_meanwhile_stops_a_resumed_run"),
    (13, "F"): (_R + "test_move_steps.py::test_a_switchover_killed_inside_any_act_reaches_the_same_end",
                _X + "test_failover.py::test_killed_at_every_step_it_reaches_the_same_end",
                _R + "test_runner.py::test_killed_in_the_middle_of_a_line_it_goes_on"),
    (13, "P"): (_R + "test_move_steps.py::test_a_failover_killed_inside_any_act_reaches_the_same_end",
                _R + "test_runner.py::test_killed_anywhere_it_goes_on_to_the_same_end",
                _R + "test_journal.py::test_a_full_disk_stops_the_step_and_leaves_the_journal_whole"),
    (13, "D"): (_R + "test_runner.py::test_killed_at_every_moment_one_after_the_other",),
    (13, "V"): (_R + "test_runner.py::test_with_a_full_disk_no_further_step_begins",),
    (13, "B"): (_R + "test_rejoin_steps.py::test_killed_inside_any_act_it_goes_on_to_the_same_end",
                _R + "test_commissions.py::test_an_agent_that_is_started_again_finds_what_it_was_in_the_middle_of",),
    (14, "F"): (_R + "test_lease.py::test_the_loser_learns_the_winners_name",
                _R + "test_register.py::test_eight_proposers_at_once_count_right"),
    (14, "P"): (_R + "test_requests.py::test_a_request_of_another_epoch_names_who_was_faster",
                _R + "test_journal.py::test_two_runs_of_one_runbook_never_mix_their_lines",),
    (14, "D"): (_R + "test_traffic.py::test_of_two_controllers_with_one_epoch_exactly_one_wins",
                _R + "test_traffic.py::test_of_two_controllers_the_newer_epoch_ends_everywhere"),
    (15, "D"): (_R + "test_traffic.py::test_one_vendor_down_is_reported_and_not_fatal",
                _R + "test_traffic.py::test_all_vendors_down_is_fatal",
                _R + "test_traffic.py::test_stale_epoch_is_refused",
                _R + "test_traffic.py::test_empty_answer_is_refused"),
    (15, "V"): (_E + "test_edge.py::test_last_answer_stays_when_dns_is_down",
                _E + "test_edge.py::test_last_answer_stays_when_the_zone_has_none"),
    (20, "P"): (_R + "test_lease.py::test_a_second_death_during_the_move_hears_both_rules",
                _R + "test_plan.py::test_a_move_whose_holder_died_is_planned_on_the_log_that_the_candidate_follows"),
    (16, "P"): (_R + "test_inventory.py::test_a_site_s_owner_must_not_be_the_only_one_of_anything",),
    (16, "C"): ("tests/conformance/test_clouds.py::test_all_processes_run_one_image_by_digest",
                "tests/conformance/test_clouds.py::test_no_cloud_imports_another"),
    (16, "D"): (_R + "test_inventory.py::test_one_owner_twice_is_red",
                _R + "test_site_secrets.py::test_a_missing_one_is_copied_from_the_others"),
    (17, "V"): (_R + "test_verify.py::test_a_cold_start_is_waited_for",
                _R + "test_verify.py::test_a_start_that_never_comes_is_said_with_what_was_seen"),
    (18, "V"): (_R + "test_media.py::test_every_kind_of_trouble_is_found_and_mended",
                _X + "test_media.py::test_a_bucket_that_came_back_empty_is_found_and_filled"),
    (19, "P"): (_R + "test_health.py::test_another_column_or_key_shows_in_the_digest",),
    (19, "V"): ("tests/app/test_migrate.py::test_every_replicated_table_has_a_primary_key_made_by_the_app",
                _R + "test_readiness.py::test_what_is_wrong_is_said_before"),
    (21, "V"): (_X + "test_hung_cloud.py::test_a_hung_primary_is_left_behind_and_fenced_when_it_wakes",
                _X + "test_coming_back.py::test_a_death_and_the_way_back"),
    (21, "B"): (_R + "test_rejoin.py::test_whatever_a_site_alone_did_both_end_with_the_same_rows",),
    (22, "B"): (_NOT_READY, _R + "test_health.py::test_a_link_that_would_carry_nothing_is_named"),
    (22, "S"): (_R + "test_health.py::test_a_link_that_would_carry_nothing_is_named",
                _R + "test_health.py::test_a_role_without_the_privileges_is_told_which"),
}  # fmt: skip


def cell_tests(cell: Cell) -> tuple[str, ...]:
    """Return the tests of a cell: those of the parts, and those on three running sites."""
    live = tuple(strike.test for strike in STRIKES if (strike.fault, strike.step) == cell)
    return (*_COMPONENT.get(cell, ()), *live)


CELLS: tuple[Cell, ...] = tuple((fault, step) for fault, steps in APPLIES.items() for step in steps)
EMPTY: tuple[Cell, ...] = tuple(cell for cell in CELLS if not cell_tests(cell))

# One fixed spread for every day: cheap cells, and four on running sites.
DAILY_STRIKES = (
    Strike(13, "F", "entry"),
    Strike(20, "P", "middle"),
    Strike(15, "D", "before its record"),
    Strike(9, "P", "entry"),
)
DAILY_CELLS: tuple[Cell, ...] = (
    (1, "S"), (2, "S"), (3, "F"), (5, "S"), (6, "F"), (7, "F"), (7, "P"), (8, "S"), (8, "F"), (9, "S"), (9, "F"), (10, "S"),
    (10, "F"), (11, "S"), (12, "S"), (12, "P"), (13, "D"), (13, "V"), (14, "F"), (14, "P"), (14, "D"),
)  # fmt: skip


def daily() -> tuple[str, ...]:
    """Return the tests of the spread of 25 cells."""
    parts = [test for cell in DAILY_CELLS for test in _COMPONENT[cell]]
    return (*dict.fromkeys(parts), *(strike.test for strike in DAILY_STRIKES))
