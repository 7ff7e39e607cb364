"""The client's requests, on a server that records them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import Configuration
from shopkeeper_operator import kinds, metrics
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.kinds import Key, Kind, Ref


@dataclass
class Recorder:
    """What was asked, and what is answered."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    api: Api | None = None

    def client(self) -> Api:
        """Return a client of the server."""
        assert self.api is not None
        return self.api


@pytest.fixture
def server() -> Iterator[Recorder]:
    """Run a server that gives the recorded answers, one after the other."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            url = urlsplit(self.path)
            recorder.requests.append(
                {
                    "verb": self.command,
                    "path": url.path,
                    "query": {key: value[0] for key, value in parse_qs(url.query).items()},
                    "headers": dict(self.headers),
                    "body": json.loads(self.rfile.read(length)) if length else None,
                }
            )
            status, body = recorder.answers.pop(0)
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base class looks for these names

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    configuration = Configuration(host=f"http://127.0.0.1:{http.server_port}")
    configuration.retries = False
    configuration.api_key["BearerToken"] = "Bearer token"
    recorder.api = Api(configuration)
    yield recorder
    http.shutdown()
    http.server_close()


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": "shops"}}


def test_apply_is_server_side_and_by_force(server: Recorder) -> None:
    server.answers = [(200, SERVICE)]

    assert server.client().apply(kinds.SERVICE, SERVICE) == SERVICE

    (request,) = server.requests
    assert (request["verb"], request["path"]) == ("PATCH", "/api/v1/namespaces/shops/services/demo")
    assert request["query"] == {"fieldManager": "shopkeeper", "force": "true"}
    assert request["headers"]["Content-Type"] == "application/apply-patch+yaml"
    assert request["headers"]["Authorization"] == "Bearer token"
    assert request["headers"]["User-Agent"].startswith("shopkeeper-operator/")
    assert request["body"] == SERVICE


def test_status_is_applied_to_the_subresource(server: Recorder) -> None:
    shop = {"metadata": {"name": "demo", "namespace": "shops"}, "status": {}}
    server.answers = [(200, shop)]

    server.client().apply(kinds.SHOP, shop, status=True)

    assert server.requests[0]["path"] == "/apis/shopkeeper.dev/v1alpha1/namespaces/shops/shops/demo/status"


def test_lists_come_in_pages(server: Recorder) -> None:
    first = {"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [{"n": 1}, {"n": 2}]}
    second = {"metadata": {"resourceVersion": "7"}, "items": [{"n": 3}]}
    server.answers = [(200, first), (200, second)]

    assert server.client().list_all(kinds.DEPLOYMENT, None, "a=b") == ([{"n": 1}, {"n": 2}, {"n": 3}], 7)

    assert [request["query"] for request in server.requests] == [
        {"labelSelector": "a=b", "limit": "500"},
        {"labelSelector": "a=b", "limit": "500", "continue": "more"},
    ]
    assert server.requests[0]["path"] == "/apis/apps/v1/deployments"


def test_what_does_not_exist_is_none(server: Recorder) -> None:
    server.answers = [(404, {"reason": "NotFound", "message": "no"}), (200, {"metadata": {"labels": {}}})]

    assert server.client().get(kinds.SECRET, "shops", "demo") is None
    assert server.client().get_metadata(kinds.SECRET, "shops", "demo") == {"labels": {}}
    assert "PartialObjectMetadata" in server.requests[1]["headers"]["Accept"]


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        pytest.param((200, {"kind": "Status"}), None, id="gone at once"),
        pytest.param((200, {"metadata": {"name": "demo"}}), None, id="gone at once, told by the object"),
        pytest.param(
            (200, {"metadata": {"finalizers": ["foregroundDeletion"]}}),
            {"metadata": {"finalizers": ["foregroundDeletion"]}},
            id="held by a finalizer",
        ),
        pytest.param((404, {"reason": "NotFound", "message": "no"}), None, id="gone before"),
    ],
)
def test_only_the_object_that_was_seen_is_deleted(server: Recorder, answer: tuple[int, Any], left: Any) -> None:
    server.answers = [answer]

    assert server.client().delete(Ref("Job", "shops", "demo"), "u1", "Foreground") == left

    assert server.requests[0]["path"] == "/apis/batch/v1/namespaces/shops/jobs/demo"
    assert server.requests[0]["body"]["preconditions"] == {"uid": "u1"}
    assert server.requests[0]["body"]["propagationPolicy"] == "Foreground"


def test_finalizers_are_merged(server: Recorder) -> None:
    server.answers = [(200, {})]

    server.client().merge(kinds.SHOP, Key("shops", "demo"), {"metadata": {"finalizers": []}})

    assert server.requests[0]["headers"]["Content-Type"] == "application/merge-patch+json"


def test_the_end_of_a_log(server: Recorder) -> None:
    pods = [{"metadata": {"name": name, "creationTimestamp": time}} for name, time in (("old", "1"), ("new", "2"))]
    server.answers = [(200, {"metadata": {"resourceVersion": "1"}, "items": pods}), (200, "line\n")]

    found = server.client().pods_of_job("shops", "demo")
    text = server.client().log("shops", found[0]["metadata"]["name"], 5)

    assert text == "line\n"
    assert server.requests[0]["query"]["labelSelector"] == "batch.kubernetes.io/job-name=demo"
    assert server.requests[1]["path"] == "/api/v1/namespaces/shops/pods/new/log"
    assert server.requests[1]["query"]["tailLines"] == "5"


@pytest.mark.parametrize(
    ("answer", "reason", "message"),
    [
        ((403, {"reason": "Forbidden", "message": "exceeded quota"}), "Forbidden", "exceeded quota"),
        ((502, "<html>bad gateway"), "", "<html>bad gateway"),
    ],
)
def test_refusals_carry_what_the_server_said(
    server: Recorder, answer: tuple[int, Any], reason: str, message: str
) -> None:
    server.answers = [answer]

    with pytest.raises(ApiError) as refused:
        server.client().create(Kind("Event", "events.k8s.io", "v1", "events"), "shops", {})

    assert (refused.value.status, refused.value.reason, str(refused.value)) == (answer[0], reason, message)


def test_requests_are_counted_by_verb_and_result(server: Recorder) -> None:
    counter = metrics.API_REQUESTS.labels("POST", "409")
    before = counter._value.get()
    server.answers = [(409, {"reason": "AlreadyExists", "message": "there"})]

    with pytest.raises(ApiError) as refused:
        server.client().create(kinds.SECRET, "shops", {})

    assert refused.value.conflict
    assert counter._value.get() == before + 1


def test_a_server_that_does_not_answer_is_told() -> None:
    configuration = Configuration(host="http://127.0.0.1:9")
    configuration.retries = False

    with pytest.raises(ApiError) as refused:
        Api(configuration).get(kinds.SECRET, "shops", "demo")

    assert refused.value.status == 0
