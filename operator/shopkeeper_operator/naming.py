"""Every name, label and annotation the operator reads or writes. Pure.

The contract is `<shop>-<part>` for objects and `app.kubernetes.io/*` for labels, so that two Shops in one
namespace never meet.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

GROUP: Final = "shopkeeper.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "Shop"
PLURAL: Final = "shops"

FIELD_MANAGER: Final = "shopkeeper"
#: Holds `spec.replicas` for the moment between our letting go and the HPA's first write.
HANDOVER_MANAGER: Final = "shopkeeper-handover"
FINALIZER: Final = f"{GROUP}/teardown"

NAME_LABEL: Final = "app.kubernetes.io/name"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "shopkeeper"
SELECTOR: Final = f"{MANAGED_BY_LABEL}={MANAGED_BY}"

WAVE_ANNOTATION: Final = f"{GROUP}/wave"
APPLIED_ANNOTATION: Final = f"{GROUP}/applied"
CREDENTIALS_ANNOTATION: Final = f"{GROUP}/credentials"

SERVICES: Final = (
    "users",
    "products",
    "inventory",
    "orders",
    "payments",
    "notifications",
    "recommendations",
    "storefront",
)
GATEWAY: Final = "gateway"
POSTGRES: Final = "postgres"
RABBITMQ: Final = "rabbitmq"

#: Longest Shop name: `<shop>-recommendations-migrate-xxxxxxxx` fits in a DNS label then (63 characters).
SHOP_NAME_MAX: Final = 30
POSTGRES_IDENTIFIER_MAX: Final = 63


def part(shop: str, name: str) -> str:
    """Return the name of the objects of one part of a shop, such as `demo-users`."""
    return f"{shop}-{name}"


def postgres_secret(shop: str) -> str:
    """Return the name of the secret of the embedded database's superuser."""
    return f"{shop}-postgres"


def runtime_secret(shop: str, service: str) -> str:
    """Return the name of the secret a service connects with."""
    return f"{shop}-{service}-db"


def owner_secret(shop: str, service: str) -> str:
    """Return the name of the secret migrations connect with."""
    return f"{shop}-{service}-db-owner"


def jwt_secret(shop: str) -> str:
    """Return the name of the secret with the key that signs access tokens."""
    return f"{shop}-jwt"


def admin_secret(shop: str) -> str:
    """Return the name of the secret with the shop administrator's first credentials."""
    return f"{shop}-admin"


def internal_secret(shop: str) -> str:
    """Return the name of the secret with the token services use among themselves."""
    return f"{shop}-internal"


def amqp_secret(shop: str, service: str) -> str:
    """Return the name of the secret with a service's account at the broker."""
    return f"{shop}-{service}-amqp"


def rabbitmq_secret(shop: str) -> str:
    """Return the name of the secret with the broker's own cookie and its accounts."""
    return f"{shop}-rabbitmq"


def storefront_secret(shop: str) -> str:
    """Return the name of the secret with the key that signs the storefront's sessions."""
    return f"{shop}-storefront"


def authority_secret(shop: str) -> str:
    """Return the name of the secret with the authority that signs the operator's certificates."""
    return f"{shop}-ca"


def tls_secret(shop: str) -> str:
    """Return the name of the secret with the certificate that the operator makes for the gateway."""
    return f"{shop}-tls"


def data_claim(shop: str) -> str:
    """Return the name of the volume claim that holds the embedded database."""
    return f"data-{shop}-postgres-0"


def labels(shop: str, name: str) -> dict[str, str]:
    """Return the labels of an object the operator makes itself (the charts label their own)."""
    return {
        NAME_LABEL: name,
        INSTANCE_LABEL: shop,
        PART_OF_LABEL: "shopkeeper",
        MANAGED_BY_LABEL: MANAGED_BY,
    }


def is_ours(object_labels: Mapping[str, str] | None, shop: str) -> bool:
    """Tell whether an object with these labels belongs to this Shop and to this operator."""
    found = object_labels or {}
    return found.get(MANAGED_BY_LABEL) == MANAGED_BY and found.get(INSTANCE_LABEL) == shop


def database_name(namespace: str, shop: str, service: str, *, shared_server: bool) -> str:
    """Return the database (and runtime role) of a service.

    On the shop's own server it is the service's name. On a shared one it carries namespace and shop, cut with a
    hash where PostgreSQL's identifier limit (less the owner role's suffix) would be passed.
    """
    if not shared_server:
        return service
    name = f"{namespace}_{shop}_{service}".replace("-", "_")
    limit = POSTGRES_IDENTIFIER_MAX - len(owner_role(""))
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(f"{namespace}/{shop}/{service}".encode()).hexdigest()[:8]
    return f"{name[: limit - 9]}_{digest}"


def owner_role(database: str) -> str:
    """Return the role that owns a database and its schema."""
    return f"{database}_owner"
