"""Objects of others that Shops name. They carry no label to watch them by, so they are looked at now and again."""

import asyncio
import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from shopkeeper_operator import kinds
from shopkeeper_operator.api.model import InvalidShop, Spec, parse
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.kinds import Key, Kind
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.plan.references import named
from shopkeeper_operator.queue import Queue
from shopkeeper_operator.snapshot import Catalog, decode_secret

log = logging.getLogger(__name__)

#: Between two looks at all of them.
SECONDS: Final = 30.0


class _Name(NamedTuple):
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of an object: its identity and version (empty: there is none), and its content."""

    version: str
    content: Mapping[str, str] | Catalog | None


class References:
    """Reads what Shops name, remembers it, and queues the Shops of what has changed. Thread-safe."""

    def __init__(self, cache: Cache, api: Api) -> None:
        self._cache = cache
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[_Name, _Read] = {}

    def read(self, namespace: str, spec: Spec) -> tuple[dict[str, Mapping[str, str] | None], Catalog | None]:
        """Return the secrets that a spec names, by name and None where one does not exist, and its catalogue.

        Raises:
            ApiError: an object could not be read.
        """
        secrets: dict[str, Mapping[str, str] | None] = {}
        catalog = None
        for kind, name in named(spec):
            content = self._read(kind, _Name(kind.name, namespace, name)).content
            if isinstance(content, Catalog):
                catalog = content
            elif kind is kinds.SECRET:
                secrets[name] = content
        return secrets, catalog

    def _read(self, kind: Kind, name: _Name) -> _Read:
        with self._lock:
            known = self._known.get(name)
        if known is None:
            body = self._api.get(kind, name.namespace, name.name)
            known = _Read(_version(body and body["metadata"]), None if body is None else _content(kind, body))
            with self._lock:
                self._known[name] = known
        return known

    async def run(self, queue: Queue[Key], pool: Executor, seconds: float = SECONDS) -> None:
        """Look at everything that is named, again and again, and queue the Shops of what has changed."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(seconds)
            try:
                changed = await loop.run_in_executor(pool, self.changed)
            except ApiError as error:
                log.warning("an object that a Shop names could not be read", extra={"error": str(error)})
                continue
            for key in changed:
                queue.add(key)

    def changed(self) -> list[Key]:
        """Forget what has changed since it was read, or is not named any more; return the Shops that name it.

        Raises:
            ApiError: an object could not be read.
        """
        naming = self._naming()
        with self._lock:
            self._known = {name: read for name, read in self._known.items() if name in naming}
            known = dict(self._known)
        changed: set[Key] = set()
        for name, read in known.items():
            found = self._api.get_metadata(kinds.BY_NAME[name.kind], name.namespace, name.name)
            if _version(found) != read.version:
                with self._lock:
                    self._known.pop(name, None)
                changed |= naming[name]
        return sorted(changed)

    def _naming(self) -> dict[_Name, set[Key]]:
        """Return the Shops that name each object."""
        made: dict[_Name, set[Key]] = {}
        for key in sorted(self._cache.keys()):
            shop = self._cache.shop(key)
            for kind, name in () if shop is None else _named(shop.name, dict(shop.spec)):
                made.setdefault(_Name(kind.name, key.namespace, name), set()).add(key)
        return made


def _named(name: str, spec: dict[str, Any]) -> tuple[tuple[Kind, str], ...]:
    try:
        return named(parse(name, spec))
    except InvalidShop:
        return ()


def _version(metadata: Mapping[str, Any] | None) -> str:
    return f"{metadata['uid']}/{metadata['resourceVersion']}" if metadata else ""


def _content(kind: Kind, body: Mapping[str, Any]) -> Mapping[str, str] | Catalog:
    if kind is kinds.SECRET:
        return decode_secret(body)
    files = {**(body.get("data") or {}), **(body.get("binaryData") or {})}
    text = json.dumps(files, sort_keys=True)
    return Catalog(tuple(sorted(files)), hashlib.sha256(text.encode()).hexdigest()[:16])
