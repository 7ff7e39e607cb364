"""What a Shop may say, as data. Pure.

Each rule is written twice side by side: as CEL, which the API server evaluates before it stores an object, and as a
Python check, which guards the planner where the definition in the cluster is older or its validation is off. Both
say the same sentence, which names the field, its value and what is allowed. Rules without a check compare with the
previous object, which only the API server has.
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
    "AMQP_URL",
    "CURRENCY",
    "DATABASE_POOL_SIZE",
    "DATABASE_RUNTIME_ROLE",
    "DATABASE_URL",
    "GRPC_PORT",
    "HTTP_PORT",
    "HTTP_THREADS",
    "INTERNAL_TOKEN",
    "INVENTORY_URL",
    "JWT_ISSUER",
    "JWT_SIGNING_KEY",
    "MAIL_FROM",
    "METRICS_PORT",
    "ORDERS_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PAYMENTS_URL",
    "PRODUCTS_URL",
    "RECOMMENDATIONS_TARGET",
    "SERVER",
    "SESSION_KEY",
    "SHOP",
    "SHOP_URL",
    "SMTP_URL",
    "TRUSTED_PROXIES",
    "USERS_URL",
)
NODE_PORTS: Final = range(30000, 32768)

_RELEASE: Final = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
_CURRENCY: Final = r"^[A-Z]{3}$"
_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST: Final = rf"^{_LABEL}([.]{_LABEL})*(:[0-9]{{1,5}})?$"
_ENV_NAME: Final = r"^[A-Z][A-Z0-9_]*$"
_CPU: Final = r"^([1-9][0-9]*m|[0-9]+([.][0-9]{1,3})?)$"
_MEMORY: Final = r"^[1-9][0-9]*(k|Ki|M|Mi|G|Gi|T|Ti)?$"
_SIZE: Final = r"^[1-9][0-9]*(Mi|Gi|Ti)$"
_NAME: Final = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_OBJECT_NAME: Final = rf"^({_LABEL}([.]{_LABEL})*)?$"
_ENDPOINT: Final = r"^(http://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?)?$"
_ADDRESS: Final = r"^([^@\s\"]+@[A-Za-z0-9.-]+)?$"

Check = Callable[[Any], tuple[Any, ...] | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `cel` must hold for the value.

    `sentence` is what is said where it does not, with a `%s` for each of the CEL expressions in `values`. `check`
    returns those values for an object that breaks the rule, else None; it is None itself for rules about change.
    """

    cel: str
    sentence: str
    values: tuple[str, ...] = ("self",)
    check: Check | None = None

    def as_schema(self) -> dict[str, str]:
        """Return the rule as an entry of `x-kubernetes-validations`."""
        values = ", ".join(self.values)
        return {"rule": self.cel, "messageExpression": f"'{self.sentence}'.format([{values}])"}

    def broken_by(self, value: Any) -> str | None:
        """Return the sentence about a value that breaks the rule, None where it does not."""
        found = self.check(value) if self.check else None
        return None if found is None else self.sentence % found


def _pattern(what: str, pattern: str, allowed: str) -> Rule:
    return Rule(
        cel=f"self.matches(r'{pattern}')",
        sentence=f'{what} "%s" is not valid: {allowed}',
        check=lambda value: None if re.fullmatch(pattern, value) else (value,),
    )


def _quantity(what: str, pattern: str, allowed: str) -> Rule:
    return Rule(
        cel=f"string(self).matches(r'{pattern}')",
        sentence=f'{what} "%s" is not valid: {allowed}',
        check=lambda value: None if re.fullmatch(pattern, str(value)) else (value,),
    )


def _keys(what: str, cel_bad: str, is_bad: Callable[[str], bool], allowed: str) -> Rule:
    def check(mapping: dict[str, Any]) -> tuple[str] | None:
        bad = next((key for key in sorted(mapping) if is_bad(key)), None)
        return None if bad is None else (bad,)

    return Rule(
        cel=f"!self.exists(key, {cel_bad})",
        sentence=f'{what} "%s" {allowed}',
        values=(f"self.filter(key, {cel_bad})[0]",),
        check=check,
    )


def _request_over_limit(resource: str) -> Rule:
    def check(resources: Any) -> tuple[Any, ...] | None:
        requested, limit = getattr(resources.requests, resource), getattr(resources.limits, resource)
        if requested is None or limit is None or quantity.parse(requested) <= quantity.parse(limit):
            return None
        return requested, limit

    requested, limit = f"self.requests.{resource}", f"self.limits.{resource}"
    return Rule(
        cel=(
            f"!has({requested}) || !has({limit}) || "
            f"!isQuantity(string({requested})) || !isQuantity(string({limit})) || "
            f"quantity(string({requested})).compareTo(quantity(string({limit}))) <= 0"
        ),
        sentence=f"resources.requests.{resource} %s is above limits.{resource} %s: at most the limit is allowed",
        values=(requested, limit),
        check=check,
    )


