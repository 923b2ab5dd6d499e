"""Pure: the picture in one sentence, which is what a frightened person reads first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.control_room.standing import LeaseStanding, SiteStanding, Standing

Tone = Literal["good", "careful", "bad"]

# Less than this behind is in step: a heartbeat is written each second.
IN_STEP_SECONDS = 2.0


@dataclass(frozen=True)
class Sentence:
    """The state in plain words, and how worried to be."""

    words: str
    tone: Tone


def tell(standing: Standing) -> Sentence:
    """Say who takes writes, who could take over, and what that would lose; nothing old is told as if it were now."""
    lease, primary = standing.lease, standing.primary
    if lease is None or primary is None:
        return Sentence(_unknown(standing), "bad")
    if lease.record.state == "switching":
        return Sentence(_moving(standing, lease), "careful")
    if lease.record.state == "released":
        candidate = lease.record.candidate
        return Sentence(f"{primary.name} has handed over to {candidate}, which has not taken over yet.", "careful")
    if not primary.is_fresh:
        return Sentence(_silent(standing, primary), "bad")
    if primary.status is None or not primary.status.writable:
        return Sentence(f"{primary.name} holds the lease but takes no writes; {_standbys(standing.standbys)}.", "bad")
    return _well(standing, primary, lease)


def _well(standing: Standing, primary: SiteStanding, lease: LeaseStanding) -> Sentence:
    is_alone = lease.record.rule.is_single_copy
    alone = " ALONE: what it acknowledges is in one cloud" if is_alone else ""
    if unreachable := _unreachable(standing):
        # What the primary said last may be its last word: what people meet comes first.
        said = f"{primary.name} said {max(primary.age or 0, 1):.0f} s ago that it takes writes{alone}"
        return Sentence(f"The app's own address {unreachable}, though {said}; {_standbys(standing.standbys)}.", "bad")
    if is_alone:
        return Sentence(f"{primary.name} takes writes{alone}; {_standbys(standing.standbys)}.", "bad")
    everybody_ready = all(not site.could_take_over and site.is_fresh for site in standing.standbys)
    elsewhere = _elsewhere(standing, primary)
    words = f"{primary.name} takes writes; {_standbys(standing.standbys)}{elsewhere}."
    return Sentence(words, "good" if everybody_ready and not elsewhere else "careful")


def _silent(standing: Standing, primary: SiteStanding) -> str:
    ready = [site.name for site in standing.standbys if not site.could_take_over]
    since = f"has said nothing for {primary.age:.0f} s" if primary.age is not None else "was never heard here"
    if ready:
        act = f"{_list(ready)} could take over now and lose nothing: lifeboat failover --to {ready[0]}"
    else:
        act = _standbys(standing.standbys)
    return f"{primary.name} holds the lease and {since}; {act}."


def _moving(standing: Standing, lease: LeaseStanding) -> str:
    record = lease.record
    run = next((copy for copy in standing.runbooks if copy.runbook == record.runbook_id), None)
    done = [one.step for one in run.records if one.outcome == "done"] if run else []
    step = f"the last step done is {done[-1].replace('_', ' ')}" if done else "no step is done yet"
    return f"{record.holder} is taking over at epoch {record.epoch}; {step}."


def _unknown(standing: Standing) -> str:
    stores = [source for source in standing.sources if source.key.startswith("store-")]
    silent = [source.title.removeprefix("the control store of ") for source in stores if source.trouble]
    who = f"{_list(silent)} cannot be read" if silent else "the register has not been read yet"
    return f"Nobody can know who is primary: two of {len(stores)} control stores must answer, and {who}."


def _standbys(sites: Sequence[SiteStanding]) -> str:
    """Say how each standby stands; those that are all well share one clause."""
    ready = [site for site in sites if site.is_fresh and not site.could_take_over and not _behind(site)]
    if len(ready) < 2:
        return "; ".join(_standby(site) for site in sites)
    rest = [_standby(site) for site in sites if site not in ready]
    return "; ".join([f"{_list([site.name for site in ready])} could each take over now and lose nothing", *rest])


def _standby(site: SiteStanding) -> str:
    if not site.is_fresh:
        return (
            f"{site.name} has said nothing for {site.age:.0f} s"
            if site.age is not None
            else f"{site.name} was never heard"
        )
    behind = _behind(site)
    if not site.could_take_over:
        return f"{site.name} could take over now and lose nothing{f', it is {behind}' if behind else ''}"
    if site.at_risk_bytes:
        return f"{site.name} could take over and lose up to {site.at_risk_bytes:,} bytes of log"
    if site.only_alone:
        return f"{site.name} is in step{f', {behind}' if behind else ''}, but nobody would follow it"
    if site.status is not None and site.status.role == "fenced":
        return f"{site.name} is fenced and follows nobody"
    return f"{site.name} is {behind}" if behind else f"{site.name} could not take over"


def _behind(site: SiteStanding) -> str:
    if site.lag_seconds is None:
        return f"{site.lag_bytes:,} bytes behind" if site.lag_bytes else ""
    return f"{site.lag_seconds:.0f} s behind" if site.lag_seconds > IN_STEP_SECONDS else ""


def _unreachable(standing: Standing) -> str:
    """Say what is wrong with the app's own address for everybody; empty when it answers and takes writes."""
    said = standing.outside
    if said.trouble:
        return f"does not answer ({said.trouble})"
    return f"takes no writes ({said.value.site} answers)" if said.value is not None and not said.value.writable else ""


def _elsewhere(standing: Standing, primary: SiteStanding) -> str:
    said = standing.outside.value
    return f"; the app's own address is still served by {said.site}" if said and said.site != primary.name else ""


def _list(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nobody"
