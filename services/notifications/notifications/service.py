"""The definition of the service."""

from __future__ import annotations

from notifications.address import parse_mailbox
from notifications.desk import Desk
from notifications.inbox import Inbox
from notifications.measures import Measures
from notifications.policy import Retries
from notifications.postbox import Postbox
from notifications.reactions import consumer
from notifications.rendering import Renderer, Shop
from notifications.routes import api
from notifications.sender import Sender
from notifications.settings import NotificationsSettings
from notifications.smtp import Connector, Limits
from notifications.smtp_url import parse_server
from shopkit.service import Runtime, Service

_MEASURE_SECONDS = 15.0
# A conversation has about as many steps until a mail is handed over.
_STEPS = 4


def build(runtime: Runtime[NotificationsSettings]) -> Desk:
    """Make what the handlers work with, and declare the sender."""
    settings = runtime.settings
    mailbox = parse_mailbox(settings.mail_from)
    shop = Shop(mailbox.display_name or settings.shop, settings.shop_url.rstrip("/"))
    postbox = Postbox(runtime.database, _STEPS * settings.smtp_timeout, settings.smtp_timeout + settings.smtp_accept)
    measures = Measures(runtime.metrics, postbox)
    limits = Limits(settings.smtp_timeout, settings.smtp_accept)
    sender = Sender(
        postbox,
        Renderer(shop),
        Connector(parse_server(settings.smtp_url), mailbox.domain, limits, settings.smtp_ca_file or None),
        settings.mail_from,
        Retries(settings.mail_attempts, settings.mail_backoff, settings.mail_backoff_max),
        measures.attempts,
    )
    runtime.background.every(settings.mail_poll, "send-mails", sender.run)
    runtime.background.every(_MEASURE_SECONDS, "measure-mails", measures.measure)
    return Desk(Inbox(runtime.database), shop.name)


SERVICE = Service(
    name="notifications",
    version="0.1.0",
    summary="What users are told, by mail and in their inbox.",
    settings=NotificationsSettings,
    apis=(api,),
    build=build,
    consumes=consumer,
)
