"""The gateway's configuration in a real Envoy: routes, refusals, retries, logs, metrics, draining."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from charts.tests.envoy import BEHIND, Gateway, call, config_of, files_of, find_envoy, running_gateway
from charts.tests.helm import CHARTS, Helm, Object, case_name, load
from charts.tests.objects import named
from charts.tests.tokens import bearer

VALUES: Object = {"timeoutSeconds": {"payments": 1}}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a running gateway in front of stubs."""
    with running_gateway(helm, VALUES, tmp_path_factory.mktemp("envoy")) as running:
        yield running


@pytest.mark.parametrize("values", sorted((CHARTS / "gateway" / "ci").glob("*.yaml")), ids=case_name)
def test_envoy_accepts_the_configuration(helm: Helm, values: Path, tmp_path: Path) -> None:
    # What the test runs with other addresses is a YAML document with anchors; Envoy has to read it as it stands.
    for name, text in files_of(helm, load(values)).items():
        (tmp_path / name).write_text(text.replace("/etc/envoy/", f"{tmp_path}/").replace("/etc/shop/", f"{tmp_path}/"))
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
        ("/api/v1/products/import", "products", "/api/v1/products/import"),
        ("/api/v1/inventory?product_ids=1", "inventory", "/api/v1/inventory?product_ids=1"),
        ("/api/v1/inventory/1/movements", "inventory", "/api/v1/inventory/1/movements"),
        ("/api/v1/payments/webhook", "payments", "/api/v1/payments/webhook"),
        ("/api/v1/notifications/1", "notifications", "/api/v1/notifications/1"),
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
        ("/inventory/1/movements?limit=2", "inventory", "/api/v1/inventory/1/movements?limit=2"),
        ("/products/import", "products", "/api/v1/products/import"),
        ("//products///1", "products", "/api/v1/products/1"),
        ("/orders/../products/1", "products", "/api/v1/products/1"),
        ("/", "storefront", "/"),
        ("/search?q=a+b", "storefront", "/search?q=a+b"),
        ("/c/garden", "storefront", "/c/garden"),
        ("/p/1", "storefront", "/p/1"),
        ("/basket/add", "storefront", "/basket/add"),
        ("/checkout", "storefront", "/checkout"),
        ("/account/orders", "storefront", "/account/orders"),
        ("/sign-in", "storefront", "/sign-in"),
        ("/static/shop.css", "storefront", "/static/shop.css"),
        ("/payments/1", "storefront", "/payments/1"),
        ("/caf%C3%A9", "storefront", "/caf%C3%A9"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_route(gateway: Gateway, method: str, path: str, service: str, upstream: str) -> None:
    answer = gateway.call(method, path, headers=bearer(gateway.signer.token()))
    assert answer.status == 200, answer
    assert (answer.json["service"], answer.json["path"]) == (service, upstream)


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/v1",
        "/internal",
        "/internal/v1/reservations",
        "/api/v1/internal/v1/charges",
        "/products/../internal/v1/charges",
        "//internal/v1/charges",
        "/%69nternal/v1/charges",
        "/api/v1/loginx",
        "/api/v1/login/x",
        "/api/v1/recommendations",
        "/api/v2/products",
        "/.well-known/security.txt",
        "/metrics",
        "/livez",
        "/readyz",
        "/docs",
        "/openapi.json",
    ],
)
def test_all_else_is_not_found(gateway: Gateway, path: str) -> None:
    before = gateway.asked()
    answer = gateway.call("POST", path)
    assert answer.status == 404
    assert gateway.asked() == before
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem.pop("instance").strip("/") == path.replace("%69", "i").replace("products/../", "").strip("/")
    assert problem == {
        "type": "https://shopkeeper.dev/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "No such path in this shop.",
    }


def test_clients_cannot_pretend(gateway: Gateway) -> None:
    claims = {"X-Request-Id": "mine", "X-Forwarded-For": "10.9.8.7", "X-Envoy-Retry-On": "5xx"}
    claims |= {"X-Envoy-Upstream-Rq-Timeout-Ms": "1", "X-Envoy-Expected-Rq-Timeout-Ms": "999999"}
    claims |= {"X-Forwarded-Proto": "https", "X-Forwarded-Client-Cert": "Subject=admin"}
    answer = gateway.call("GET", "/products", headers=claims)
    seen = answer.json["headers"]
    assert seen["x-request-id"] == answer.headers["x-request-id"] != "mine"
    assert not {"x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms", "x-forwarded-client-cert"} & seen.keys()
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-envoy-expected-rq-timeout-ms"] == "5000"
    assert "x-envoy-upstream-service-time" not in answer.headers
    assert gateway.log_of(seen["x-request-id"])["client"] == "127.0.0.1"
    assert answer.headers["server"] == "shopkeeper"


