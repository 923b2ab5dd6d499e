"""Every way Lifeboat says no: the docstring names the case, the message is the one sentence an operator reads.

They are in one long file on purpose: all that an operator may be told can be read in one place, and compared.
"""

from typing import Any


class LifeboatError(Exception):
    """Base of every refusal; its text is one clear sentence: what, where, what to do."""

    exit_code = 1


class UsageError(LifeboatError):
    """The command was called with something that cannot work."""

    exit_code = 2


class PostgresNotFound(LifeboatError):
    """No usable PostgreSQL was found."""

    def __init__(self, passed_over: list[str]) -> None:
        looked = "; ".join(passed_over) or "nothing installed"
        super().__init__(
            f"No PostgreSQL 17 or newer was found ({looked}). Run scripts/setup, or give one with --pg-bin FOLDER."
        )


class RootWithoutWayDown(LifeboatError):
    """PostgreSQL refuses root, and this machine offers no way to drop it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root, and neither a user namespace nor the user nobody works here ({reason}). "
            "Run the command as an ordinary user."
        )


class PostgresDidNotStart(LifeboatError):
    """A PostgreSQL program failed; its own last words are in the message."""


class ReplicationStuck(LifeboatError):
    """A subscription, slot or worker did not do what it was told in time."""


class NotJoined(LifeboatError):
    """The sites do not know each other yet, so this agent has nothing to look after.

    Sign and collect their outputs (`lifeboat peers`), have `stacks/peers.json` reviewed, and run `pulumi up` again.
    """

    def __init__(self) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))


class UnusablePeers(UsageError):
    """What a site says of itself, or the file of what the sites know of each other, cannot be used."""


class AuditNotCopied(LifeboatError):
    """The audit log of a site is not, or not wholly, where another provider keeps its copy."""


class CertificateRefused(LifeboatError):
    """The certificate authority, or the vault, did not do what it was asked; its own words are in the message."""


class AzureRefused(LifeboatError):
    """Azure did not do what it was asked; its own words are in the message."""


class PurgeRefused(LifeboatError):
    """An edge's provider did not take the order to forget pictures; its own words are in the message."""


class UnusableSecrets(UsageError):
    """The sites' secrets are not what they must be."""


class StackUnreachable(LifeboatError):
    """Pulumi could not read or change a stack's settings; its own last words are in the message."""


class BadSignature(LifeboatError):
    """A control object is torn, forged, altered or signed by somebody else."""


class JournalFull(LifeboatError):
    """The journal cannot be written, so no further step may begin."""


class JournalCorrupt(LifeboatError):
    """A line of a journal is torn or altered."""

    def __init__(self, path: object, line: int, what: str) -> None:
        super().__init__(
            f"line {line} of the journal {path} cannot be trusted: {what}. "
            "Compare it with the copies under journal/ in the ledger stores."
        )


class UnknownSite(UsageError):
    """A site was named that this platform does not have."""

    def __init__(self, site: str, sites: tuple[str, ...]) -> None:
        super().__init__(f"There is no site {site}; this platform has {', '.join(sites)}.")


class TrafficError(LifeboatError):
    """The public name could not be moved, or does not point where it should."""


class VendorError(TrafficError):
    """One DNS vendor did not answer, refused, or publishes something that Lifeboat did not write."""


class VendorsUnreachable(TrafficError):
    """No DNS vendor carries the wanted answer: none could be reached, or none took it."""


class StaleEpoch(TrafficError):
    """DNS already carries an answer of this epoch or a newer one; an older controller must not overwrite it."""


class EmptyAnswer(TrafficError):
    """The wanted answer names nothing: publishing it would take the app off the net."""


class ProcessDied(LifeboatError):
    """A process of a local site ended or does not answer; its last words are in the message."""


class FenceRefused(LifeboatError):
    """The database's fence does not stand as the runbook needs it."""


class RegisterUnreachable(LifeboatError):
    """Fewer than two of the three control stores answer, so nobody can know or change who is primary."""

    def __init__(self, sites: tuple[str, ...], failures: dict[str, str] | None = None) -> None:
        why = "; ".join(f"{site}: {reason}" for site, reason in (failures or {}).items()) or "no answer"
        needed = len(sites) // 2 + 1
        super().__init__(
            f"The register cannot be read: {needed} of the {len(sites)} control stores must answer ({why}). "
            "Restore access to one, then try again."
        )


