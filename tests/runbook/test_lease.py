"""The lease: who may take over when, and what counts afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.runbook import lease
from scripts.runbook.errors import BadLeaseRecord, BadTerms
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseAnswer, LeaseKey, LeaseRecord, Terms, Watch
from scripts.runbook.register import Register
from scripts.runbook.rule import Rule, either, joint
from tests.runbook.memory_stores import Stores, run

TERMS = Terms(duration=3.0, renew_every=0.5, drift=0.01, guard=0.3)
ANY_ONE, GCP, AZURE = Rule.of("gcp", "azure"), Rule.of("gcp"), Rule.of("azure")


def record(**changes: object) -> LeaseRecord:
    return replace(LeaseRecord.first("aws", ANY_ONE, ("gcp", "azure")), **changes)


async def begun(first: LeaseRecord | None = None) -> Stores:
    stores = Stores()
    await found_register(stores, "test", (first or record()).to_value())
    return stores


async def take(register: Register, site: str, epoch: int = 1, **more: object) -> LeaseAnswer:
    """Take over for `site` in the run that carries its name, at 100 s on its clock."""
    settings: dict = {"runbook_id": f"run-{site}", "approved_by": "ada"} | more
    rule = settings.pop("rule", AZURE if site != "azure" else GCP)
    return await lease.take_over(register, site, epoch, rule, TERMS, 100.0, **settings)


def test_a_term_is_counted_from_before_the_request() -> None:
    """It gives the time that the caller read before, plus the holder's share, and a nonce of its own each time."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("aws", "inc7")

        first = await lease.renew(register, "aws", 1, TERMS, 50.0)
        second = await lease.renew(register, "aws", 1, TERMS, 51.0)

        assert (first.kind, first.valid_until) == ("renewed", 50.0 + 3.0 * 0.99 - 0.3)
        assert first.record
        assert second.record
        assert (first.record.seq, second.record.seq) == (1, 2)
        assert first.record.nonce != second.record.nonce
        assert "inc7" in first.record.nonce

    run(scene())


def test_an_unknown_renewal_extends_nothing() -> None:
    """It gives no time at all when a majority did not answer."""

    async def scene() -> None:
        stores = await begun()
        stores.only("aws")

        answer = await lease.renew(stores.register("aws"), "aws", 1, TERMS, 50.0)

        assert (answer.kind, answer.valid_until) == ("unknown", None)

    run(scene())


def test_a_lost_lease_is_told_with_the_winner() -> None:
    """It answers lost, with the record that stands, to the holder of an older epoch."""

    async def scene() -> None:
        stores = await begun()
        assert (await take(stores.register("gcp", "g"), "gcp")).kind == "won"

        answer = await lease.renew(stores.register("aws", "a"), "aws", 1, TERMS, 50.0)

        assert answer.kind == "lost"
        assert "gcp" in answer.reason
        assert answer.valid_until is None

    run(scene())


