"""The sandbox's webhooks: sent after a while, from a thread of this process to the route of this service."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import urllib3
from urllib3.exceptions import HTTPError

from payments.models import ProviderAnswer
from payments.signatures import HEADER, Signatures

_log = structlog.get_logger(__name__)
_MOST = 1000


@dataclass(frozen=True)
class Letter:
    """An answer and the (monotonic) time from which on it is sent."""

    due: float
    answer: ProviderAnswer


class Postman:
    """Sends what the sandbox answers late.

    What is not sent when the process ends is lost. That is no harm: the charge stays pending, and when it is asked for
    again, so is the answer.

    Args:
        url: where the webhook is.
        signatures: signs.
        after_seconds: how late an answer comes.
        clock: monotonic seconds.
    """

    def __init__(
        self, url: str, signatures: Signatures, after_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._signatures = signatures
        self._after = after_seconds
        self._clock = clock
        self._letters: deque[Letter] = deque(maxlen=_MOST)
        self._http = urllib3.PoolManager(retries=False, timeout=5.0, maxsize=1)

    def send(self, charge_key: str, reference: str) -> None:
        """Send later that a charge was captured."""
        answer = ProviderAnswer(charge_id=charge_key, status="captured", reference=reference)
        self._letters.append(Letter(self._clock() + self._after, answer))

    def deliver(self) -> bool:
        """Send what is due; what does not arrive is dropped. Returns False: nothing more is due."""
        for _ in range(len(self._letters)):
            letter = self._letters.popleft()
            if letter.due > self._clock():
                self._letters.append(letter)
            else:
                self._post(letter.answer)
        return False

    def _post(self, answer: ProviderAnswer) -> None:
        body = answer.model_dump_json().encode()
        headers = {"Content-Type": "application/json", HEADER: self._signatures.sign(body)}
        try:
            status = self._http.request("POST", self._url, body=body, headers=headers).status
        except HTTPError as error:
            _log.warning("a webhook could not be sent", charge=answer.charge_id, cause=type(error).__name__)
            return
        if status != 204:
            _log.warning("a webhook was not taken", charge=answer.charge_id, status=status)
