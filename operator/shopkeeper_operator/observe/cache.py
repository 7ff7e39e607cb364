"""The children and Shops the operator knows: fed by watches, by lists and by its own writes.

Events and lists race each other, and both race our own writes; what is newer (by resource version, which the API
server orders within a kind) wins. Deletions leave a tombstone for as long as a list may still bring the object back.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from shopkeeper_operator import naming
from shopkeeper_operator.kinds import Key, Kind, Ref
from shopkeeper_operator.snapshot import Child, ShopObject, child_of, shop_of


class Cache:
    """Thread-safe: watches feed it in the event loop, reconciles in worker threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shops: dict[Key, ShopObject] = {}
        self._children: dict[Ref, Child] = {}
        self._by_shop: dict[Key, set[Ref]] = {}
        self._tombstones: dict[Ref, int] = {}

    def shop(self, key: Key) -> ShopObject | None:
        """Return a Shop."""
        with self._lock:
            return self._shops.get(key)

    def keys(self) -> set[Key]:
        """Return all Shops, and those that only children tell of."""
        with self._lock:
            return self._shops.keys() | self._by_shop.keys()

    def shop_count(self) -> int:
        """Return how many Shops there are."""
        with self._lock:
            return len(self._shops)

    def children(self, key: Key) -> dict[Ref, Child]:
        """Return the children of a Shop."""
        with self._lock:
            return {ref: self._children[ref] for ref in self._by_shop.get(key, ())}

    def put_shop(self, body: Mapping[str, Any]) -> bool:
        """Take in a Shop; tell whether it is news."""
        shop = shop_of(body)
        with self._lock:
            known = self._shops.get(shop.key)
            if known is not None and known.uid == shop.uid and known.version >= shop.version:
                return False
            self._shops[shop.key] = shop
            return True

    def drop_shop(self, key: Key, uid: str) -> None:
        """Forget a Shop that is gone, unless another one has its name by now."""
        with self._lock:
            known = self._shops.get(key)
            if known is not None and known.uid == uid:
                del self._shops[key]

    def put(self, kind: Kind, body: Mapping[str, Any], tolerated: frozenset[str] | None = None) -> bool:
        """Take in a child and tell whether it is news.

        Args:
            kind: its kind.
            body: the object.
            tolerated: differences of the answer to an apply of ours; None where it comes from elsewhere, which
                leaves them as they are.
        """
        child = child_of(body, kind.name, tolerated or frozenset())
        with self._lock:
            known = self._children.get(child.ref)
            if self._tombstones.get(child.ref, -1) >= child.version:
                return False
            if known is not None and known.version >= child.version:
                if tolerated is not None and known.version == child.version:
                    self._children[child.ref] = replace(known, tolerated=tolerated)
                return False
            if known is not None and tolerated is None and known.uid == child.uid:
                child = replace(child, tolerated=known.tolerated)
            self._store(child)
            return True

    def drop(self, ref: Ref, version: int) -> bool:
        """Forget a child that was deleted at a resource version; tell whether it is news."""
        with self._lock:
            known = self._children.get(ref)
            self._tombstones[ref] = max(version, self._tombstones.get(ref, -1))
            if known is None or known.version > version:
                return False
            self._remove(ref)
            return True

    def forget(self, ref: Ref, uid: str) -> None:
        """Forget a child that our own deletion removed at once."""
        with self._lock:
            known = self._children.get(ref)
            if known is not None and known.uid == uid:
                self._tombstones[ref] = max(known.version, self._tombstones.get(ref, -1))
                self._remove(ref)

    def replace_kind(
        self, kind: Kind, bodies: Iterable[Mapping[str, Any]], version: int, namespaces: set[str]
    ) -> set[Key]:
        """Make the cache equal to a list of one kind, but for what is newer than the list; return whose that was news.

        Args:
            kind: the kind.
            bodies: all objects of the list.
            version: resource version of the list.
            namespaces: the namespaces that were listed; empty for all.
        """
        listed = set()
        news = set()
        for body in bodies:
            key = key_of(body)
            if self.put(kind, body) and key is not None:
                news.add(key)
            listed.add(Ref(kind.name, body["metadata"]["namespace"], body["metadata"]["name"]))
        with self._lock:
            gone = [
                ref
                for ref, child in self._children.items()
                if ref.kind == kind.name
                and ref not in listed
                and child.version <= version
                and (not namespaces or ref.namespace in namespaces)
            ]
            for ref in gone:
                news.add(Key(ref.namespace, self._children[ref].shop))
                self._remove(ref)
            buried = [ref for ref, at in self._tombstones.items() if ref.kind == kind.name and at <= version]
            for ref in buried:
                del self._tombstones[ref]
        return news

    def replace_shops(self, bodies: Iterable[Mapping[str, Any]], version: int, namespaces: set[str]) -> set[Key]:
        """Make the cache equal to a list of Shops, but for what is newer than the list; return those that were news."""
        listed = set()
        news = set()
        for body in bodies:
            key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
            listed.add(key)
            if self.put_shop(body):
                news.add(key)
        with self._lock:
            for key, shop in list(self._shops.items()):
                inside = not namespaces or key.namespace in namespaces
                if inside and key not in listed and shop.version <= version:
                    del self._shops[key]
                    news.add(key)
        return news

    def _store(self, child: Child) -> None:
        known = self._children.get(child.ref)
        if known is not None and known.shop != child.shop:
            self._remove(child.ref)
        self._children[child.ref] = child
        self._by_shop.setdefault(Key(child.ref.namespace, child.shop), set()).add(child.ref)

    def _remove(self, ref: Ref) -> None:
        child = self._children.pop(ref)
        key = Key(ref.namespace, child.shop)
        self._by_shop[key].discard(ref)
        if not self._by_shop[key]:
            del self._by_shop[key]


def key_of(body: Mapping[str, Any]) -> Key | None:
    """Return the Shop that a child belongs to, None where its labels do not say."""
    metadata = body["metadata"]
    shop = (metadata.get("labels") or {}).get(naming.INSTANCE_LABEL)
    return Key(metadata["namespace"], shop) if shop else None
