"""Pure: the lines of readiness about who is primary, by which rule, and where the public name points."""

from scripts.runbook.ballots import AcceptorState
from scripts.runbook.confirmations import NOBODY_CONFIRMS
from scripts.runbook.readiness import Line, ReadinessFacts, State, graded


def register_lines(facts: ReadinessFacts) -> list[Line]:
    """Say how the register, its stores, the rule and DNS stand."""
    lines = [_stores(facts), _renewal(facts), _rule(facts)] if facts.record else [_stores(facts)]
    return [*lines, _names(facts)]


def _stores(facts: ReadinessFacts) -> Line:
    faults = _vote_faults(facts)
    seen = "; ".join(f"{name}: {fault}" for name, fault in faults.items()) or f"all {len(facts.votes)} vote"
    majority = len(facts.votes) // 2 + 1
    if len(facts.votes) - len(faults) < majority:
        return Line("register stores", State.GO, seen, "restore access to one: nobody can become or stay primary")
    to_do = "; ".join(f"bring {name} back, or `lifeboat membership readmit {name}`" for name in faults)
    return Line("register stores", State.PRE_STAGE if faults else State.GREEN, seen, to_do)


def _vote_faults(facts: ReadinessFacts) -> dict[str, str]:
    """Return what is wrong with each store that does not vote with the others."""
    known = {name: vote for name, vote in facts.votes.items() if isinstance(vote, AcceptorState)}
    faults = {name: str(vote) for name, vote in facts.votes.items() if not isinstance(vote, AcceptorState)}
    newest = max((vote.config for vote in known.values()), default=0)
    for name, vote in known.items():
        if vote.config < newest:
            faults[name] = f"set aside since configuration {newest}"
        elif facts.record and vote.value.get("epoch", 0) < facts.record.epoch:
            faults[name] = f"stands at epoch {vote.value.get('epoch')}: rolled back, or cut off"
    return faults


def _renewal(facts: ReadinessFacts) -> Line:
    """Judge the lease by its holder's own fence: whether it takes writes, and how old its word is."""
    record = facts.record
    assert record is not None
    holder = facts.seen.get(record.holder)
    age = holder.age if holder else None
    if record.state != "held":
        to_do = f"let the move end, or finish it: `lifeboat failover --to {record.holder} --yes`"
        return Line("lease", State.GO, f"{record.holder} is {record.state} at epoch {record.epoch}", to_do)
    to_do = f"if {record.holder} is gone: `lifeboat failover --to SITE`"
    if holder is None or holder.status is None or age is None:
        return Line("lease", State.GO, f"{record.holder} holds epoch {record.epoch} and cannot be heard", to_do)
    seen = f"{record.holder} holds epoch {record.epoch}, last heard {age:.1f} s ago"
    if record.migration:
        to_do = "let it end, or finish it: `lifeboat migrate --yes`; no other site takes over while it goes on"
        return Line("lease", State.PRE_STAGE, f"{seen}, in the middle of {record.migration}", to_do)
    if not holder.status.writable and age < facts.terms.duration:
        return Line("lease", State.GO, f"{seen}, and takes no writes", to_do)
    return graded("lease", age, (5, facts.terms.duration, facts.terms.duration), seen, to_do)


def _rule(facts: ReadinessFacts) -> Line:
    record = facts.record
    assert record is not None
    standbys = [site for site in facts.sites if site != record.holder]
    out = [site for site in standbys if site not in record.rule.sites]
    if record.rule.is_single_copy:
        by = f" by the word of {record.approved_by}" if record.approved_by else ""
        to_do = "bring a standby back: one copy ends by itself as soon as one is in step"
        return Line("rule", State.GO, f"SINGLE COPY{by}: acknowledged writes are in one cloud alone", to_do)
    alarms = _alarms_of_holder(facts)
    if NOBODY_CONFIRMS in alarms:
        to_do = "bring a standby back, or go on with one copy: `lifeboat rule --single-copy`"
        return Line("rule", State.GO, NOBODY_CONFIRMS, to_do)
    seen = f"a write is acknowledged when {_either(record.rule.sites)} has it"
    if not out:
        return Line("rule", State.GREEN, seen)
    why = "; ".join(alarm for alarm in alarms if any(site in alarm for site in out))
    to_do = f"bring {' and '.join(out)} back; it returns to the rule by itself when it is in step"
    return Line("rule", State.PRE_STAGE, f"{seen}; {' and '.join(out)} left it{': ' + why if why else ''}", to_do)


def _alarms_of_holder(facts: ReadinessFacts) -> tuple[str, ...]:
    status = facts.seen[facts.record.holder].status if facts.record and facts.record.holder in facts.seen else None
    return status.alarms if status else ()


def _either(sites: tuple[str, ...]) -> str:
    return " or ".join(sites)


def _names(facts: ReadinessFacts) -> Line:
    """Judge DNS: every vendor there, all with the same answer, and that the primary's."""
    silent = {answer.vendor: answer.error for answer in facts.names if answer.error}
    wrong = {
        answer.vendor: f"{answer.vendor} publishes {answer.target} at epoch {answer.epoch}"
        for answer in facts.names
        if not answer.error and facts.wanted and answer.target != facts.wanted
    }
    vendors = len(facts.names)
    if len(silent) == vendors or len(wrong) + len(silent) == vendors:
        to_do = "reach one vendor by hand: the name must point at the primary's edge"
        return Line("DNS", State.GO, "; ".join([*map(str, silent.values()), *wrong.values()]), to_do)
    if silent or wrong:
        to_do = "restore access to the vendor; the next move needs only one, a resolver may ask the other"
        return Line("DNS", State.PRE_STAGE, "; ".join([*map(str, silent.values()), *wrong.values()]), to_do)
    seen = f"{', '.join(answer.vendor for answer in facts.names)} point at {facts.wanted}"
    if vendors == 1:
        return Line("DNS", State.ARM, f"{seen}; one vendor alone", "add a second vendor of another owner")
    return Line("DNS", State.GREEN, seen)