class RegisterContended(LifeboatError):
    """The control stores answer, but others wrote the register at the same moment each time: nothing was decided."""

    def __init__(self, seconds: float, failures: dict[str, str]) -> None:
        why = "; ".join(f"{site}: {reason}" for site, reason in failures.items())
        super().__init__(
            f"The register was written by others at the same moment each time for {seconds:.0f} s, so the epoch is not won"
            f"{f' ({why})' if why else ''}. Nothing else was done: type the same command again, and it goes on."
        )


class AlreadyPrimary(LifeboatError):
    """The site that should take over takes writes already."""

    def __init__(self, site: str, epoch: int) -> None:
        super().__init__(f"{site} is the primary already, at epoch {epoch}; there is nothing to do.")


class SiteSilent(LifeboatError):
    """A site that the move needs does not answer."""

    def __init__(self, site: str, why: str) -> None:
        super().__init__(f"{site} cannot take over: {why}. Choose another site, or bring {site} back first.")


class DataMayBeLost(LifeboatError):
    """A standby that acknowledged writes may depend on does not answer, or went back behind what it had confirmed."""

    def __init__(
        self,
        at_risk_bytes: int,
        unheard: tuple[str, ...],
        why: str = "does not answer and may be the only one that holds",
    ) -> None:
        super().__init__(
            f"Refused: {', '.join(unheard)} {why} up to {at_risk_bytes} bytes of acknowledged writes. "
            f"Bring it back, or accept that loss with --accept-data-loss {at_risk_bytes}."
        )
        self.at_risk_bytes = at_risk_bytes


class NobodyFollows(LifeboatError):
    """No other site would follow the new primary, so it could acknowledge nothing."""

    def __init__(self, site: str, others: tuple[str, ...]) -> None:
        super().__init__(
            f"Refused: {' and '.join(others)} would not follow {site}, so {site} could acknowledge nothing. "
            "Bring it back, or go on with one copy alone by --single-copy: every status shows it until it ends."
        )


class NotAlone(LifeboatError):
    """One copy was asked for where there is no need, or not at the primary."""

    def __init__(self, why: str) -> None:
        super().__init__(f"One copy alone is not needed: {why}; nothing was changed.")


class EpochTaken(LifeboatError):
    """Somebody else won the epoch."""

    def __init__(self, holder: str, epoch: int, runbook: str | None, approved_by: str | None = None) -> None:
        by = f", by the word of {approved_by}" if approved_by else ""
        super().__init__(
            f"{holder} took over at epoch {epoch}{by} ({runbook or 'no runbook named'}); "
            "this run changed nothing and ends here."
        )


class StepTimedOut(LifeboatError):
    """A step waited for something that did not come."""


class NoPort(LifeboatError):
    """No port is free for another server."""

    def __init__(self, lowest: int, highest: int) -> None:
        super().__init__(
            f"None of the ports {lowest} to {highest} on 127.0.0.1 is free: end what uses them "
            "(`lifeboat local down` ends earlier local sites)."
        )


