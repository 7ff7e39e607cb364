"""The Shop as Python types: what the resource definition is generated from and what the planner reads. Pure."""

from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from shopkeeper_operator import naming
from shopkeeper_operator.api import rules
from shopkeeper_operator.api.rules import Rule

VALIDATIONS: Final = "x-kubernetes-validations"


def _publish_checks(schema: dict[str, Any], model: type[Any]) -> None:
    if model.checks:
        schema[VALIDATIONS] = [rule.as_schema() for rule in model.checks]


class Part(BaseModel):
    """A part of the API: camelCase names outside, unknown fields ignored (the API server prunes them)."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, json_schema_extra=_publish_checks
    )
    checks: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obey(self) -> Self:
        _enforce(self.checks, self)
        return self


def _enforce(given: tuple[Rule, ...], value: Any) -> None:
    for rule in given:
        sentence = rule.broken_by(value)
        if sentence:
            raise ValueError(sentence)


def _ruled(*given: Rule) -> Any:
    """Return the metadata that puts rules on a scalar or a map: into the schema and into the parser."""

    def check(value: Any) -> Any:
        _enforce(given, value)
        return value

    return AfterValidator(check)


def _schema(*given: Rule, **extra: Any) -> dict[str, Any]:
    return {VALIDATIONS: [rule.as_schema() for rule in given], **extra}


def _quantity(rule: Rule) -> Any:
    schema = {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
        "maxLength": 32,
    }
    return WithJsonSchema(schema | _schema(rule))


def _reference(description: str) -> Any:
    """Return a field that names an object in the Shop's namespace; empty: none."""
    return Field(
        default="",
        max_length=253,
        description=description,
        json_schema_extra=_schema(rules.OBJECT_NAME),
    )


Name = Annotated[str, _ruled(rules.OBJECT_NAME)]
Cpu = Annotated[int | str, _ruled(rules.CPU), _quantity(rules.CPU)]
Memory = Annotated[int | str, _ruled(rules.MEMORY), _quantity(rules.MEMORY)]


class Amounts(Part):
    """CPU and memory."""

    cpu: Cpu | None = Field(default=None, description="CPU, such as 250m or 2.")
    memory: Memory | None = Field(default=None, description="Memory, such as 64Mi.")


class Resources(Part):
    """Requests and limits of one service; what is left out comes from the profile."""

    checks = (rules.CPU_REQUEST, rules.MEMORY_REQUEST)

    requests: Amounts = Field(default=Amounts(), description="What the scheduler reserves.")
    limits: Amounts = Field(default=Amounts(), description="What a container may not pass.")


class Autoscaling(Part):
    """A HorizontalPodAutoscaler on CPU."""

    checks = (rules.MIN_MAX,)

    min_replicas: int = Field(default=1, ge=1, le=100, description="Fewest pods.")
    max_replicas: int = Field(ge=1, le=100, description="Most pods.")
    target_cpu_utilization: int = Field(
        default=60,
        ge=1,
        le=100,
        alias="targetCPUUtilization",
        description="Wanted mean CPU, in percent of the request.",
    )


class Service(Part):
    """What one service does differently from the profile."""

    checks = (rules.REPLICAS_OR_AUTOSCALING,)

    replicas: int | None = Field(
        default=None, ge=1, le=100, description="Fixed number of pods; not beside autoscaling."
    )
    autoscaling: Autoscaling | None = Field(default=None, description="Let an autoscaler choose the number of pods.")
    resources: Resources = Field(default=Resources(), description="CPU and memory of each pod.")
    env: Annotated[
        dict[str, Annotated[str, Field(max_length=4096)]],
        _ruled(rules.ENV_NAMES, rules.ENV_RESERVED),
    ] = Field(
        default_factory=dict,
        max_length=32,
        description="Additional environment variables (plain values, no secrets).",
        json_schema_extra=_schema(rules.ENV_NAMES, rules.ENV_RESERVED),
    )