SHOP_NAME: Final = Rule(
    cel=f"self.metadata.name.size() <= {naming.SHOP_NAME_MAX} && self.metadata.name.matches(r'{_NAME}')",
    sentence=f'metadata.name "%s" is not valid: at most {naming.SHOP_NAME_MAX} lower-case letters, digits and hyphens, '
    "beginning with a letter and not ending with a hyphen",
    values=("self.metadata.name",),
    check=lambda name: None if len(name) <= naming.SHOP_NAME_MAX and re.fullmatch(_NAME, name) else (name,),
)
RELEASE: Final = _pattern(
    "release", _RELEASE, "an image tag such as 1.2.0 is allowed (letters, digits, . _ and -, at most 128 characters)"
)
CURRENCY: Final = _pattern("currency", _CURRENCY, "three capital letters as in ISO 4217 are allowed, such as EUR")
HOST: Final = _pattern(
    "host", _HOST, "a DNS name with an optional port is allowed, such as shop.example.com or localhost:8080"
)
STORAGE_SIZE: Final = _pattern(
    "storage.size", _SIZE, "a whole number of Mi, Gi or Ti above zero is allowed, such as 2Gi"
)
OBJECT_NAME: Final = _pattern(
    "name of an object", _OBJECT_NAME, "lower-case letters, digits, hyphens and dots are allowed, such as shop-tls"
)
ENDPOINT: Final = _pattern(
    "tracing.endpoint", _ENDPOINT, "the base URL of an OTLP/HTTP receiver is allowed, such as http://collector:4318"
)
MAIL_FROM: Final = _pattern("mail.from", _ADDRESS, "one e-mail address is allowed, such as shop@example.com")
CPU: Final = _quantity("cpu", _CPU, "cores such as 2 or 0.5 are allowed, and thousandths such as 250m")
MEMORY: Final = _quantity("memory", _MEMORY, "a whole number with a unit is allowed, such as 64Mi or 1Gi")

CURRENCY_FIXED: Final = Rule(
    cel="self == oldSelf",
    sentence="currency cannot change from %s to %s: prices and orders are stored in the first one",
    values=("oldSelf", "self"),
)
MODE_FIXED: Final = Rule(
    cel="self == oldSelf",
    sentence="database.mode cannot change from %s to %s: the data would stay behind; create a new Shop instead",
    values=("oldSelf", "self"),
)
STORAGE_GROWS: Final = Rule(
    cel="!isQuantity(self) || !isQuantity(oldSelf) || quantity(self).compareTo(quantity(oldSelf)) >= 0",
    sentence="storage.size cannot shrink from %s to %s: the same or more is allowed",
    values=("oldSelf", "self"),
)
CLASS_FIXED: Final = Rule(
    cel="self == oldSelf",
    sentence='storage.className cannot change from "%s" to "%s": the volumes are made; create a new Shop instead',
    values=("oldSelf", "self"),
)
BROKERS_GROW: Final = Rule(
    cel="self >= oldSelf",
    sentence="messaging.replicas cannot go from %s to %s: the nodes that go would take replicas of queues with them",
    values=("oldSelf", "self"),
)
BROKER_COUNT: Final = Rule(
    cel="self in [1, 3]",
    sentence="messaging.replicas %s is not allowed: 1 or 3 nodes are (of an even number no half can decide)",
    check=lambda count: None if count in (1, 3) else (count,),
)
EXTERNAL_SECRET: Final = Rule(
    cel="self.mode != 'External' || self.external.secretName != ''",
    sentence='database.external.secretName is "%s": mode External needs the name of a secret with an administrator URI',
    values=("self.external.secretName",),
    check=lambda database: ("",) if database.mode == "External" and not database.external.secret_name else None,
)


def _node_port_needs_type(field: str) -> Rule:
    name = {"nodePort": "node_port", "tlsNodePort": "tls_node_port"}[field]
    return Rule(
        cel=f"!has(self.{field}) || self.type != 'ClusterIP'",
        sentence=f"gateway.service.{field} %s is not allowed with type %s: type NodePort or LoadBalancer is",
        values=(f"self.{field}", "self.type"),
        check=lambda service: (
            (getattr(service, name), service.type)
            if getattr(service, name) is not None and service.type == "ClusterIP"
            else None
        ),
    )


NODE_PORT_TYPE: Final = _node_port_needs_type("nodePort")
TLS_NODE_PORT_TYPE: Final = _node_port_needs_type("tlsNodePort")
NODE_PORT_RANGE: Final = Rule(
    cel=f"self >= {NODE_PORTS.start} && self < {NODE_PORTS.stop}",
    sentence=f"node port %s is out of range: {NODE_PORTS.start} to {NODE_PORTS.stop - 1} are allowed",
    check=lambda port: None if port in NODE_PORTS else (port,),
)
REPLICAS_OR_AUTOSCALING: Final = Rule(
    cel="!(has(self.replicas) && has(self.autoscaling))",
    sentence="replicas %s is not allowed beside autoscaling: set one of them, an autoscaler owns the replicas",
    values=("self.replicas",),
    check=lambda service: (
        (service.replicas,) if service.replicas is not None and service.autoscaling is not None else None
    ),
)
MIN_MAX: Final = Rule(
    cel="self.minReplicas <= self.maxReplicas",
    sentence="autoscaling.minReplicas %s is above maxReplicas %s: at most maxReplicas is allowed",
    values=("self.minReplicas", "self.maxReplicas"),
    check=lambda scaling: (
        (scaling.min_replicas, scaling.max_replicas) if scaling.min_replicas > scaling.max_replicas else None
    ),
)
CPU_REQUEST: Final = _request_over_limit("cpu")
MEMORY_REQUEST: Final = _request_over_limit("memory")
KNOWN_SERVICES: Final = _keys(
    "service",
    f"!(key in {list(naming.SERVICES)})",
    lambda key: key not in naming.SERVICES,
    f"is unknown: {', '.join(naming.SERVICES)} are allowed",
)
ENV_RESERVED: Final = _keys(
    "env",
    f"key in {list(RESERVED_ENV)}",
    lambda key: key in RESERVED_ENV,
    "is set by Shopkeeper and cannot be overridden: any other name is allowed",
)
ENV_NAMES: Final = _keys(
    "env",
    f"!key.matches(r'{_ENV_NAME}')",
    lambda key: not re.fullmatch(_ENV_NAME, key),
    "is not a valid name: capital letters, digits and underscores are allowed, beginning with a letter",
)
