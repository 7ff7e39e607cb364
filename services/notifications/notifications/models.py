"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from notifications.kinds import Kind
from shopkit.ids import Id
from shopkit.pagination import Page, PageQuery
from shopkit.validation import Schema


class NotificationQuery(PageQuery):
    """Which notifications are listed."""

    unread: bool | None = Field(default=None, description="`true`: only those that are not marked as read.")


class NotificationView(Schema):
    """Something that a user was told."""

    id: Id
    type: Kind
    title: str
    text: str
    order_id: Id | None = Field(description="The order that it is about.")
    read: bool
    created_at: datetime


class NotificationPage(Page[NotificationView]):
    """One page of notifications."""


class NotificationChange(Schema):
    """What is to change in a notification."""

    read: bool
