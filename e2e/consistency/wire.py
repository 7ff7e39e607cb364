"""HTTP as a shopper's phone speaks it: one connection that is kept, a limit of patience, and errors told apart."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS = 15.0
# What is worth another try: the server says that it could not, or that there were too many of us.
AGAIN = frozenset((429, 502, 503, 504))
# A card that is declined, stock that is gone, an order whose time is over: that is how shops are.
BUSINESS = frozenset((402, 409))


@dataclass(frozen=True)
class Answer:
    """An HTTP response.

    Attributes:
        status: 0 when there was none.
        body: the parsed JSON, or what went wrong.
    """

    status: int
    body: Any
    retry_after: float = 0.0

    @property
    def of_the_shop(self) -> bool:
        """Whether the shop said this: its errors are problem documents, those of whatever stands between are not.

        When a pod vanishes, what was sent to its address may go astray, and some other host may answer.
        """
        return 0 < self.status < 400 or (isinstance(self.body, dict) and "type" in self.body)

    @property
    def slug(self) -> str:
        """The kind of problem in a word."""
        if self.status == 0:
            return str(self.body)
        kind = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(kind).rpartition("/")[2] or f"no problem document: {str(self.body)[:60]}"


@dataclass
class Line:
    """A connection to the shop, and what was seen on it.

    Args:
        url: the gateway.
        token: access token.

    Attributes:
        errors: answers that a shopper has to call an error (none at all, 5xx, most 4xx), by operation, status and kind.
        requests: how many were sent.
    """

    url: str
    token: str = field(default="", repr=False)
    errors: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def send(self, operation: str, method: str, path: str, body: object = None, key: str = "") -> Answer:
        """Send one request once; a broken connection is an answer with status 0."""
        self.requests += 1
        try:
            answer = self._exchange(method, path, body, key)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            answer = Answer(0, _kind(error))
        if not (200 <= answer.status < 300 or answer.status in BUSINESS):
            self.errors[f"{operation}: {answer.status or 'no answer'} {answer.slug}"] += 1
        return answer

    def _exchange(self, method: str, path: str, body: object, key: str) -> Answer:
        if self._connection is None:
            where = urlsplit(self.url)
            self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=ANSWER_SECONDS)
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, _parse(text), _seconds(response.getheader("Retry-After")))

    def close(self) -> None:
        """End the connection; the next request makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class Patience:
    """How long somebody goes on trying.

    Args:
        seconds: all in all.
        attempts: how often at most.
        pause: seconds before the second try; doubled for each further one, up to three seconds.
    """

    seconds: float
    attempts: int
    pause: float
    _end: float = field(init=False)
    _tries: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def lasts(self, answer: Answer) -> bool:
        """Wait a while before the next try; False when it is over."""
        pause = max(min(answer.retry_after, 5.0), min(self.pause * 2**self._tries, 3.0))
        self._tries += 1
        if self._tries >= self.attempts or time.monotonic() + pause > self._end:
            return False
        time.sleep(pause)
        return True


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode(errors="replace")


def _seconds(value: str | None) -> float:
    return float(value) if value is not None and value.isdigit() else 0.0


def _kind(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, http.client.RemoteDisconnected):
        return "closed-before-answer"
    return type(error).__name__
