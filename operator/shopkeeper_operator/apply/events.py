"""Kubernetes Events: what a person should know of a change."""

import logging
from datetime import datetime
from typing import Final

from shopkeeper_operator import naming
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.kinds import Kind
from shopkeeper_operator.plan.status import Announcement
from shopkeeper_operator.snapshot import ShopObject

log = logging.getLogger(__name__)

EVENT: Final = Kind("Event", "events.k8s.io", "v1", "events")


def announce(api: Api, shop: ShopObject, announcement: Announcement, now: datetime) -> None:
    """Post an Event about a Shop. One that cannot be posted is only logged: the status says the same."""
    body = {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"generateName": f"{shop.name}-", "namespace": shop.key.namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": f"{naming.GROUP}/operator",
        "reportingInstance": naming.FIELD_MANAGER,
        "action": "Reconcile",
        "type": announcement.type,
        "reason": announcement.reason,
        "note": announcement.note,
        "regarding": {
            "apiVersion": naming.API_VERSION,
            "kind": naming.KIND,
            "namespace": shop.key.namespace,
            "name": shop.name,
            "uid": shop.uid,
        },
    }
    try:
        api.create(EVENT, shop.key.namespace, body)
    except ApiError as error:
        log.info("event not posted", extra={"shop": str(shop.key), "error": str(error)})
