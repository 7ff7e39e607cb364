"""Everything kopf does for us: watches. A handler takes an event into the cache and queues the Shop; no I/O."""

import logging
from collections.abc import Mapping
from typing import Any

import kopf

from shopkeeper_operator import kinds, metrics, naming
from shopkeeper_operator.kinds import Key, Kind, Ref
from shopkeeper_operator.observe.cache import Cache, key_of
from shopkeeper_operator.queue import Queue

log = logging.getLogger(__name__)


def registry(cache: Cache, queue: Queue[Key]) -> kopf.OperatorRegistry:
    """Return the handlers.

    Args:
        cache: takes in what events tell.
        queue: takes in the Shops they are about.
    """
    made = kopf.OperatorRegistry()

    @kopf.on.login(id="login", registry=made)
    def on_login(**arguments: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)

    @kopf.on.event(naming.GROUP, naming.VERSION, naming.PLURAL, id="on_shops", registry=made)
    def on_shop(event: Mapping[str, Any], **_: Any) -> None:
        _take_shop(event, cache, queue)

    for kind in kinds.OWNED:
        _watch(kind, cache, queue, made)

    return made


def _watch(kind: Kind, cache: Cache, queue: Queue[Key], into: kopf.OperatorRegistry) -> None:
    @kopf.on.event(kind.group, kind.version, kind.plural, registry=into, id=f"on_{kind.plural}")
    def on_child(event: Mapping[str, Any], **_: Any) -> None:
        _take_child(kind, event, cache, queue)


def _take_shop(event: Mapping[str, Any], cache: Cache, queue: Queue[Key]) -> None:
    body = event["object"]
    key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
    if event["type"] == "DELETED":
        cache.drop_shop(key, body["metadata"]["uid"])
        queue.add(key)
    elif cache.put_shop(body):
        queue.add(key)
    metrics.SHOPS.set(cache.shop_count())


def _take_child(kind: Kind, event: Mapping[str, Any], cache: Cache, queue: Queue[Key]) -> None:
    body = event["object"]
    key = key_of(body)
    if key is None:
        return
    metadata = body["metadata"]
    if event["type"] == "DELETED":
        ref = Ref(kind.name, metadata["namespace"], metadata["name"])
        news = cache.drop(ref, int(metadata["resourceVersion"]))
    else:
        news = cache.put(kind, body)
    if news:
        queue.add(key)


def settings(watched: kopf.OperatorSettings | None = None) -> kopf.OperatorSettings:
    """Return kopf's settings: children filtered by the server, nothing written, nothing scanned, no peers."""
    made = watched or kopf.OperatorSettings()
    for kind in kinds.OWNED:
        made.watching.label_selectors[kind.group, kind.version, kind.plural] = naming.SELECTOR
    made.peering.standalone = True
    made.posting.enabled = False
    made.scanning.disabled = True
    made.networking.request_timeout = 30
    made.networking.connect_timeout = 5
    made.watching.connect_timeout = 5
    made.process.ultimate_exiting_timeout = 25
    return made
