"""What a Shop may say, as data. Pure.

Each rule is written twice side by side: as CEL, which the API server evaluates before it stores an object, and as
a Python check, which guards the planner where the definition in the cluster is older or its validation is off.
Messages name the field, its value and what is allowed. Rules with no check compare with the previous object, which
only the API server has.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from shopkeeper_operator import naming, quantity

#: What the charts set for every service; a Shop must not turn one of these into something else.
RESERVED_ENV: Final = (
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    "CURRENCY",
    "DATABASE_POOL_SIZE",
    "DATABASE_RUNTIME_ROLE",
    "DATABASE_URL",
    "HTTP_PORT",
    "HTTP_THREADS",
    "INTERNAL_TOKEN",
    "INVENTORY_URL",
    "JWT_ISSUER",
    "JWT_SIGNING_KEY",
    "METRICS_PORT",
    "PAYMENTS_URL",
    "PRODUCTS_URL",
    "SERVER",
    "SHOP",
    "USERS_URL",
)
NODE_PORTS: Final = range(30000, 32768)

_RELEASE: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
_CURRENCY: Final = r"^[A-Z]{3}$"
_HOST: Final = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*(:[0-9]{1,5})?$"
_ENV_NAME: Final = r"^[A-Z][A-Z0-9_]*$"
_CPU: Final = r"^([1-9][0-9]*m|[0-9]+([.][0-9]{1,3})?)$"
_MEMORY: Final = r"^[1-9][0-9]*(k|Ki|M|Mi|G|Gi|T|Ti)?$"
_SIZE: Final = r"^[1-9][0-9]*(Mi|Gi|Ti)$"
_NAME: Final = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `cel` must hold for the value; `message` is a CEL expression for the sentence where it does not.

    `check` returns the sentence for a value that breaks the rule, else None. It is None for rules about change.
    """

    cel: str
    message: str
    check: Callable[[Any], str | None] | None = None

    def as_schema(self) -> dict[str, str]:
        """Return the rule as an entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "messageExpression": self.message}


def _pattern(field: str, pattern: str, allowed: str) -> Rule:
    def check(value: str) -> str | None:
        return None if re.fullmatch(pattern, value) else f'{field} "{value}" is not valid: {allowed}'

    return Rule(
        cel=f"self.matches(r'{pattern}')",
        message=f"'{field} \"' + self + '\" is not valid: {allowed}'",
        check=check,
    )


SHOP_NAME: Final = Rule(
    cel=f"self.metadata.name.size() <= {naming.SHOP_NAME_MAX} && self.metadata.name.matches(r'{_NAME}')",
    message=(
        "'metadata.name \"' + self.metadata.name + '\" is not valid: at most "
        f"{naming.SHOP_NAME_MAX} lower-case letters, digits and hyphens, beginning with a letter'"
    ),
    check=lambda name: (
        None
        if len(name) <= naming.SHOP_NAME_MAX and re.fullmatch(_NAME, name)
        else f'metadata.name "{name}" is not valid: at most {naming.SHOP_NAME_MAX} lower-case letters, digits '
        "and hyphens, beginning with a letter"
    ),
)
RELEASE: Final = _pattern(
    "release", _RELEASE, "an image tag such as 1.2.0 (letters, digits, . _ -, at most 128 characters)"
)
CURRENCY: Final = _pattern("currency", _CURRENCY, "three capital letters as in ISO 4217, such as EUR")
HOST: Final = _pattern("host", _HOST, "a DNS name with an optional port, such as shop.example.com or localhost:8080")
STORAGE_SIZE: Final = _pattern("database.storage.size", _SIZE, "a whole number of Mi, Gi or Ti above zero, such as 2Gi")


def _quantity(resource: str, pattern: str, allowed: str) -> Rule:
    return Rule(
        cel=f"string(self).matches(r'{pattern}')",
        message=f"'{resource} \"' + string(self) + '\" is not valid: {allowed}'",
        check=lambda value: (
            None if re.fullmatch(pattern, str(value)) else f'{resource} "{value}" is not valid: {allowed}'
        ),
    )


CPU: Final = _quantity("cpu", _CPU, "cores such as 2 or 0.5, or thousandths such as 250m")
MEMORY: Final = _quantity("memory", _MEMORY, "a whole number with a unit, such as 64Mi or 1Gi")
CURRENCY_FIXED: Final = Rule(
    cel="self == oldSelf",
    message="'currency cannot change from ' + oldSelf + ' to ' + self + ': prices and orders are stored in ' + oldSelf",
)
MODE_FIXED: Final = Rule(
    cel="self == oldSelf",
    message=(
        "'database.mode cannot change from ' + oldSelf + ' to ' + self + "
        "': the data would stay behind; create a new Shop and move the data'"
    ),
)
STORAGE_GROWS: Final = Rule(
    cel="!isQuantity(self) || !isQuantity(oldSelf) || quantity(self).compareTo(quantity(oldSelf)) >= 0",
    message="'database.storage.size cannot shrink from ' + oldSelf + ' to ' + self + ': volumes only grow'",
)


def _external(database: Any) -> str | None:
    if database.mode != "External" or database.external.secret_name:
        return None
    return "database.external.secretName is empty: mode External needs the name of a secret with an admin URI"


def _node_port_type(service: Any) -> str | None:
    if service.node_port is None or service.type != "ClusterIP":
        return None
    return f"gateway.service.nodePort {service.node_port} needs type NodePort or LoadBalancer, not ClusterIP"


def _replicas_or_autoscaling(service: Any) -> str | None:
    if service.replicas is None or service.autoscaling is None:
        return None
    return f"replicas {service.replicas} and autoscaling are both set: set one, since an autoscaler owns the replicas"


def _min_max(autoscaling: Any) -> str | None:
    low, high = autoscaling.min_replicas, autoscaling.max_replicas
    if low <= high:
        return None
    return f"autoscaling.minReplicas {low} is above maxReplicas {high}: minReplicas must be at most maxReplicas"


def _request_over_limit(resource: str) -> Rule:
    def check(resources: Any) -> str | None:
        requested, limit = getattr(resources.requests, resource), getattr(resources.limits, resource)
        if requested is None or limit is None or quantity.parse(requested) <= quantity.parse(limit):
            return None
        return (
            f"resources.requests.{resource} {requested} is above limits.{resource} {limit}: "
            "at most the limit is allowed"
        )

    requested, limit = f"self.requests.{resource}", f"self.limits.{resource}"
    return Rule(
        cel=(
            f"!has({requested}) || !has({limit}) || "
            f"!isQuantity(string({requested})) || !isQuantity(string({limit})) || "
            f"quantity(string({requested})).compareTo(quantity(string({limit}))) <= 0"
        ),
        message=(
            f"'resources.requests.{resource} ' + string({requested}) + ' is above limits.{resource} ' + "
            f"string({limit}) + ': at most the limit is allowed'"
        ),
        check=check,
    )


CPU_REQUEST: Final = _request_over_limit("cpu")
MEMORY_REQUEST: Final = _request_over_limit("memory")
EXTERNAL_SECRET: Final = Rule(
    cel="self.mode != 'External' || self.external.secretName != ''",
    message="'database.external.secretName is empty: mode External needs the name of a secret with an admin URI'",
    check=_external,
)
NODE_PORT_TYPE: Final = Rule(
    cel="!has(self.nodePort) || self.type != 'ClusterIP'",
    message=(
        "'gateway.service.nodePort ' + string(self.nodePort) + ' needs type NodePort or LoadBalancer, not ClusterIP'"
    ),
    check=_node_port_type,
)
NODE_PORT_RANGE: Final = Rule(
    cel=f"self >= {NODE_PORTS.start} && self < {NODE_PORTS.stop}",
    message=(
        "'gateway.service.nodePort ' + string(self) + "
        f"' is out of range: {NODE_PORTS.start} to {NODE_PORTS.stop - 1} are allowed'"
    ),
    check=lambda port: (
        None
        if port in NODE_PORTS
        else f"gateway.service.nodePort {port} is out of range: {NODE_PORTS.start} to {NODE_PORTS.stop - 1} are allowed"
    ),
)
REPLICAS_OR_AUTOSCALING: Final = Rule(
    cel="!(has(self.replicas) && has(self.autoscaling))",
    message=(
        "'replicas ' + string(self.replicas) + "
        "' and autoscaling are both set: set one, since an autoscaler owns the replicas'"
    ),
    check=_replicas_or_autoscaling,
)
MIN_MAX: Final = Rule(
    cel="self.minReplicas <= self.maxReplicas",
    message=(
        "'autoscaling.minReplicas ' + string(self.minReplicas) + ' is above maxReplicas ' + "
        "string(self.maxReplicas) + ': minReplicas must be at most maxReplicas'"
    ),
    check=_min_max,
)


def _keys(field: str, cel_bad: str, is_bad: Callable[[str], bool], allowed: str) -> Rule:
    def check(mapping: dict[str, Any]) -> str | None:
        bad = next((key for key in sorted(mapping) if is_bad(key)), None)
        return None if bad is None else f'{field} "{bad}" {allowed}'

    return Rule(
        cel=f"!self.exists(key, {cel_bad})",
        message=f"'{field} \"' + self.filter(key, {cel_bad})[0] + '\" {allowed}'",
        check=check,
    )


KNOWN_SERVICES: Final = _keys(
    "service",
    f"!(key in {list(naming.SERVICES)})",
    lambda key: key not in naming.SERVICES,
    f"is unknown: services are {', '.join(naming.SERVICES)}",
)
ENV_RESERVED: Final = _keys(
    "env",
    f"key in {list(RESERVED_ENV)}",
    lambda key: key in RESERVED_ENV,
    "is set by Shopkeeper and cannot be overridden: use another name",
)
ENV_NAMES: Final = _keys(
    "env",
    f"!key.matches(r'{_ENV_NAME}')",
    lambda key: not re.fullmatch(_ENV_NAME, key),
    "is not a valid name: capital letters, digits and underscores, beginning with a letter",
)