def test_a_person_takes_over_and_the_record_carries_both_rules() -> None:
    """It wins the next epoch at once, `switching`, with the planned rule beside the previous one; `settle` ends that."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("gcp", "g")

        won = await take(register, "gcp")
        settled = await lease.settle(register, "gcp", 2, TERMS, 101.0)

        assert (won.kind, won.valid_until) == ("won", 100.0 + TERMS.holder_seconds)
        assert won.record
        assert (won.record.epoch, won.record.holder, won.record.state) == (2, "gcp", "switching")
        assert won.record.rules_to_hear() == (AZURE, ANY_ONE)
        assert (won.record.approved_by, won.record.runbook_id, won.record.live) == ("ada", "run-gcp", ("azure",))
        assert settled.record
        assert (settled.record.state, settled.record.previous_rule, settled.record.epoch) == ("held", None, 2)
        assert settled.valid_until == 101.0 + TERMS.holder_seconds

    run(scene())


def test_a_second_death_during_the_move_hears_both_rules() -> None:
    """It keeps every rule that may have acknowledged through a takeover of a takeover."""

    async def scene() -> None:
        stores = await begun()
        await take(stores.register("gcp", "g"), "gcp", rule=AZURE)

        second = await take(stores.register("azure", "z"), "azure", 2, rule=Rule.single_copy())

        assert second.record
        assert second.record.previous_rule == either(AZURE, ANY_ONE)
        refusal = second.record.rule_to_hear().promotable({"azure"})
        assert refusal is not None

    run(scene())


def test_the_loser_learns_the_winners_name() -> None:
    """It lets one of two takeovers of the same epoch win, and refuses the other by name."""

    async def scene() -> None:
        stores = await begun()
        sites = ("gcp", "azure")

        answers = await asyncio.gather(*(take(stores.register(site, site), site) for site in sites))

        kinds = sorted(answer.kind for answer in answers)
        assert kinds == ["refused", "won"]
        loser = next(answer for answer in answers if answer.kind == "refused")
        winner = next(answer for answer in answers if answer.kind == "won")
        assert winner.record
        assert loser.reason.startswith(f"{winner.record.holder} holds epoch 2, by ada")

    run(scene())


def test_a_takeover_done_again_finds_its_own_win() -> None:
    """It wins the same epoch again in the same run, and refuses another run of the same site."""

    async def scene() -> None:
        stores = await begun()
        await take(stores.register("gcp", "first"), "gcp")

        again = await take(stores.register("gcp", "second"), "gcp")
        other = await take(stores.register("gcp", "third"), "gcp", runbook_id="another")

        assert again.kind == "won"
        assert again.record
        assert (again.record.epoch, again.record.state) == (2, "switching")
        assert other.kind == "refused"

    run(scene())


def test_a_takeover_out_of_reach_is_unknown() -> None:
    """It says so after its tries, and done again later it wins or finds its win."""

    async def scene() -> None:
        stores = await begun()
        stores.only("gcp")
        register = stores.register("gcp", "g")
        unknown = await take(register, "gcp")
        stores.only(*stores)

        later = await take(register, "gcp")

        assert unknown.kind == "unknown"
        assert later.kind == "won"
        assert later.record
        assert later.record.epoch == 2

    run(scene())


@pytest.mark.parametrize(
    ("site", "first", "more", "says"),
    [
        ("aws", record(), {}, "aws is the primary already"),
        ("gcp", record(epoch=4), {}, "aws holds epoch 4, not epoch 1"),
        ("gcp", record(), {"approved_by": None}, "needs a person's word"),
        ("gcp", record(mode="auto"), {"approved_by": None, "watched": LeaseKey(1, 0, "old")}, "has renewed"),
        ("gcp", record(mode="auto"), {"approved_by": None, "rule": Rule.single_copy()}, "one copy alone"),
        ("gcp", record(state="released", candidate="azure"), {"approved_by": None}, "needs a person's word"),
    ],
)
def test_who_may_not_take_over(site: str, first: LeaseRecord, more: dict, says: str) -> None:
    """It refuses in a sentence and writes nothing."""

    async def scene() -> None:
        stores = await begun(first)

        wish: dict = {"rule": AZURE if site == "gcp" else GCP} | more
        answer = await take(stores.register(site, "x"), site, 1, **wish)

        assert answer.kind == "refused"
        assert says in answer.reason
        assert await lease.read_record(stores.register("azure", "r")) == first

    run(scene())


def test_auto_mode_takes_over_from_the_watched_renewal_only() -> None:
    """It wins when the renewal it watched is the newest, and loses to one that came in the last moment."""

    async def scene() -> None:
        stores = await begun(record(mode="auto"))
        watch = Watch(TERMS, asyncio.get_running_loop().time)
        watcher, holder = stores.register("gcp", "g"), stores.register("aws", "a")
        watch.observe(await lease.read_record(watcher))
        await lease.renew(holder, "aws", 1, TERMS, 0.0)

        stale = await take(watcher, "gcp", approved_by=None, watched=watch.key)
        watch.observe(await lease.read_record(watcher))
        fresh = await take(watcher, "gcp", approved_by=None, watched=watch.key)

        assert (stale.kind, fresh.kind) == ("refused", "won")

    run(scene())


def test_a_nonce_that_never_counted_restarts_the_watch() -> None:
    """It refuses a takeover when the renewal it watched was lost and made again; a key without the nonce would not notice."""
    assert run(_renewal_made_twice()).kind == "refused"


def test_a_key_without_the_nonce_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows two writable sites with the broken key: the same schedule then ends in a takeover of a fresh renewal."""
    monkeypatch.setattr(LeaseRecord, "key", property(lambda found: LeaseKey(found.epoch, found.seq, "")))

    assert run(_renewal_made_twice()).kind == "won"