class PortBusy(LifeboatError):
    """The port for the browser is taken."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is in use: end what uses it (`lifeboat local down` ends earlier local sites), "
            "or choose another with --port."
        )


class LeftoverSites(LifeboatError):
    """The folder holds the local sites of an earlier run."""

    def __init__(self, folder: object, alive: int) -> None:
        state = f"{alive} processes of local sites are running" if alive else "an earlier run left its data"
        super().__init__(f"In {folder} {state}: use them, or clear them with `lifeboat local down`.")


class NpmPackagesNotInstalled(LifeboatError):
    """What npm brings (the azure site's object store, what the pages load), or the Node for it, is not installed."""


class StoreDidNotAnswer(LifeboatError):
    """A local object store does not answer, or refuses the request that makes its buckets."""


class BadRule(LifeboatError):
    """A durability rule that cannot be obeyed."""


class BadTerms(LifeboatError):
    """Lease times under which no holder could stay holder, or two sites could hold at once."""


class BadLeaseRecord(LifeboatError):
    """The register's value is not a lease record."""


class StoreUnavailable(LifeboatError):
    """A control store gave no usable answer; a write under way may or may not have taken effect."""


class StoreBusy(StoreUnavailable):
    """A control store asked for a pause between writes."""


class StoreConflict(LifeboatError):
    """The object in a control store is no longer the one that the conditional write named."""


class RegisterMoved(LifeboatError):
    """The register has a newer set of control stores than this process was started with."""

    def __init__(self, config: int, known: int, membership: Any = None) -> None:
        held = f" and lies in {', '.join(membership.stores.values())}" if membership else ""
        super().__init__(
            f"The register is of configuration {config}{held}, while this machine's files are of configuration {known}: "
            "give it the new platform.json."
        )
        self.config, self.membership = config, membership


class StoresMissing(LifeboatError):
    """The set of control stores cannot be changed as long as one of those that stay does not answer."""

    def __init__(self, failures: dict[str, str]) -> None:
        why = "; ".join(f"{store}: {reason}" for store, reason in failures.items())
        super().__init__(
            f"Every control store that stays must take part in the change, and not all did ({why}). "
            "Restore access, then run this again: nothing is lost by the part that was done."
        )


class ChangeUnderWay(LifeboatError):
    """Somebody else is changing the set of control stores."""


class RegisterExists(LifeboatError):
    """A register is already in use where a new one was to be made."""


class RegisterIncomplete(LifeboatError):
    """A new register could not be written to every control store."""


class NoLinks(LifeboatError):
    """The local sites reach each other directly, so no way can be cut."""

    def __init__(self) -> None:
        super().__init__("The local sites were started without links: start them with `lifeboat local up --links`.")


class PlanChanged(LifeboatError):
    """What would be done now is not what the person agreed to."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"The plan of this {verb} is another one by now: look at it again. Nothing was changed.")


class AlreadyDead(LifeboatError):
    """A site that is to be ended has no living process."""

    def __init__(self, site: str) -> None:
        super().__init__(f"{site} is dead already: none of its processes is alive.")


class NothingRunning(LifeboatError):
    """No local site is running."""

    def __init__(self, folder: object) -> None:
        super().__init__(f"No local site is running in {folder}: start them with `lifeboat local up`.")


class DemoLost(LifeboatError):
    """The demo did not show what it promises."""

    def __init__(self, posts: int, pictures: int) -> None:
        if posts or pictures:
            super().__init__(
                f"{posts} acknowledged posts and {pictures} acknowledged pictures are lost: "
                "this is a defect, please report it with the logs."
            )
        else:
            super().__init__(
                "No write was acknowledged after the failover: this is a defect, please report it with the logs."
            )


class MoveUnderWay(LifeboatError):
    """Another site is in the middle of taking over, and it answers."""

    def __init__(self, holder: str, epoch: int, runbook: str | None, approved_by: str | None = None) -> None:
        by = f", by the word of {approved_by}" if approved_by else ""
        super().__init__(
            f"{holder} is taking over at epoch {epoch}{by} ({runbook}) and answers: let it end, "
            f"or finish it with `lifeboat failover --to {holder} --yes`."
        )


class MigrationUnderWay(LifeboatError):
    """The primary is migrating the tables of all sites, and it answers."""

    def __init__(self, holder: str, runbook: str) -> None:
        super().__init__(
            f"{holder} is migrating the tables of all sites ({runbook}) and answers: let it end, "
            "or finish it with `lifeboat migrate --yes`; nothing was changed."
        )


class NotExpandContract(LifeboatError):
    """A migration does what the release before, or a site that is not migrated yet, could not live with."""

    def __init__(self, revision: str, statement: str, rule: str) -> None:
        super().__init__(f"Revision {revision} is refused: {rule}. The statement is: {' '.join(statement.split())}")


class NotMigrated(LifeboatError):
    """A site stands at another revision than the primary, so it could not follow."""

    def __init__(self, site: str, here: str, primary: str, there: str) -> None:
        super().__init__(
            f"{site} stands at revision {here or 'none'} and {primary} at {there or 'none'}: "
            "run `lifeboat migrate --yes` first, which brings every site that answers to the same."
        )


class OtherTables(LifeboatError):
    """A candidate's tables are not those of the primary: the app could not go on there as it is."""

    def __init__(self, to: str, primary: str, difference: str, better: tuple[str, ...]) -> None:
        instead = f"Choose {' or '.join(better)}, or make" if better else "Make"
        super().__init__(
            f"{to} cannot take over: its tables are not those of {primary} ({difference}). "
            f"{instead} them the same first: `lifeboat readiness` says how."
        )


class CannotMigrate(LifeboatError):
    """The sites cannot be migrated as they are."""


class OtherCommunity(UsageError):
    """The local sites hold another invented community than the one that is asked for."""

    def __init__(self, label: str) -> None:
        seed, users, posts = (part[1:] for part in label.split(".")[0].split("-"))
        super().__init__(
            f"The local sites hold the community --users {users} --posts {posts} --seed {seed} already: "
            "ask for that one again, or start anew with `lifeboat local down` and `lifeboat local up`."
        )


class SeedingStopped(LifeboatError):
    """The filling of the local sites ended in the middle."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The filling stopped: {why.rstrip('.')}. What is written is whole; run it again to go on.")


class UnknownAccount(UsageError):
    """A person was named that the platform does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no account {name}: give the name as it stands in the person's address.")


class NotConfirmedEverywhere(LifeboatError):
    """What was done to an account is at the primary, and not yet in every cloud that counts."""

    def __init__(self, what: str, primary: str, silent: tuple[str, ...]) -> None:
        super().__init__(
            f"{what} was changed at {primary}, but {' and '.join(silent)} has not confirmed it within 5 s: it arrives when "
            "that site follows again; run the same command until it says that it is confirmed."
        )


class CannotJoin(LifeboatError):
    """A site cannot be made a standby as it is."""


class JournalBusy(LifeboatError):
    """Another process writes to the same journal."""

    def __init__(self, runbook: str, path: object) -> None:
        super().__init__(
            f"another run of {runbook} writes to {path} at this moment: let it end, then run the same command again"
        )


class StepBroke(LifeboatError):
    """A step lost what it works on: a connection that ended, a file that cannot be read."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"step {step} broke off: {why}. Nothing after it was begun; run the same command again.")


class SlotTooYoung(LifeboatError):
    """An understudy slot cannot be proved to reach back to what its site has."""

    def __init__(self, follower: str, primary: str) -> None:
        super().__init__(
            f"The slot for {follower} was made so recently that {follower} might lack something of {primary} that it does not hold: "
            f"leave {follower} out with --single-copy, or choose {follower} as the new primary."
        )


class TailUnreadable(LifeboatError):
    """What a site alone has cannot be told row by row, so it cannot be put back row by row."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"What this site alone committed cannot be put back row by row: {why}. A full copy (--copy) is the way back."
        )


