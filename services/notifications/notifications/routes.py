"""The routes: one's own inbox."""

from __future__ import annotations

from typing import Any

from notifications import kinds
from notifications.desk import Desk
from notifications.kinds import Kind
from notifications.models import NotificationChange, NotificationPage, NotificationQuery, NotificationView
from shopkit import pagination, problems
from shopkit.auth import User, require_user
from shopkit.database import Row
from shopkit.routing import Api

api: Api[Desk] = Api("notifications")
_NOT_FOUND = {404: "There is no such notification, or it is somebody else's."}


@api.get("/api/v1/notifications", query=NotificationQuery, responses={200: NotificationPage}, auth=require_user)
def list_notifications(desk: Desk, query: NotificationQuery, user: User) -> dict[str, Any]:
    """List one's own notifications, the newest first."""
    rows = desk.inbox.page(user.id, query.cursor, query.limit, query.unread)
    return pagination.page([_view(desk, row) for row in rows], query.limit)


@api.get(
    "/api/v1/notifications/<id:notification_id>",
    responses={200: NotificationView},
    auth=require_user,
    problems=_NOT_FOUND,
)
def get_notification(desk: Desk, notification_id: str, user: User) -> dict[str, Any]:
    """Get one of one's own notifications."""
    return _found(desk, desk.inbox.get(user.id, notification_id), notification_id)


@api.route(
    "PATCH",
    "/api/v1/notifications/<id:notification_id>",
    body=NotificationChange,
    responses={200: NotificationView},
    auth=require_user,
    problems=_NOT_FOUND,
)
def mark_notification(desk: Desk, notification_id: str, body: NotificationChange, user: User) -> dict[str, Any]:
    """Mark one of one's own notifications as read, or as not read."""
    return _found(desk, desk.inbox.mark(user.id, notification_id, body.read), notification_id)


def _found(desk: Desk, row: Row | None, notification_id: str) -> dict[str, Any]:
    if row is None:
        raise problems.not_found(f"There is no notification {notification_id}.")
    return _view(desk, row)


def _view(desk: Desk, row: Row) -> dict[str, Any]:
    kind = Kind(row["kind"])
    return {
        "id": row["id"],
        "type": kind,
        "title": kinds.title(kind, row["data"], desk.shop),
        "text": kinds.text(kind, row["data"]),
        "order_id": row["data"].get("order_id"),
        "read": row["read"],
        "created_at": row["created_at"],
    }