async def _renewal_made_twice() -> LeaseAnswer:
    """A renewal reaches one store, a challenger sees it there; the holder makes it again elsewhere much later."""
    stores = await begun(record(mode="auto"))
    holder, challenger = stores.register("aws", "a"), stores.register("gcp", "g")
    loop = asyncio.get_running_loop()
    watch = Watch(TERMS, loop.time)
    await holder.prepare()
    stores.only("azure")
    assert (await lease.renew(holder, "aws", 1, TERMS, loop.time())).kind == "unknown"
    stores.only(*stores)
    watch.observe(await lease.read_record(challenger))
    await asyncio.sleep(TERMS.challenger_seconds - 1)
    stores.only("aws", "gcp")
    renewed = await lease.renew(holder, "aws", 1, TERMS, loop.time())
    assert renewed.kind == "renewed"
    await asyncio.sleep(1)
    assert watch.due
    assert renewed.valid_until is not None
    assert renewed.valid_until > loop.time()
    return await take(challenger, "gcp", approved_by=None, watched=watch.key)


def test_a_watch_counts_from_when_it_first_saw() -> None:
    """It is overdue once a renewal is late and due after the challenger's time; news restarts it, silence does not."""
    now = [10.0]
    watch = Watch(TERMS, lambda: now[0])
    watch.observe(None)
    assert not watch.overdue
    watch.observe(record())

    now[0] += TERMS.overdue_seconds
    assert watch.overdue
    now[0] = 10.0 + TERMS.challenger_seconds
    watch.observe(None)
    watch.observe(record())
    assert watch.due
    watch.observe(record(nonce="new"))

    assert not watch.due
    assert not watch.overdue


@given(
    duration=st.floats(1, 300),
    drift=st.floats(0, 0.05),
    guard=st.floats(0, 0.4),
    holder=st.floats(-1, 1),
    challenger=st.floats(-1, 1),
)
def test_no_pair_of_clocks_makes_two_holders(
    duration: float, drift: float, guard: float, holder: float, challenger: float
) -> None:
    """It ends the holder's term before the challenger's wait, for all clocks that keep the drift."""
    terms = Terms(duration, 0.1, drift, guard)

    held = terms.holder_seconds / (1 + holder * drift)
    waited = terms.challenger_seconds / (1 + challenger * drift)

    assert held <= waited + 1e-9


def test_the_drift_margin_is_needed() -> None:
    """It would overlap without any margin: a slow holder's clock outlasts a fast challenger's."""
    duration, drift = 30.0, 0.009

    held, waited = duration / (1 - drift), duration / (1 + drift)

    assert held - waited > 0.5


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((0, 1, 0, 0), "not times"),
        ((3, 3, 0.01, 0), "run out first"),
        ((3, 1, 0.6, 0), "not times"),
        ((3, 1, 0, -1), "not"),
    ],
)
def test_terms_that_cannot_work_are_refused(numbers: tuple[float, float, float, float], says: str) -> None:
    """It names what is wrong with the times."""
    with pytest.raises(BadTerms, match=says):
        Terms(*numbers)


def test_a_released_lease_goes_to_its_candidate_without_a_word() -> None:
    """It lets the candidate take over at once, ends the old holder's term, and can be said twice."""

    async def scene() -> None:
        stores = await begun()
        holder = stores.register("aws", "a")

        first = await lease.release(holder, "aws", 1, "gcp")
        again = await lease.release(holder, "aws", 1, "gcp")
        renewal = await lease.renew(holder, "aws", 1, TERMS, 0.0)
        won = await take(stores.register("gcp", "g"), "gcp", approved_by=None)

        assert (first.kind, again.kind, renewal.kind, won.kind) == ("released", "released", "lost", "won")
        assert won.record
        assert (won.record.epoch, won.record.candidate, won.record.previous_rule) == (2, None, ANY_ONE)

    run(scene())