class RewindRefused(LifeboatError):
    """A rewind collides with rows or with readers; nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The rewind was taken back whole: {why}. Run it again, or use a full copy (--copy).")


class CopyNeeded(LifeboatError):
    """A site cannot come back without a copy of everything, which nobody has asked for."""

    def __init__(self, site: str, why: str, size: str) -> None:
        super().__init__(f"{site} needs a full copy of {size}, because {why}: add --copy to allow it.")


class NothingToReturn(LifeboatError):
    """A site that is to come back follows already, or is the primary."""


class SwitchoverStopped(LifeboatError):
    """A switchover could not be finished and was taken back."""

    def __init__(self, primary: str, why: str) -> None:
        super().__init__(f"The switchover was taken back and {primary} takes writes again: {why}.")


class PrimarySilent(LifeboatError):
    """A switchover needs a primary that answers."""

    def __init__(self, primary: str, to: str) -> None:
        super().__init__(f"{primary} does not answer, so it cannot hand over: use `lifeboat failover --to {to}`.")


class PrimaryWentBack(LifeboatError):
    """A switchover needs a primary that holds everything it acknowledged."""

    def __init__(self, primary: str, why: str, to: str) -> None:
        super().__init__(f"{primary} must not hand over: {why}. Use `lifeboat failover --to {to}`.")


class PreviewRefused(UsageError):
    """A preview cannot be made: bad arguments, a program that does not run, or a recording that cannot be read."""


class UnknownRunbook(UsageError):
    """A runbook was named that has no journal here."""

    def __init__(self, runbook: str, known: list[str]) -> None:
        super().__init__(f"There is no journal of {runbook} in the ledgers; there is {', '.join(known) or 'none yet'}.")


class JournalDiffers(LifeboatError):
    """A ledger store holds a record that is torn, altered, missing or another one."""

    def __init__(self, faults: dict[str, list[str]]) -> None:
        named = "; ".join(f"{runbook} in {fault}" for runbook, found in faults.items() for fault in found)
        super().__init__(
            f"Not every copy can be trusted: {named}. The copies in the other clouds tell what was written."
        )


class LedgersSilent(LifeboatError):
    """No ledger store gives a journal."""

    def __init__(self, runbook: str, silent: dict[str, str]) -> None:
        why = "; ".join(f"{site}: {reason}" for site, reason in silent.items())
        super().__init__(
            f"No ledger store gives the journal of {runbook} ({why}): restore access to one, then try again."
        )


class RequestRefused(LifeboatError):
    """An agent does not act on a request: forged, altered, replayed, late, foreign, or no longer true."""


class NotPickedUp(LifeboatError):
    """No agent took a request on."""

    def __init__(self, site: str, seconds: float, until: str) -> None:
        super().__init__(
            f"The agent of {site} did not take the request on within {seconds:g} s. It may still do so until {until}: "
            "bring the agent back, or choose another site; the same command follows whatever is under way."
        )


class RunStopped(LifeboatError):
    """The agent that ran a runbook refused it or stopped; the sentence is the agent's own."""


