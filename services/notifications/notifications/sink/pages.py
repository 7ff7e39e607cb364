"""The sink's pages, and the same as JSON for tests."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, abort, render_template, request

from notifications.sink.store import Store, Stored

# Nothing that a mail brings along runs, is loaded or can send anything.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'"
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def make_app(store: Store) -> Flask:
    """Return the application: `/`, `/mails/<id>`, `/mails/<id>/html`, `/api/mails`, `/api/mails/<id>`, `/livez`."""
    app = Flask(__name__, static_folder=None)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def find(mail_id: str) -> Stored:
        return store.get(mail_id) or abort(404)

    @app.get("/")
    def all_mails() -> str:
        to = request.args.get("to") or None
        return render_template("list.html", mails=store.list(to), to=to or "")

    @app.get("/mails/<mail_id>")
    def one_mail(mail_id: str) -> str:
        return render_template("mail.html", mail=find(mail_id))

    @app.get("/mails/<mail_id>/html")
    def html(mail_id: str) -> Response:
        body = find(mail_id).body("html")
        if body is None:
            abort(404)
        return Response(body, headers={"Content-Security-Policy": _MAIL_POLICY})

    @app.get("/api/mails")
    def mails() -> dict[str, Any]:
        return {"items": [_summary(mail) for mail in store.list(request.args.get("to"))]}

    @app.get("/api/mails/<mail_id>")
    def mail(mail_id: str) -> dict[str, Any]:
        found = find(mail_id)
        bodies = {"text": found.body("plain"), "html": found.body("html")}
        return {**_summary(found), "head": found.head, **bodies}

    @app.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def _summary(mail: Stored) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat().replace("+00:00", "Z"),
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "size": len(mail.content),
    }
