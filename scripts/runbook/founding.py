"""Makes the register's object in every control store, once in a cluster's life."""

from collections.abc import Mapping

from scripts.runbook.ballots import ZERO, Acceptor, AcceptorState, Value
from scripts.runbook.errors import RegisterExists, RegisterIncomplete, StoreConflict, StoreUnavailable
from scripts.runbook.quorum import Crowd

STORE_SECONDS = 2.0


async def found_register(acceptors: Mapping[str, Acceptor], cluster: str, value: Value) -> None:
    """Create the object in every store; done again it finds its own work and finishes it.

    Raises RegisterExists when a store holds more than the beginning, RegisterIncomplete when one cannot be written.
    """
    first = AcceptorState(cluster, 1, ZERO, ZERO, value)
    crowd = Crowd(acceptors, {name: STORE_SECONDS + acceptor.pace for name, acceptor in acceptors.items()})
    for act in (_refuse_other, _create):
        answers = await crowd.ask(lambda name, acceptor, act=act: act(name, acceptor, first))
        await crowd.rest()  # a register is only new when every store holds it
        for name, error in answers.failed.items():
            if isinstance(error, RegisterExists):
                raise error
            raise RegisterIncomplete(
                f"The register could not be written to the control store of {name}: {error}. "
                "Mend the store and run this again."
            ) from error


async def _refuse_other(name: str, acceptor: Acceptor, first: AcceptorState) -> None:
    """Let pass a store that has no object, or exactly the first one."""
    try:
        found, _ = await acceptor.read()
    except StoreUnavailable:
        return  # absent, or out of reach: the creation that follows tells which
    if found != first:
        raise RegisterExists(
            f"The control store of {name} already holds the register of the cluster {found.cluster!r}; "
            "a register is made only once."
        )


async def _create(name: str, acceptor: Acceptor, first: AcceptorState) -> None:
    try:
        await acceptor.compare_and_set(None, first)
    except StoreConflict:
        await _refuse_other(name, acceptor, first)
    found, _ = await acceptor.read()
    if found != first:
        raise RegisterExists(
            f"The control store of {name} already holds another register; a register is made only once."
        )
