"""A Shop on the cluster, as its owner handles it."""

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3

from e2e.support.kubectl import Kubectl, Object
from e2e.support.shopper import Shopper
from e2e.support.waiting import eventually

SERVICES = (
    "users",
    "products",
    "inventory",
    "orders",
    "payments",
    "notifications",
    "recommendations",
    "storefront",
)
# The storefront keeps nothing.
WITH_DATABASE = tuple(service for service in SERVICES if service != "storefront")
READY_SECONDS = 180
INTERNAL_IP = '{.items[*].status.addresses[?(@.type=="InternalIP")].address}'
# All tests come from one address, and together they are quicker than any shopper. A node port is a way in that lasts:
# `kubectl port-forward` ends with the first connection that the gateway resets, as when it refuses a body unread.
GATEWAY = {"rateLimit": {"requestsPerMinute": 0}, "service": {"type": "NodePort"}}


def manifest(name: str, **spec: Any) -> Object:
    """Return a Shop object."""
    return {"apiVersion": "shopkeeper.dev/v1alpha1", "kind": "Shop", "metadata": {"name": name}, "spec": spec}


def condition(item: Object, kind: str) -> Object:
    """Return the condition of that type of an object, or an empty one."""
    conditions: list[Object] = item.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})


@dataclass(frozen=True)
class Shop:
    """One Shop by its name, in kubectl's namespace."""

    name: str
    kubectl: Kubectl

    def apply(self, **spec: Any) -> None:
        """Apply the Shop with this spec; where it says nothing of the gateway, no client is limited."""
        self.kubectl.apply(manifest(self.name, **{"gateway": GATEWAY, **spec}))

    def status(self) -> Object:
        """Return the whole object."""
        return self.kubectl.get("shop", self.name)

    def ready(self) -> bool:
        """Tell whether the Shop is Ready for the spec it has now."""
        shop = self.status()
        now = condition(shop, "Ready")
        return now.get("status") == "True" and now.get("observedGeneration") == shop["metadata"]["generation"]

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until the Shop is Ready for its present spec."""

        def probe() -> bool:
            if self.ready():
                return True
            raise AssertionError(condition(self.status(), "Ready"))

        eventually(probe, f"the Shop {self.name} is Ready", timeout)

    def children(self, kinds: str) -> list[Object]:
        """Return the objects of these kinds that belong to this Shop."""
        return self.kubectl.list(kinds, f"app.kubernetes.io/instance={self.name}")

    def secret(self, part: str) -> dict[str, str]:
        """Return the decoded secret of a part of the Shop."""
        data = self.kubectl.get("secret", f"{self.name}-{part}")["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def sql(self, database: str, statement: str) -> str:
        """Run one SQL statement in the embedded database and return its bare output."""
        pod = f"pod/{self.name}-postgres-0"
        return self.kubectl(
            "exec", pod, "-c", "postgres", "--",
            "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", database, "-Atc", statement,
        ).strip()  # fmt: skip

    def node_port(self) -> int | None:
        """Return the gateway's port for http on every node, or None where it has none."""
        ports: list[Object] = self.kubectl.get("service", f"{self.name}-gateway")["spec"]["ports"]
        return next((port.get("nodePort") for port in ports if port["name"] == "http"), None)

    def node_url(self) -> str:
        """Return the gateway's URL on a node, as soon as it answers there.

        Raises:
            AssertionError: it has no node port, or did not answer.
        """
        node_port = self.node_port()
        assert node_port is not None, f"{self.name}-gateway has no node port"
        address = self.kubectl("get", "nodes", "-o", f"jsonpath={INTERNAL_IP}").split()[0]
        url = f"http://{address}:{node_port}"
        # The Shop is ready when its pods are; the nodes' rules for the port follow a moment later.
        eventually(lambda: _answers(url), f"{url} answers")
        return url

    @contextmanager
    def gateway(self) -> Iterator[Shopper]:
        """Give an anonymous client of the gateway: by its node port, or else by a port that is forwarded to it."""
        if self.node_port() is not None:
            yield Shopper(self.node_url())
            return
        with forward(self.kubectl, f"service/{self.name}-gateway", 80) as port:
            yield Shopper(f"http://127.0.0.1:{port}")

    def admin(self, client: Shopper) -> Shopper:
        """Return the Shop's administrator, logged in with the generated secret."""
        secret = self.secret("admin")
        return client.login(secret["email"], secret["password"])


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/products?limit=1", retries=False, timeout=5).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextmanager
def forward(kubectl: Kubectl, target: str, port: int) -> Iterator[int]:
    """Forward a free local port to a port of a Service or Pod while the block runs."""
    process = subprocess.Popen(
        kubectl.command("port-forward", "--address=127.0.0.1", target, f":{port}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found is None:
            process.kill()
            raise AssertionError(f"kubectl port-forward {target}: {line}{process.communicate()[1]}")
        yield int(found.group(1))
    finally:
        process.terminate()
        process.communicate(timeout=10)