@pytest.mark.parametrize(
    ("method", "path", "seconds"),
    [
        ("GET", "/products", 5),
        ("POST", "/products/import", 60),
        ("POST", "/api/v1/orders", 30),
        ("POST", "/login", 10),
        ("GET", "/account", 15),
        ("GET", "/api/v1/payments/1", 1),
    ],
)
def test_services_learn_how_long_the_gateway_waits(gateway: Gateway, method: str, path: str, seconds: int) -> None:
    seen = gateway.call(method, path, headers=bearer(gateway.signer.token())).json["headers"]
    assert seen["x-envoy-expected-rq-timeout-ms"] == str(seconds * 1000)


def test_lost_reads_are_tried_again(gateway: Gateway) -> None:
    stub = gateway.stubs["products"]
    stub.lose(2)
    assert gateway.call("GET", "/products/1").status == 200
    assert stub.seen == ["GET", "GET", "GET"]


def test_lost_writes_are_not(gateway: Gateway) -> None:
    stub = gateway.stubs["orders"]
    stub.lose(1)
    answer = gateway.call("POST", "/orders", b"{}", bearer(gateway.signer.token()))
    assert stub.seen == ["POST"]
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json["type"] == "https://shopkeeper.dev/problems/unavailable"
    assert answer.json["instance"] == "/orders"


def test_slow_services_time_out(gateway: Gateway) -> None:
    headers = {"X-Test-Hold": "1", **bearer(gateway.signer.token())}
    answer = gateway.call("POST", "/api/v1/payments", headers=headers)
    assert answer.status == 504
    assert answer.json["type"] == "https://shopkeeper.dev/problems/timeout"


def test_access_log(gateway: Gateway) -> None:
    token = gateway.signer.token()
    headers = {"User-Agent": "test", "Traceparent": f"00-{TRACE}-00f067aa0ba902b7-00", **bearer(token)}
    answer = gateway.call("POST", "/orders/1/pay?token=secret", b"{}", headers=headers)
    line = gateway.log_of(answer.headers["x-request-id"])
    fixed = (
        "method",
        "path",
        "status",
        "service",
        "route",
        "attempts",
        "user_agent",
        "trace_id",
        "host",
        "bytes_received",
    )
    assert {name: line[name] for name in fixed} == {
        "method": "POST",
        "path": "/orders/1/pay",
        "status": 200,
        "service": "orders",
        "route": "orders",
        "attempts": 1,
        "user_agent": "test",
        "trace_id": TRACE,
        "host": "shop.example.com",
        "bytes_received": 2,
    }
    assert line["duration_ms"] >= line["upstream_ms"] >= 0
    assert line["bytes_sent"] == len(answer.body)
    assert line["shop"] == "demo"
    assert "secret" not in str(line)
    assert token not in str(line)


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
    http, https, _ = config_of(helm, {"timeoutSeconds": {"orders": 120}})["static_resources"]["listeners"]
    for listener in (http, https):
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        assert manager["stream_idle_timeout"] == "125s"


def test_every_service_has_its_cluster(helm: Helm) -> None:
    clusters = {one["name"]: one for one in config_of(helm)["static_resources"]["clusters"]}
    assert clusters.keys() == {*BEHIND, "admin", "tracing"}
    for service in BEHIND:
        (endpoint,) = clusters[service]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        # Of the storefront it looks for each pod, of the others for the Service.
        assert clusters[service].get("lb_policy") == ("MAGLEV" if service == "storefront" else None)
        # Half of one address is none: a service's only one is never left out.
        assert clusters[service]["outlier_detection"]["max_ejection_percent"] == 50
        assert clusters[service]["circuit_breakers"]["thresholds"][0]["max_requests"] == 512
        assert endpoint["endpoint"]["address"]["socket_address"] == {
            "address": f"demo-{service}-pods" if service == "storefront" else f"demo-{service}",
            "port_value": 8080 if service == "storefront" else 80,
        }


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