class GatewayService(Part):
    """How the gateway is reached."""

    checks = (rules.NODE_PORT_TYPE, rules.TLS_NODE_PORT_TYPE)

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="Type of the Service."
    )
    node_port: Annotated[int, _ruled(rules.NODE_PORT_RANGE)] | None = Field(
        default=None,
        description="Port for http on every node, 30000 to 32767.",
        json_schema_extra=_schema(rules.NODE_PORT_RANGE),
    )
    tls_node_port: Annotated[int, _ruled(rules.NODE_PORT_RANGE)] | None = Field(
        default=None,
        description="Port for https on every node, 30000 to 32767.",
        json_schema_extra=_schema(rules.NODE_PORT_RANGE),
    )


class RateLimit(Part):
    """How much one client may ask for."""

    requests_per_minute: int = Field(
        default=600, ge=0, le=1_000_000, description="Requests a minute of one address, per gateway pod; 0: no limits."
    )
    credentials_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Logins and registrations a minute of one address; 0: a tenth of requestsPerMinute.",
    )


class Gateway(Part):
    """The API gateway."""

    service: GatewayService = Field(default=GatewayService(), description="The Service of the gateway.")
    rate_limit: RateLimit = Field(default=RateLimit(), description="Limits for one client.")
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=15,
        description="Your own proxies before the gateway; the address that the first of them saw is the client's.",
    )


class Tls(Part):
    """The gateway's certificate."""

    secret_name: Name = _reference(
        "Secret with tls.crt and tls.key. Empty: the operator makes a certificate, signed by an authority of the "
        "Shop's own (ca.crt in Secret <shop>-tls), and renews it."
    )
    redirect: bool = Field(default=False, description="Answer http with a redirect to https.")


def _size(default: str) -> Any:
    return Field(
        default=default,
        max_length=16,
        description="Size of the volume; it can grow where the storage class allows it, never shrink.",
        json_schema_extra=_schema(rules.STORAGE_SIZE, rules.STORAGE_GROWS),
    )


Size = Annotated[str, _ruled(rules.STORAGE_SIZE)]


def _class_name() -> Any:
    return Field(
        default="",
        max_length=253,
        description="Storage class; empty: the cluster's default. Fixed at creation.",
        json_schema_extra=_schema(rules.CLASS_FIXED),
    )


class Storage(Part):
    """The volume of the embedded database."""

    size: Size = _size("2Gi")
    class_name: str = _class_name()


class BrokerStorage(Part):
    """The volume of one node of the broker."""

    size: Size = _size("1Gi")
    class_name: str = _class_name()


class External(Part):
    """A PostgreSQL server that somebody else runs."""

    secret_name: Name = _reference("Secret in the Shop's namespace with an administrator's URI in key `uri`.")


class Database(Part):
    """Where the services' databases live."""

    checks = (rules.EXTERNAL_SECRET,)

    mode: Literal["Embedded", "External"] = Field(
        default="Embedded",
        description="Embedded: a PostgreSQL server of the Shop's own. External: an existing one. Fixed at creation.",
        json_schema_extra=_schema(rules.MODE_FIXED),
    )
    storage: Storage = Field(default=Storage(), description="The volume, for mode Embedded.")
    external: External = Field(default=External(), description="The server, for mode External.")


class Messaging(Part):
    """The message broker."""

    replicas: Annotated[int, _ruled(rules.BROKER_COUNT)] = Field(
        default=1,
        description="Nodes of the broker: 1, or 3 that keep working when one is lost. It can grow, never shrink.",
        json_schema_extra=_schema(rules.BROKER_COUNT, rules.BROKERS_GROW),
    )
    storage: BrokerStorage = Field(default=BrokerStorage(), description="The volume of each node.")


class Catalog(Part):
    """The first products of the shop."""

    config_map: Name = _reference(
        "ConfigMap with the catalogue: products and their stock. It is loaded when the services are up, and again when "
        "it changes; what is there already is not doubled."
    )


