"""What a shopper calls an error, and how long they go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from e2e.consistency.buying import persist
from e2e.consistency.wire import Answer, Line

PROBLEM = {"type": "https://shopkeeper.dev/problems/some-slug"}


class _Shop(BaseHTTPRequestHandler):
    """Answers with the status that the path names, or not at all."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        status = int(self.path.strip("/"))
        if status == 0:
            self.close_connection = True
            return
        body = b'{"type": "https://shopkeeper.dev/problems/some-slug"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """A shop."""
    with HTTPServer(("127.0.0.1", 0), _Shop) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 201, 402, 409])
def test_what_shops_say_in_the_course_of_business_is_no_error(url: str, status: int) -> None:
    line = Line(url)
    assert line.send("read", "GET", f"/{status}").status == status
    line.close()
    assert (line.requests, line.errors) == (1, {})


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_other_answers_are_errors_with_their_kind(url: str, status: int) -> None:
    line = Line(url)
    line.send("read", "GET", f"/{status}")
    line.close()
    assert line.errors == {f"read: {status} some-slug": 1}


def test_no_answer_is_an_error_and_the_next_request_has_another_connection(url: str) -> None:
    line = Line(url)
    assert line.send("read", "GET", "/0") == Answer(0, "closed-before-answer")
    assert line.send("read", "GET", "/200").status == 200
    line.close()
    assert line.errors == {"read: no answer closed-before-answer": 1}


def test_shoppers_try_again_while_it_may_help() -> None:
    answers = iter([Answer(503, PROBLEM), Answer(0, "timeout"), Answer(404, None), Answer(201, {}), Answer(200, {})])
    assert persist(lambda: next(answers), pause=0).status == 201


def test_shoppers_take_no_for_an_answer() -> None:
    answers = iter([Answer(402, PROBLEM), Answer(200, {})])
    assert persist(lambda: next(answers), pause=0).status == 402


def test_shoppers_give_a_card_up() -> None:
    answers = iter([Answer(504, None), Answer(504, None), Answer(200, {})])
    assert persist(lambda: next(answers), attempts=2, pause=0).status == 504
