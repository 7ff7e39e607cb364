"""What can be seen of the post in the metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from notifications.postbox import Postbox
from shopkit.metrics import Metrics


class Measures:
    """The metrics of the post.

    Args:
        metrics: where they are registered.
        postbox: what is counted.

    Attributes:
        attempts: attempts to send a mail, by kind and outcome.
    """

    def __init__(self, metrics: Metrics, postbox: Postbox) -> None:
        registry = metrics.registry
        self.attempts = Counter(
            "mail_attempts", "Attempts to send a mail, by kind and outcome.", ("kind", "outcome"), registry=registry
        )
        self._pending = Gauge(
            "mails_pending", "Mails that are not sent yet, by what they wait for.", ("waiting_for",), registry=registry
        )
        self._oldest = Gauge(
            "mails_oldest_seconds", "Age of what the oldest unsent mail with an address tells of.", registry=registry
        )
        self._postbox = postbox

    def measure(self) -> bool:
        """Count what is not sent yet; a background job."""
        waiting = self._postbox.waiting()
        self._pending.labels("server").set(waiting.with_address)
        self._pending.labels("address").set(waiting.without_address)
        self._oldest.set(waiting.oldest_seconds)
        return False
