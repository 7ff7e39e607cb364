"""What goes with a product, from a real gRPC server; and pages without it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from shopkit.app import ServiceApp, create_app
from storefront.rpc.recommendations_pb2 import Recommendation, RecommendRequest, RecommendResponse
from storefront.service import SERVICE
from tests.shop_around import CHAIR, LAMP, Around, Browser

_SERVICE = "shopkeeper.recommendations.v1.Recommendations"
Answer = Callable[[RecommendRequest, grpc.ServicerContext], RecommendResponse]


class Server:
    """The service `recommendations`, with an answer that the test decides."""

    def __init__(self) -> None:
        self.asked: list[RecommendRequest] = []
        self.answer: Answer = lambda _request, _context: RecommendResponse()
        handler = grpc.unary_unary_rpc_method_handler(
            self._recommend,
            request_deserializer=RecommendRequest.FromString,
            response_serializer=RecommendResponse.SerializeToString,
        )
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, {"Recommend": handler}),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        """End it, and what it has under way."""
        self._server.stop(None).wait()

    def _recommend(self, request: RecommendRequest, context: grpc.ServicerContext) -> RecommendResponse:
        self.asked.append(request)
        return self.answer(request, context)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of recommendations."""
    made = Server()
    yield made
    made.stop()


def app_with(environ: dict[str, str], target: str, seconds: float) -> ServiceApp:
    """The storefront with recommendations."""
    variables = {"RECOMMENDATIONS_TARGET": target, "RECOMMENDATIONS_SECONDS": str(seconds)}
    return create_app(SERVICE, {**environ, **variables})


def outcomes(app: ServiceApp, outcome: str) -> float | None:
    """How many answers had this outcome."""
    return app.runtime.metrics.registry.get_sample_value("recommendations_total", {"outcome": outcome})


def test_a_product_is_shown_with_what_goes_with_it(environ: dict[str, str], around: Around, server: Server) -> None:
    gone = "0197f0a0-0000-7000-8000-000000000009"
    found = RecommendResponse(recommendations=[Recommendation(product_id=each) for each in (gone, CHAIR)])
    server.answer = lambda _request, _context: found
    around.products.answer("GET", f"/api/v1/products?ids={gone},{CHAIR}", *around.listed(CHAIR))
    app = app_with(environ, f"127.0.0.1:{server.port}", 10.0)
    page = Browser(app.test_client()).get(f"/p/{LAMP}").text
    assert '<h2 id="together">Often bought together</h2>' in page
    assert f'<h3><a href="/p/{CHAIR}">Chair</a></h3>' in page
    assert list(server.asked[0].product_ids) == [LAMP]
    assert outcomes(app, "ok") == 1.0


def test_the_front_page_shows_what_sells_best(environ: dict[str, str], around: Around, server: Server) -> None:
    server.answer = lambda _request, _context: RecommendResponse(recommendations=[Recommendation(product_id=CHAIR)])
    around.products.answer("GET", "/api/v1/products?sort=-created_at&limit=60", *around.listed(LAMP))
    page = Browser(app_with(environ, f"127.0.0.1:{server.port}", 10.0).test_client()).get("/").text
    assert re.search(r'What others take home</h2>\s*<ul class="cards">\s*<li class="card">[^§]*?/p/' + CHAIR, page)
    assert list(server.asked[0].product_ids) == []


def test_a_product_is_shown_without_when_the_answer_takes_too_long(
    environ: dict[str, str], around: Around, server: Server
) -> None:
    late = threading.Event()

    def wait(_request: RecommendRequest, _context: grpc.ServicerContext) -> RecommendResponse:
        late.wait(10)
        return RecommendResponse()

    server.answer = wait
    app = app_with(environ, f"127.0.0.1:{server.port}", 0.1)
    begun = time.monotonic()
    page = Browser(app.test_client()).get(f"/p/{LAMP}")
    took = time.monotonic() - begun
    late.set()
    assert page.status_code == 200
    assert "Often bought together" not in page.text
    assert 0.09 < took < 5
    assert outcomes(app, "deadline_exceeded") == 1.0


def test_a_product_is_shown_without_when_nobody_is_there(environ: dict[str, str], around: Around) -> None:
    app = app_with(environ, "127.0.0.1:9", 10.0)
    assert Browser(app.test_client()).get(f"/p/{LAMP}").status_code == 200
    assert outcomes(app, "unavailable") == 1.0


def test_a_page_that_has_little_time_left_waits_no_longer(
    environ: dict[str, str], around: Around, server: Server
) -> None:
    late = threading.Event()

    def wait(_request: RecommendRequest, _context: grpc.ServicerContext) -> RecommendResponse:
        late.wait(10)
        return RecommendResponse()

    server.answer = wait
    app = app_with(environ, f"127.0.0.1:{server.port}", 10.0)
    Browser(app.test_client()).get(f"/p/{LAMP}", **{"X-Envoy-Expected-Rq-Timeout-Ms": "700"})
    late.set()
    assert outcomes(app, "deadline_exceeded") == 1.0


def test_a_server_that_fails_is_left_alone_for_a_while(environ: dict[str, str], around: Around, server: Server) -> None:
    def fail(_request: RecommendRequest, context: grpc.ServicerContext) -> RecommendResponse:
        context.abort(grpc.StatusCode.INTERNAL, "a bug")

    server.answer = fail
    variables = {"RECOMMENDATIONS_TARGET": f"127.0.0.1:{server.port}", "RECOMMENDATIONS_SECONDS": "10"}
    app = create_app(SERVICE, {**environ, **variables, "BREAKER_FAILURES": "2", "BREAKER_SECONDS": "3600"})
    browser = Browser(app.test_client())
    for asked in (1, 2, 2):
        assert browser.get(f"/p/{LAMP}").status_code == 200
        assert len(server.asked) == asked
    assert outcomes(app, "internal") == 2.0
