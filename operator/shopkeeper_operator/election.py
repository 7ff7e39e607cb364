"""Leader election with a coordination Lease: of several replicas one works, and the others stand by.

A holder that cannot renew stops writing before anybody else may begin: its own patience (`DEADLINE`, counted from
before its last successful renewal) is shorter than that of the others (`DURATION`, counted on their own clocks from
when they saw that renewal). Clocks of different machines are never compared.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.kinds import Key, Kind

log = logging.getLogger(__name__)

LEASE: Final = Kind("Lease", "coordination.k8s.io", "v1", "leases")
#: Seconds without a renewal after which another replica takes over.
DURATION: Final = 12
#: Seconds without a renewal after which the holder writes nothing any more.
DEADLINE: Final = 8.0
#: Seconds between two tries.
PAUSE: Final = 2.0
#: So long a look at the Lease itself counts.
CONFIRMED: Final = 1.0


class NotLeader(ApiError):
    """This replica does not hold the Lease, or cannot be sure that it does: nothing may be written."""

    def __init__(self, message: str) -> None:
        super().__init__(0, "NotLeader", message)


class Elector:
    """Acquires, keeps and gives back one Lease. Thread-safe."""

    def __init__(
        self,
        api: Api,
        lease: Key,
        identity: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare an elector.

        Args:
            api: a client of its own, whose writes nothing holds back.
            lease: namespace and name of the Lease.
            identity: what no other replica is called.
            clock: monotonic seconds, which go on while the process is stopped.
            now: the time, for people who read the Lease.
        """
        self._api = api
        self._lease = lease
        self._identity = identity
        self._clock = clock
        self._now = now
        self._stop = threading.Event()
        self._renewed = float("-inf")
        self._confirmed = float("-inf")
        self._observed: tuple[object, float] = (None, 0.0)

    def acquire(self) -> bool:
        """Wait until this replica holds the Lease; False where it was told to stop before."""
        while not self._tried():
            if self._stop.wait(PAUSE):
                return False
        log.info("leading", extra={"object": str(self._lease), "cause": self._identity})
        return True

    def keep(self) -> None:
        """Renew until told to stop.

        Raises:
            NotLeader: the Lease is lost; the process has to end.
        """
        while not self._stop.wait(PAUSE):
            if not self._tried():
                self.check()

    def stop(self) -> None:
        """Stop waiting and renewing, and give the Lease back so that another replica begins at once."""
        self._stop.set()
        held, self._renewed = self._renewed, float("-inf")
        if self._clock() - held >= DEADLINE:
            return
        try:
            found = self._api.get(LEASE, *self._lease)
            if found is not None and found["spec"].get("holderIdentity") == self._identity:
                self._write(found, {"holderIdentity": "", "leaseDurationSeconds": 1})
        except ApiError as error:
            log.info("lease not given back", extra={"error": str(error)})

    def check(self) -> None:
        """Make sure, by the clock alone, that nobody else can have begun to write.

        Raises:
            NotLeader: the last renewal is too long ago.
        """
        if self._clock() - self._renewed >= DEADLINE:
            raise NotLeader(f"the Lease {self._lease} was not renewed for {DEADLINE:.0f} s")

    def confirm(self) -> None:
        """Make sure, by the Lease itself, that this replica leads: before what cannot be undone.

        Raises:
            NotLeader: it does not.
            ApiError: the Lease could not be read.
        """
        self.check()
        started = self._clock()
        if started - self._confirmed < CONFIRMED:
            return
        found = self._api.get(LEASE, *self._lease)
        holder = found and found["spec"].get("holderIdentity")
        if holder != self._identity:
            self._renewed = float("-inf")
            raise NotLeader(f"the Lease {self._lease} is held by {holder or 'nobody'}")
        self._confirmed = started

    def _tried(self) -> bool:
        try:
            return self.attempt()
        except ApiError as error:
            log.warning("lease not written", extra={"error": str(error)})
            return False

    def attempt(self) -> bool:
        """Acquire or renew once, and tell whether this replica holds the Lease.

        Raises:
            ApiError: the API server did not answer.
        """
        started = self._clock()
        found = self._api.get(LEASE, *self._lease)
        if found is not None and not self._is_free(found["spec"], started):
            self._renewed = float("-inf")
            return False
        try:
            self._create() if found is None else self._take(found)
        except ApiError as error:
            if error.conflict:
                return False
            raise
        self._renewed = started
        return True

    def _is_free(self, spec: dict[str, Any], started: float) -> bool:
        """Tell whether the Lease is ours, nobody's, or of a holder who was not heard of for as long as he promised."""
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._identity):
            return True
        record = (holder, spec.get("renewTime"), spec.get("leaseTransitions"))
        if record != self._observed[0]:
            self._observed = (record, started)
        return started - self._observed[1] >= float(spec.get("leaseDurationSeconds") or DURATION)

    def _create(self) -> None:
        namespace, name = self._lease
        spec = self._held() | {"acquireTime": self._moment(), "leaseTransitions": 0}
        body = {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": {"name": name}, "spec": spec}
        self._api.create(LEASE, namespace, body)

    def _take(self, found: dict[str, Any]) -> None:
        spec = self._held()
        if found["spec"].get("holderIdentity") != self._identity:
            transitions = int(found["spec"].get("leaseTransitions") or 0) + 1
            spec |= {"acquireTime": self._moment(), "leaseTransitions": transitions}
        self._write(found, spec)

    def _held(self) -> dict[str, Any]:
        return {"holderIdentity": self._identity, "leaseDurationSeconds": DURATION, "renewTime": self._moment()}

    def _moment(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _write(self, found: dict[str, Any], spec: dict[str, Any]) -> None:
        """Write the Lease that was seen: one that has changed since answers with a conflict."""
        patch = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "spec": spec}
        self._api.merge(LEASE, self._lease, patch)
