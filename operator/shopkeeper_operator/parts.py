"""What each service of a shop needs, as data. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shopkeeper_operator import naming


@dataclass(frozen=True, slots=True)
class Part:
    """One service.

    `publishes` and `consumes` tell what it does with the broker; `reads` are the secrets of the shop that its pods
    read, beside those of its own database and of its own account at the broker.
    """

    name: str
    database: bool = True
    publishes: bool = False
    consumes: bool = False
    reads: tuple[Callable[[str], str], ...] = ()

    @property
    def messaging(self) -> bool:
        """Whether the service has an account at the broker."""
        return self.publishes or self.consumes


ALL: Final = (
    # The administrator's password is set by the migration Job, which carries the same digest.
    Part("users", publishes=True, reads=(naming.jwt_secret, naming.admin_secret)),
    Part("products"),
    Part("inventory", reads=(naming.internal_secret,)),
    Part("orders", publishes=True, reads=(naming.internal_secret,)),
    Part("payments", reads=(naming.internal_secret,)),
    Part("notifications", consumes=True),
    Part("recommendations", consumes=True),
    Part("storefront", database=False, reads=(naming.storefront_secret,)),
)
WITH_DATABASE: Final = tuple(part.name for part in ALL if part.database)
WITH_BROKER: Final = tuple(part for part in ALL if part.messaging)