def test_a_move_under_way_is_not_released() -> None:
    """It refuses to hand over before the last move is settled, and answers lost to a site that holds nothing."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("gcp", "g")
        await take(register, "gcp")

        early = await lease.release(register, "gcp", 2, "azure")
        foreign = await lease.release(stores.register("aws", "a"), "aws", 1, "azure")

        assert (early.kind, foreign.kind) == ("refused", "lost")
        assert "settle" in early.reason

    run(scene())


class RuleScene:
    """What `change_rule` did, in order, over a register that may be out of reach when it commits."""

    def __init__(self, stores: Stores) -> None:
        self.stores, self.steps = stores, []
        self.register = stores.register("aws", "a")
        self.before_commit: Callable[[], None] = lambda: None

    async def obey(self, rule: Rule) -> None:
        self.steps.append(("obey", rule, await self.committed()))

    async def caught_up(self, rule: Rule) -> None:
        self.steps.append(("caught up", rule, await self.committed()))
        self.before_commit()

    async def committed(self) -> Rule | None:
        found = await lease.read_record(self.stores.register("azure", "reader"))
        return found.rule if found else None

    async def clock(self) -> float:
        return 7.0

    def change(self, old: Rule, new: Rule, **more: object) -> Awaitable[LeaseAnswer]:
        settings: dict = {"clock": self.clock, "obey": self.obey, "caught_up": self.caught_up} | more
        return lease.change_rule(self.register, "aws", 1, old, new, TERMS, **settings)


def test_a_rule_changes_through_a_joint_phase() -> None:
    """It obeys both, waits for the new sites, commits, and only then drops the old rule."""

    async def scene() -> None:
        change = RuleScene(await begun())

        answer = await change.change(ANY_ONE, GCP, live=("gcp",))

        assert answer.kind == "renewed"
        assert answer.valid_until == 7.0 + TERMS.holder_seconds
        assert answer.record
        assert (answer.record.rule, answer.record.live) == (GCP, ("gcp",))
        assert change.steps == [
            ("obey", joint(ANY_ONE, GCP), ANY_ONE),
            ("caught up", GCP, ANY_ONE),
            ("obey", GCP, GCP),
        ]

    run(scene())


def test_an_unknown_change_of_rule_stays_in_both() -> None:
    """It leaves the fence in the joint phase when the register may or may not have changed; again, it ends it."""

    async def scene() -> None:
        stores = await begun()
        change = RuleScene(stores)
        change.before_commit = lambda: stores.only("aws")

        unknown = await change.change(ANY_ONE, GCP)
        stores.only(*stores)
        change.before_commit = lambda: None
        obeyed = [step[1] for step in change.steps if step[0] == "obey"]
        again = await change.change(ANY_ONE, GCP)

        assert unknown.kind == "unknown"
        assert obeyed == [joint(ANY_ONE, GCP)]
        assert again.kind == "renewed"
        assert change.steps[-1][1] == GCP

    run(scene())


def test_a_single_copy_needs_a_name() -> None:
    """It refuses before anything is obeyed, and goes on with the name in the record."""

    async def scene() -> None:
        change = RuleScene(await begun())

        nameless = await change.change(ANY_ONE, Rule.single_copy())
        named = await change.change(ANY_ONE, Rule.single_copy(), approved_by="ada")

        assert nameless.kind == "refused"
        assert named.record
        assert (named.record.approved_by, named.record.rule.is_single_copy) == ("ada", True)

    run(scene())


def test_a_change_from_another_rule_is_refused() -> None:
    """It commits nothing when the register's rule is not the one the change began with."""

    async def scene() -> None:
        change = RuleScene(await begun())

        answer = await change.change(AZURE, GCP)

        assert answer.kind == "refused"
        assert change.steps[-1][0] == "caught up"
        assert await change.committed() == ANY_ONE

    run(scene())