class RunSilent(LifeboatError):
    """The agent that runs a runbook fell silent in the middle of it."""

    def __init__(self, site: str, runbook: str, seconds: float) -> None:
        super().__init__(
            f"The agent of {site} has said nothing for {seconds:.0f} s in the middle of {runbook}. It goes on by itself "
            "when it is back; the same command then follows it. If it stays away, choose another site."
        )


class RunUnderWay(LifeboatError):
    """A site is busy with another runbook."""

    def __init__(self, site: str, runbook: str, approved_by: str | None) -> None:
        super().__init__(
            f"{site} is busy with {runbook}, by the word of {approved_by or 'nobody (mode auto)'}; "
            "this request changed nothing."
        )


class NoOperator(UsageError):
    """This computer holds no key, or more than one, to sign a request with."""


class BadOperator(UsageError):
    """An operator cannot be added or removed as asked."""


class BadTakedown(UsageError):
    """A takedown names something that cannot be taken down."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Nothing was taken down: {what}.")


class TakedownNotHeld(LifeboatError):
    """Too few ledger stores took a takedown for anybody to be told that it will last."""

    def __init__(self, kind: str, target: str, held: tuple[str, ...], failures: dict[str, str]) -> None:
        why = "; ".join(f"{site}: {reason}" for site, reason in sorted(failures.items()))
        super().__init__(
            f"The takedown of {kind} {target} is held by {' and '.join(held) or 'no store'}, and two ledger stores must hold it "
            f"({why}). Restore access to one, then run the same command again."
        )


class LedgerUnheard(LifeboatError):
    """Too few ledger stores answer for anybody to know every takedown."""

    def __init__(self, answered: tuple[str, ...], failures: dict[str, str]) -> None:
        why = "; ".join(f"{site}: {reason}" for site, reason in sorted(failures.items()))
        super().__init__(
            f"The takedown ledger cannot be read whole: two of its stores must answer, and {' and '.join(answered) or 'none'} "
            f"did ({why}). What was removed might come back, so nothing was changed: restore access to one, then try again."
        )


class NotTakenDown(LifeboatError):
    """A takedown is not what every store, bucket and database shows."""

    def __init__(self, findings: int) -> None:
        super().__init__(f"{findings} findings: not everything that was taken down is known and gone everywhere.")


class MediaMissing(LifeboatError):
    """A bucket lacks pictures that rows name, holds damaged ones, or does not answer."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__(f"{'; '.join(findings)}. Bring back what is missing with `lifeboat media verify --repair`.")


class NotReady(LifeboatError):
    """A rehearsal found something that a failover would stop at."""


class CannotFailBack(LifeboatError):
    """The site that was primary before is not ready to be it again."""


class DrillFailed(LifeboatError):
    """A drill found something that does not work."""


class PlanRefused(UsageError):
    """A saved plan cannot be made or applied: another commit, stack or state, or Pulumi itself refuses."""