class Mail(Part):
    """How mails leave the shop."""

    secret_name: Name = _reference(
        "Secret with key url: smtp://user:password@host:port, smtps://… or smtp+starttls://…. Empty: no mail leaves; "
        "a sink for development, <shop>-mail, shows what would."
    )
    sender: Annotated[str, _ruled(rules.MAIL_FROM)] = Field(
        default="",
        alias="from",
        max_length=254,
        description="Sender of all mails. Empty: no-reply at the Shop's host.",
        json_schema_extra=_schema(rules.MAIL_FROM),
    )


class Tracing(Part):
    """Where spans go."""

    endpoint: Annotated[str, _ruled(rules.ENDPOINT)] = Field(
        default="",
        max_length=255,
        description="Base URL of an OTLP/HTTP receiver. Empty: no spans are sent.",
        json_schema_extra=_schema(rules.ENDPOINT),
    )


class PullSecret(Part):
    """A reference to a secret with registry credentials."""

    name: str = Field(min_length=1, max_length=253, description="Name of the secret.")


class Spec(Part):
    """What the shop should be. Everything is optional: an empty spec is a complete small shop."""

    release: Annotated[str, _ruled(rules.RELEASE)] | None = Field(
        default=None,
        max_length=128,
        description="Image tag of every service; by default the operator's own release.",
        json_schema_extra=_schema(rules.RELEASE),
    )
    profile: Literal["small", "medium", "large"] = Field(
        default="small", description="Requests, limits, replicas and pool sizes."
    )
    mode: Literal["Active", "Asleep"] = Field(
        default="Active", description="Asleep: no pods run, all data are kept. Active wakes the shop again."
    )
    paused: bool = Field(
        default=False,
        description="True: the operator observes and writes nothing but status. Deletion still works.",
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        default="Retain", description="What happens to databases and secrets when the Shop is deleted."
    )
    currency: Annotated[str, _ruled(rules.CURRENCY)] = Field(
        default="EUR",
        max_length=16,
        description="Currency of all prices, ISO 4217. Fixed at creation.",
        json_schema_extra=_schema(rules.CURRENCY, rules.CURRENCY_FIXED),
    )
    host: Annotated[str, _ruled(rules.HOST)] | None = Field(
        default=None,
        max_length=253,
        description="DNS name (and port) at which shoppers reach the gateway; shown in status.url.",
        json_schema_extra=_schema(rules.HOST),
    )
    catalog: Catalog = Field(default=Catalog(), description="The first products.")
    tls: Tls = Field(default=Tls(), description="The gateway's certificate.")
    gateway: Gateway = Field(default=Gateway(), description="The API gateway.")
    database: Database = Field(default=Database(), description="Where the services' databases live.")
    messaging: Messaging = Field(default=Messaging(), description="The message broker.")
    mail: Mail = Field(default=Mail(), description="How mails leave the shop.")
    tracing: Tracing = Field(default=Tracing(), description="Where spans go.")
    image_pull_secrets: list[PullSecret] = Field(
        default_factory=list, max_length=8, description="Secrets with registry credentials for every pod."
    )
    services: Annotated[dict[str, Service], _ruled(rules.KNOWN_SERVICES)] = Field(
        default_factory=dict,
        max_length=8,
        description=f"Overrides by service: {', '.join(naming.SERVICES)}.",
        json_schema_extra=_schema(rules.KNOWN_SERVICES),
    )


class InvalidShop(ValueError):
    """A Shop that breaks a rule. `sentences` name field, value and what is allowed."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


def parse(name: str, spec: dict[str, Any]) -> Spec:
    """Return the spec of a Shop as the planner reads it.

    Raises:
        InvalidShop: a rule is broken: the same rules as in the resource definition.
    """
    sentence = rules.SHOP_NAME.broken_by(name)
    sentences = [sentence] if sentence else []
    try:
        parsed = Spec.model_validate(spec)
    except ValidationError as error:
        sentences += [_sentence(item) for item in error.errors(include_url=False)]
        raise InvalidShop(sentences) from error
    if sentences:
        raise InvalidShop(sentences)
    return parsed


def _sentence(item: Any) -> str:
    path = ".".join(["spec", *(str(step) for step in item["loc"] if not str(step).startswith("function-"))])
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{path}: {text}"