def test_a_record_reads_back() -> None:
    """It writes plain JSON values and reads the same record from them."""
    moved = record(
        epoch=2, state="switching", holder="gcp", rule=AZURE, previous_rule=ANY_ONE, approved_by="ada", runbook_id="r"
    )

    assert LeaseRecord.from_value(moved.to_value()) == moved
    assert LeaseRecord.from_value(record().to_value()) == record()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epoch": -1}, "no count"),
        ({"epoch": True}, "no count"),
        ({"holder": 3}, "not text"),
        ({"holder": ""}, "no holder"),
        ({"mode": "maybe"}, "mode"),
        ({"state": "lost"}, "state"),
        ({"holder": "gcp"}, "confirm its own writes"),
        ({"state": "switching"}, "without a previous rule"),
        ({"state": "released"}, "without a candidate"),
        ({"candidate": "gcp"}, "with a candidate"),
        ({"rule": [{"sync": ["gcp"], "needed": 7}]}, "must be 1 to 1"),
        ({"live": "gcp"}, "no lease record"),
        ({"extra": 1}, "no lease record"),
    ],
)
def test_a_strange_record_is_refused(changes: dict, says: str) -> None:
    """It names what is wrong in one sentence."""
    with pytest.raises(BadLeaseRecord, match=says):
        LeaseRecord.from_value({**record().to_value(), **changes})


@pytest.mark.parametrize(("site", "patience"), [("aws", lease.LEFT_SECONDS), ("gcp", TERMS.challenger_seconds)])
def test_a_record_that_its_holder_left_half_written_is_finished(site: str, patience: float) -> None:
    """It is proposed again as it is, by its holder soon and by others when a living holder would have renewed; then it counts."""

    async def scene() -> None:
        stores = await begun()
        ended = stores.register("aws", "a")
        await ended.prepare()
        stores["gcp"].down = stores["azure"].down = True
        assert (await lease.renew(ended, "aws", 1, TERMS, 50.0)).kind == "unknown"
        stores.only("aws", "gcp", "azure")
        anew, watch = stores.register(site, "b"), Watch(TERMS, asyncio.get_running_loop().time)
        watch.observe((await lease.look(anew)).record)

        await asyncio.sleep(patience - 0.1)
        early = lease.is_left_half_written(await lease.look(anew), watch, site)
        await asyncio.sleep(0.2)
        left = await lease.look(anew)
        due = lease.is_left_half_written(left, watch, site)
        await lease.finish(anew)
        finished = await lease.look(anew)

        assert (early, due, left.committed) == (False, True, False)
        assert (finished.record, finished.committed) == (left.record, True)
        assert not lease.is_left_half_written(finished, watch, site)

    run(scene())


def test_a_migration_keeps_the_register_until_it_ends() -> None:
    """It outlives renewals, stops a release and whoever did not know of it, and goes with it or with the next epoch."""

    async def scene() -> None:
        stores = await begun()
        primary, standby = stores.register("aws", "inc1"), stores.register("gcp", "inc2")

        taken = await lease.begin_migration(primary, "aws", 1, TERMS, 50.0, "migrate-1")
        renewed = await lease.renew(primary, "aws", 1, TERMS, 51.0)
        released = await lease.release(primary, "aws", 1, "gcp")
        unaware = await take(standby, "gcp")
        ended = await lease.end_migration(primary, "aws", 1, TERMS, 52.0)
        await lease.begin_migration(primary, "aws", 1, TERMS, 53.0, "migrate-2")
        aware = await take(standby, "gcp", over_migration="migrate-2")

        assert (taken.kind, renewed.kind, ended.kind) == ("renewed", "renewed", "renewed")
        assert renewed.record
        assert renewed.record.migration == "migrate-1"
        assert (released.kind, unaware.kind) == ("refused", "refused")
        assert released.reason == "aws is in the middle of migrate-1."
        assert unaware.reason == "aws began migrate-1 meanwhile; nothing was changed."
        assert ended.record
        assert ended.record.migration is None
        assert "migration" not in ended.record.to_value()
        assert aware.kind == "won"
        assert aware.record
        assert aware.record.migration is None

    run(scene())


def test_a_migration_waits_for_no_move() -> None:
    """Under a record that is not held it does not begin, and no record carries both."""

    async def scene() -> LeaseAnswer:
        stores = await begun()
        register = stores.register("gcp", "inc1")
        await take(register, "gcp")
        return await lease.begin_migration(register, "gcp", 2, TERMS, 50.0, "migrate-1")

    assert run(scene()).kind == "refused"
    with pytest.raises(BadLeaseRecord, match="with the migration migrate-1 under way"):
        record(state="released", candidate="gcp", migration="migrate-1")
