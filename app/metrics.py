"""What Prometheus reads of one process: requests by route, streams, and what the site is at the moment."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one process, in a registry of their own. No label names a person, a post or an address."""

    def __init__(self, site: str, streams: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        routes = ("method", "route", "status")
        self.requests = Counter("lifeboat_requests", "Requests answered", routes, registry=self._registry)
        self.seconds = Histogram(
            "lifeboat_request_seconds",
            "Time until an answer began",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.refused = Counter("lifeboat_refused", "Requests refused unread", ("reason",), registry=self._registry)
        self.in_flight = Gauge("lifeboat_requests_in_flight", "Requests under way", registry=self._registry)
        open_streams = Gauge("lifeboat_streams_open", "Open streams", registry=self._registry)
        open_streams.set_function(streams)
        self._writable = self._gauge("lifeboat_writable", "Whether this site takes writes")
        self._epoch = self._gauge("lifeboat_epoch", "The epoch of the lease that this site knows")
        self._heartbeat = self._gauge("lifeboat_heartbeat_age_seconds", "Age of the primary's last heartbeat here")
        self._behind = Gauge(
            "lifeboat_follower_behind_bytes",
            "WAL that a follower has not confirmed",
            ("site",),
            registry=self._registry,
        )
        Gauge("lifeboat_site", "The site of this process", ("site",), registry=self._registry).labels(site).set(1)

    def show_site(self, *, writable: bool, epoch: int, heartbeat: float | None, behind: dict[str, int]) -> None:
        """Set what the site is at the moment."""
        self._writable.set(writable)
        self._epoch.set(epoch)
        self._heartbeat.set(-1 if heartbeat is None else heartbeat)
        self._behind.clear()
        for site, size in behind.items():
            self._behind.labels(site).set(size)

    def text(self) -> bytes:
        """Give everything in Prometheus's text form."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry)
