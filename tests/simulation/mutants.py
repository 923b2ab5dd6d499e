"""Every way of doing it wrong that must be caught, and the test that catches it.

Random seeds miss some of them: their schedules are too rare, so each has a test that plays exactly its schedule.
"""

_SEEDS = "tests/simulation/test_mutants.py::test_a_wrong_agent_is_caught[{}]"

MUTANTS = {
    "watches a key without the nonce": "tests/runbook/test_lease.py::test_a_key_without_the_nonce_is_caught",
    "counts the term from the reply": _SEEDS.format("counts the term from the reply"),
    "takes over without checking the watched key again": (
        "tests/simulation/test_mutants.py::test_taking_over_without_checking_the_watched_key_is_caught"
    ),
    "compares wall clocks": _SEEDS.format("compares wall clocks"),
    "takes a wiped store for empty": _SEEDS.format("takes a wiped store for empty"),
    "trusts a store that was rolled back": _SEEDS.format("trusts a store that was rolled back"),
    "leaves out the margin for drifting clocks": "tests/runbook/test_lease.py::test_the_drift_margin_is_needed",
    "uses a ballot again after a restart (no incarnation)": (
        "tests/runbook/test_register.py::test_ballots_of_a_restart_never_repeat"
    ),
    "promotes without hearing anybody": _SEEDS.format("promotes without hearing anybody"),
    "acts on what may never be committed": _SEEDS.format("acts on what may never be committed"),
    "changes the rule without waiting for whom it names": (
        "tests/simulation/test_mutants.py::test_a_change_of_the_rule_loses_a_write_unless_it_waits"
    ),
    "forgets the previous rule": "tests/simulation/test_mutants.py::test_forgetting_the_previous_rule_is_caught",
}
