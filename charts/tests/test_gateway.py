"""The gateway's configuration in a real Envoy: routes, refusals, retries, logs, metrics, draining."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from charts.tests.envoy import BEHIND, Gateway, call, config_of, find_envoy, running_gateway
from charts.tests.helm import CHARTS, Helm, Object, case_name, load
from charts.tests.objects import named

BODY_LIMIT = 4096
VALUES: Object = {"limits": {"bodyBytes": BODY_LIMIT}, "timeoutSeconds": {"payments": 1}}


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a running gateway in front of stubs."""
    with running_gateway(helm, VALUES, tmp_path_factory.mktemp("envoy")) as running:
        yield running


@pytest.mark.parametrize("values", sorted((CHARTS / "gateway" / "ci").glob("*.yaml")), ids=case_name)
def test_envoy_accepts_the_configuration(helm: Helm, values: Path, tmp_path: Path) -> None:
    text = named(helm.template("gateway", load(values)), "ConfigMap", "demo-gateway")["data"]["envoy.yaml"]
    (tmp_path / "envoy.yaml").write_text(text)
    command = [find_envoy(), "--mode", "validate", "-c", str(tmp_path / "envoy.yaml"), "--log-level", "warning"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    # Envoy warns of what its next releases will not know.
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("path", "service", "upstream"),
    [
        ("/api/v1/register", "users", "/api/v1/register"),
        ("/api/v1/login", "users", "/api/v1/login"),
        ("/api/v1/logout", "users", "/api/v1/logout"),
        ("/api/v1/token/refresh", "users", "/api/v1/token/refresh"),
        ("/api/v1/oauth/token", "users", "/api/v1/oauth/token"),
        ("/api/v1/api-keys/1", "users", "/api/v1/api-keys/1"),
        ("/api/v1/categories", "products", "/api/v1/categories"),
        ("/api/v1/cart", "orders", "/api/v1/cart"),
        ("/api/v1/users", "users", "/api/v1/users"),
        ("/api/v1/users/me", "users", "/api/v1/users/me"),
        ("/api/v1/products?limit=2&cursor=a%2Fb", "products", "/api/v1/products?limit=2&cursor=a%2Fb"),
        ("/api/v1/products/1", "products", "/api/v1/products/1"),
        ("/api/v1/inventory/1", "inventory", "/api/v1/inventory/1"),
        ("/api/v1/orders", "orders", "/api/v1/orders"),
        ("/api/v1/orders/1/pay", "orders", "/api/v1/orders/1/pay"),
        ("/api/v1/payments/1", "payments", "/api/v1/payments/1"),
        ("/.well-known/jwks.json", "users", "/.well-known/jwks.json"),
        ("/register", "users", "/api/v1/register"),
        ("/login", "users", "/api/v1/login"),
        ("/users", "users", "/api/v1/users"),
        ("/users/me", "users", "/api/v1/users/me"),
        ("/products?q=x", "products", "/api/v1/products?q=x"),
        ("/products/1", "products", "/api/v1/products/1"),
        ("/orders", "orders", "/api/v1/orders"),
        ("/orders/1/pay", "orders", "/api/v1/orders/1/pay"),
        ("/inventory/1", "inventory", "/api/v1/inventory/1"),
        ("//products///1", "products", "/api/v1/products/1"),
        ("/orders/../products/1", "products", "/api/v1/products/1"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_route(gateway: Gateway, method: str, path: str, service: str, upstream: str) -> None:
    answer = gateway.call(method, path)
    assert answer.status == 200, answer
    assert (answer.json["service"], answer.json["path"]) == (service, upstream)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/internal/v1/reservations",
        "/api/v1/internal/v1/charges",
        "/products/../internal/v1/charges",
        "//internal/v1/charges",
        "/%69nternal/v1/charges",
        "/payments/1",
        "/userss",
        "/api/v1/loginx",
        "/login/x",
        "/api/v2/products",
        "/metrics",
        "/livez",
        "/openapi.json",
    ],
)
def test_all_else_is_not_found(gateway: Gateway, path: str) -> None:
    answer = gateway.call("POST", path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem.pop("instance").strip("/") == path.replace("%69", "i").replace("products/../", "").strip("/")
    assert problem == {
        "type": "https://shopkeeper.dev/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "No such path in this shop.",
    }


@pytest.mark.parametrize("path", ["/products%2f..%2finternal/v1/charges", "/products/%5c1", "/orders/%2F"])
def test_escaped_slashes_are_refused(gateway: Gateway, path: str) -> None:
    answer = gateway.call("GET", path)
    assert answer.status == 400
    assert answer.json["type"] == "https://shopkeeper.dev/problems/bad-request"


def test_headers_that_look_like_others_are_refused(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/products", headers={"X_Request_Id": "1"})
    assert answer.status == 400
    assert answer.json["type"] == "https://shopkeeper.dev/problems/bad-request"


def test_body_limit(gateway: Gateway) -> None:
    assert gateway.call("POST", "/orders", b"x" * BODY_LIMIT).json["length"] == BODY_LIMIT
    answer = gateway.call("POST", "/orders", b"x" * (BODY_LIMIT + 1))
    assert answer.status == 413
    assert answer.json["type"] == "https://shopkeeper.dev/problems/body-too-large"
    assert answer.json["detail"] == "The largest body is 4096 bytes."


def test_clients_cannot_pretend(gateway: Gateway) -> None:
    claims = {"X-Request-Id": "mine", "X-Forwarded-For": "10.9.8.7", "X-Envoy-Retry-On": "5xx"}
    claims |= {"X-Envoy-Upstream-Rq-Timeout-Ms": "1", "X-Envoy-Internal": "true"}
    answer = gateway.call("GET", "/products", headers=claims)
    seen = answer.json["headers"]
    assert seen["x-request-id"] == answer.headers["x-request-id"] != "mine"
    assert "x-envoy-retry-on" not in seen
    assert "x-envoy-upstream-service-time" not in answer.headers
    assert gateway.log_of(seen["x-request-id"])["client"] == "127.0.0.1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "shopkeeper"


def test_lost_reads_are_tried_again(gateway: Gateway) -> None:
    stub = gateway.stubs["products"]
    stub.lose(2)
    assert gateway.call("GET", "/products/1").status == 200
    assert stub.seen == ["GET", "GET", "GET"]


def test_lost_writes_are_not(gateway: Gateway) -> None:
    stub = gateway.stubs["orders"]
    stub.lose(1)
    answer = gateway.call("POST", "/orders", b"{}")
    assert stub.seen == ["POST"]
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json["type"] == "https://shopkeeper.dev/problems/unavailable"
    assert answer.json["instance"] == "/orders"


def test_slow_services_time_out(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/api/v1/payments", headers={"X-Test-Hold": "1"})
    assert answer.status == 504
    assert answer.json["type"] == "https://shopkeeper.dev/problems/timeout"


def test_access_log(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/orders/1/pay?token=secret", b"{}", headers={"User-Agent": "test"})
    line = gateway.log_of(answer.headers["x-request-id"])
    assert {name: line[name] for name in ("method", "path", "status", "service", "attempts", "user_agent")} == {
        "method": "POST",
        "path": "/orders/1/pay",
        "status": 200,
        "service": "orders",
        "attempts": 1,
        "user_agent": "test",
    }
    assert line["shop"] == "demo"
    assert "secret" not in str(line)


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/ready", 200), ("/metrics", 200)])
def test_metrics_listener(gateway: Gateway, path: str, status: int) -> None:
    answer = call(gateway.ports["metrics"], "GET", path)
    assert answer.status == status
    assert path != "/metrics" or b"envoy_http_downstream_rq_total" in answer.body


@pytest.mark.parametrize(
    "path", ["/", "/config_dump", "/quitquitquit", "/healthcheck/fail", "/stats", "/ready/../certs"]
)
def test_the_rest_of_the_admin_interface_is_closed(gateway: Gateway, path: str) -> None:
    assert call(gateway.ports["metrics"], "POST", path).status == 404
    assert call(gateway.ports["admin"], "GET", "/config_dump").status == 403


def test_timeouts_outlive_each_other_in_the_right_order(helm: Helm) -> None:
    (listener, _) = config_of(helm, {"timeoutSeconds": {"orders": 120}})["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["stream_idle_timeout"] == "125s"


def test_every_service_has_its_cluster(helm: Helm) -> None:
    clusters = {one["name"]: one for one in config_of(helm)["static_resources"]["clusters"]}
    assert clusters.keys() == {*BEHIND, "admin"}
    for service in BEHIND:
        (endpoint,) = clusters[service]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        assert clusters[service]["type"] == "STRICT_DNS"
        assert endpoint["endpoint"]["address"]["socket_address"] == {"address": f"demo-{service}", "port_value": 80}


def test_a_pod_that_goes_sends_its_clients_elsewhere(helm: Helm, tmp_path: Path) -> None:
    with running_gateway(helm, VALUES, tmp_path) as gateway:
        assert "connection" not in gateway.call("GET", "/products").headers
        pod = named(helm.template("gateway"), "Deployment", "demo-gateway")["spec"]["template"]["spec"]
        program, flag, script = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
        script = script.replace("/9901", f"/{gateway.ports['admin']}").replace("sleep 15", "true")
        subprocess.run([program, flag, script], check=True, timeout=20)
        answer = gateway.call("GET", "/products")
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert call(gateway.ports["metrics"], "GET", "/ready").status == 503
        assert call(gateway.ports["metrics"], "GET", "/livez").status == 200
