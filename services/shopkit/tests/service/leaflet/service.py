"""The service itself, in one file."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass

from flask import Blueprint, Response, abort

from shopkit import problems
from shopkit.app import ServiceApp
from shopkit.problems import Problem
from shopkit.routing import Api
from shopkit.service import Runtime, Service
from shopkit.settings import StatelessSettings, between, setting
from shopkit.validation import Schema


@dataclass(frozen=True, kw_only=True)
class LeafletSettings(StatelessSettings):
    """Settings of the leaflet."""

    line_port: int = setting("LINE_PORT", "Port of the component, 0: any.", default=0, check=between(0, 65535))


class Line:
    """A second server beside HTTP, the smallest there is: it says a word to each connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    def start(self) -> None:
        """Listen."""
        self._socket = socket.create_server(("127.0.0.1", self._port))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        """Stop to listen, and come to an end."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return  # it was shut down
            with caller:
                caller.sendall(b"hello\n")


class Word(Schema):
    """A word."""

    word: str


@dataclass(frozen=True)
class Leaflet:
    """What handlers and pages work with."""

    word: str


api: Api[Leaflet] = Api("words")


@api.get("/api/v1/word", responses={200: Word})
def get_word(leaflet: Leaflet) -> Word:
    """Get the word."""
    return Word(word=leaflet.word)


@api.get("/api/v1/nothing", responses={200: Word}, problems={404: "Always."})
def get_nothing(_leaflet: Leaflet) -> Word:
    """Find nothing."""
    raise problems.not_found("There is nothing.")


def pages(app: ServiceApp, leaflet: Leaflet) -> None:
    """Add the pages."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    def home() -> str:
        return f"<p>{leaflet.word}</p>"

    @blueprint.get("/gone")
    def gone() -> str:
        abort(410)

    @blueprint.get("/broken")
    def broken() -> str:
        raise RuntimeError("a detail that is nobody's business")

    app.error_page = error_page
    app.register_blueprint(blueprint)


def error_page(problem: Problem) -> Response:
    """Make the page of an error."""
    if problem.status == 405:
        raise RuntimeError("no page for this")
    return Response(f"<h1>{problem.status}</h1>", problem.status, content_type="text/html; charset=utf-8")


def build(runtime: Runtime[LeafletSettings]) -> Leaflet:
    """Make what handlers and pages work with."""
    line = Line(runtime.settings.line_port)
    runtime.background.component("line", line.start, line.stop)
    return Leaflet("hello")


SERVICE = Service(
    name="leaflet",
    version="1.0.0",
    summary="Says a word.",
    settings=LeafletSettings,
    apis=(api,),
    build=build,
    pages=pages,
)
