"""A bare client of the API server: what it takes in when nobody thinks in between."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from e2e.bench.fleet.objects import PLACEHOLDER, path
from e2e.support.control_plane import ControlPlane

THREADS = 8


class Client:
    """Plain HTTP with the administrator's token.

    Args:
        plane: the control plane.
    """

    def __init__(self, plane: ControlPlane) -> None:
        file = json.loads(plane.kubeconfig.read_text())
        self._url = plane.url
        self._headers = {"Authorization": f"Bearer {file['users'][0]['user']['token']}"}
        authority = file["clusters"][0]["cluster"]["certificate-authority"]
        self._http = urllib3.PoolManager(maxsize=THREADS, ca_certs=authority, retries=False, timeout=60)

    def request(self, method: str, where: str, body: object = None, kind: str = "application/json") -> Any:
        """Send a request that has to succeed and return its JSON."""
        data = None if body is None else json.dumps(body).encode()
        answer = self._http.request(
            method, self._url + where, body=data, headers={**self._headers, "Content-Type": kind}
        )
        if answer.status >= 300:
            raise RuntimeError(f"{method} {where}: {answer.status} {answer.data.decode()[:300]}")
        return json.loads(answer.data)

    def text(self, where: str) -> str:
        """Return what a path says, as text."""
        return self._http.request("GET", self._url + where, headers=self._headers).data.decode()

    def list(self, where: str) -> list[dict[str, Any]]:
        """Return all objects of a collection, page by page."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.request("GET", f"{where}{'&' if '?' in where else '?'}limit=500&continue={token}")
            items += page["items"]
            token = page["metadata"].get("continue", "")
            if not token:
                return items

    def create_all(self, manifests: Iterable[tuple[str, dict[str, Any]]]) -> float:
        """Create objects (with their namespaces) by several threads and return the seconds it took."""
        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda one: self.request("POST", path(one[1], one[0]), one[1]), manifests))
        return time.perf_counter() - began

    def writes(self) -> Counter[str]:
        """Return how many writes the API server has served, by resource."""
        counts: Counter[str] = Counter()
        for line in self.text("/metrics").splitlines():
            if line.startswith("apiserver_request_total{"):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
                if labels["verb"] in ("POST", "PUT", "PATCH", "APPLY", "DELETE"):
                    counts[labels["resource"]] += int(float(line.split()[-1]))
        return counts


def replicate(
    objects: Sequence[dict[str, Any]], names: Iterable[str], namespace: str
) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects of many Shops, made from a template."""
    text = json.dumps(list(objects))
    made: list[tuple[str, dict[str, Any]]] = []
    for name in names:
        for manifest in json.loads(text.replace(PLACEHOLDER, name)):
            manifest["metadata"]["namespace"] = namespace
            made.append((namespace, manifest))
    return made


class Sampler:
    """Looks at the memory of a process tree every half second, in a thread.

    Args:
        pid: its first process.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            self.peak_mib = max(self.peak_mib, resident_mib(self._pid))


def resident_mib(pid: int) -> float:
    """Return a process's resident memory in MiB; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 (read often)
            found = re.search(r"^VmRSS:\s+(\d+) kB", status.read(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0
