"""The service itself, in one file."""

from __future__ import annotations

import logging
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import Response, request
from pydantic import Field

from shopkit import pagination, problems
from shopkit.auth import User, require_internal, require_role, require_user
from shopkit.database import Database
from shopkit.ids import Id, new_id
from shopkit.pagination import Page, PageQuery
from shopkit.routing import Api, Reply, Required
from shopkit.service import Runtime, Service
from shopkit.settings import TokenSettings, setting
from shopkit.upstream import Upstream
from shopkit.validation import Schema


@dataclass(frozen=True, kw_only=True)
class DemoSettings(TokenSettings):
    """Settings of the demo."""

    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)


@dataclass(frozen=True)
class Demo:
    """What the handlers work with."""

    database: Database
    other: Upstream


class Tag(Schema):
    """A tag of a note."""

    name: str = Field(max_length=10)


class NewNote(Schema):
    """A note to be kept."""

    text: str = Field(min_length=1, max_length=100)
    tags: list[Tag] = Field(default_factory=list, max_length=5)


class Counted(Schema):
    """A small number."""

    count: int = Field(ge=0, le=5)


class Note(Schema):
    """A note that was kept."""

    id: Id
    text: str
    author: Id
    created_at: datetime


class NotePage(Page[Note]):
    """One page of notes."""


class Noise(Schema):
    """What a library might quote."""

    text: str


class Slept(Schema):
    """How long a statement slept."""

    seconds: float


class SleepQuery(Schema):
    """How long to sleep."""

    seconds: float = Field(ge=0, le=60)


api: Api[Demo] = Api("notes")


@api.post("/api/v1/notes", body=NewNote, responses={201: Note}, auth=require_user)
def keep_note(demo: Demo, body: NewNote, user: User) -> Reply:
    """Keep a note.

    The author is the user.
    """
    row = demo.database.fetch_row(
        "INSERT INTO notes (id, text, author) VALUES (%s, %s, %s) RETURNING id, text, author, created_at",
        (new_id(), body.text, user.id),
    )
    return Reply(row, 201, {"Location": f"/api/v1/notes/{row['id']}"})


@api.get("/api/v1/notes", query=PageQuery, responses={200: NotePage})
def list_notes(demo: Demo, query: PageQuery) -> dict[str, Any]:
    """List notes, the newest first."""
    rows = demo.database.fetch_all(
        "SELECT id, text, author, created_at FROM notes"
        " WHERE %(before)s::uuid IS NULL OR id < %(before)s::uuid ORDER BY id DESC LIMIT %(count)s",
        {"before": query.cursor, "count": query.limit + 1},
    )
    return pagination.page(rows, query.limit)


@api.get("/api/v1/notes/<id:note_id>", responses={200: Note}, problems={404: "There is no such note."})
def get_note(demo: Demo, note_id: str) -> dict[str, Any]:
    """Get one note."""
    row = demo.database.fetch_one("SELECT id, text, author, created_at FROM notes WHERE id = %s", (note_id,))
    if row is None:
        raise problems.not_found(f"There is no note {note_id}.")
    return row


@api.delete("/api/v1/notes/<id:note_id>", responses={204: None}, auth=require_role("admin"))
def drop_note(demo: Demo, note_id: str) -> None:
    """Drop a note."""
    demo.database.execute("DELETE FROM notes WHERE id = %s", (note_id,))


@api.get("/api/v1/sleep", query=SleepQuery, responses={200: Slept})
def sleep(demo: Demo, query: SleepQuery) -> Slept:
    """Sleep in the database."""
    demo.database.fetch_one("SELECT pg_sleep(%s)", (query.seconds,))
    return Slept(seconds=query.seconds)


@api.get("/api/v1/boom", responses={200: Slept})
def boom(_demo: Demo) -> Slept:
    """Fail by a fault in the code."""
    raise ValueError("a detail that is nobody's business")


@api.post("/api/v1/clash", body=NewNote, responses={201: Note})
def clash(demo: Demo, body: NewNote) -> None:
    """Fail by a statement that cannot work."""
    demo.database.execute("INSERT INTO notes (id, text, author) VALUES (%s, %s, %s)", ("no uuid", body.text, new_id()))


@api.post("/api/v1/counts", body=Counted, responses={201: Counted})
def count(demo: Demo, body: Counted) -> Counted:
    """Keep a count."""
    demo.database.execute("INSERT INTO numbers (n) VALUES (%s)", (body.count,))
    return body


@api.post("/api/v1/unannounced", responses={201: Note})
def unannounced(_demo: Demo) -> Reply:
    """Answer in a way that is not declared."""
    return Reply({"id": 7}, 201)


SHOUT_HEADERS = {"Reply-To": "Who hears it.", "Loudness": Required("How loud.")}


@api.post(
    "/api/v1/shout", body={"text/plain": {"type": "string"}}, responses={200: "text/plain"}, headers=SHOUT_HEADERS
)
def shout(_demo: Demo) -> Response:
    """Answer a text in capitals."""
    return Response(request.get_data().upper(), content_type="text/plain; charset=utf-8")


@api.post("/internal/v1/relay", responses={200: Slept}, auth=require_internal)
def relay(demo: Demo) -> Slept:
    """Ask the other service."""
    answer = demo.other.get("/api/v1/other")
    return Slept(seconds=answer.body["seconds"])


@api.post("/api/v1/noise", body=Noise, responses={204: None})
def noise(_demo: Demo, body: Noise) -> None:
    """Be as loud as libraries are, about what nobody may know."""
    logging.getLogger("library").error("it says %s", body.text)
    wrong_call = "it says %s and %s"
    logging.getLogger("library").error(wrong_call, body.text)
    logging.getLogger("urllib3").debug("GET /?q=%s", body.text)
    warnings.warn(f"deprecated: {body.text}", stacklevel=1)
    structlog.get_logger("own").info("a line", cause=body.text, password="any", broken="\ud800", huge=2**70)

    def crash() -> None:
        raise ValueError(body.text)

    thread = threading.Thread(target=crash, name="crashing")
    thread.start()
    thread.join()


@api.get("/api/v1/other", responses={200: Slept})
def other(demo: Demo) -> Slept:
    """Be the other service, for another process of the demo."""
    with demo.database.transaction() as tx:
        tx.fetch_one("SELECT pg_sleep(%s)", (0.001,))
    return Slept(seconds=0.001)


def build(runtime: Runtime[DemoSettings]) -> Demo:
    """Make what the handlers work with."""
    settings = runtime.settings
    asked = runtime.upstream("other", settings.users_url, token=settings.internal_token)
    runtime.background.every(0.01, "tick", lambda: False)
    return Demo(runtime.database, asked)


SERVICE = Service(
    name="demo",
    version="1.2.3",
    summary="Keeps notes.",
    settings=DemoSettings,
    apis=(api,),
    build=build,
)
