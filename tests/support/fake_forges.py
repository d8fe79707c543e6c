"""Forges in this process with the shapes of GitHub's and GitLab's APIs, pages and limits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "forge-token"
PAGE = 3
"""Items of a page, whatever was asked for, so that every test turns pages."""


@dataclass
class ForgeState:
    """The issues of one repository, as both forges could have them."""

    public: bool = False
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    limited: int = 0
    """Answers that are still refused by the rate limit."""
    broken_after: int | None = None
    """Requests after which the server answers 500."""

    def add(self, title: str, body: str, labels: list[str]) -> dict[str, Any]:
        number = len(self.issues) + 1
        known = {"number": number, "title": title, "body": body, "labels": labels, "open": True,
                 "owner": None, "closed_by": None, "comments": []}  # fmt: skip
        self.issues[number] = known
        return known

    def comment(self, number: int, author: str, text: str) -> None:
        total = sum(len(one["comments"]) for one in self.issues.values())
        self.issues[number]["comments"].append({"id": 1000 + total, "author": author, "text": text})

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.requests if one[0] != "GET"]


def _user(name: str | None, key: str) -> dict[str, Any] | None:
    return None if name is None else {key: name, "id": 7}


def _github(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 900 + one["number"],
        "number": one["number"],
        "state": "open" if one["open"] else "closed",
        "title": one["title"],
        "body": one["body"],
        "labels": [{"name": name} for name in one["labels"]],
        "assignee": _user(one["owner"], "login"),
        "closed_by": _user(one["closed_by"], "login"),
        "comments": len(one["comments"]),
        "html_url": f"http://forge.test/{one['number']}",
    }


def _gitlab(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 900 + one["number"],
        "iid": one["number"],
        "state": "opened" if one["open"] else "closed",
        "title": one["title"],
        "description": one["body"],
        "labels": one["labels"],
        "assignee": _user(one["owner"], "username"),
        "closed_by": _user(one["closed_by"], "username"),
        "user_notes_count": len(one["comments"]),
        "web_url": f"http://forge.test/{one['number']}",
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ForgeState
    kind: str

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        state, parts = self.state, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        state.requests.append((self.command, parts.path))
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if TOKEN not in (given, self.headers.get("PRIVATE-TOKEN")):
            self._answer(401, {"message": "Bad credentials"})
        elif state.broken_after is not None and len(state.requests) > state.broken_after:
            self._answer(500, {"message": "Server Error"})
        elif state.limited:
            state.limited -= 1
            self._answer(403 if self.kind == "github" else 429, {"message": "rate limit"},
                         {"Retry-After": "0"} if self.kind == "gitlab" else
                         {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"})  # fmt: skip
        else:
            self._route(unquote(parts.path), parse_qs(parts.query), body)

    def _route(self, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> None:
        top = "/repos/team/models" if self.kind == "github" else "/projects/team/models"
        rest = path.removeprefix(top).strip("/").split("/") if path.startswith(top) else ["?"]
        shown = _github if self.kind == "github" else _gitlab
        match (self.command, rest):
            case ("GET", [""]):
                private = {"private": not self.state.public}
                visible = {"visibility": "public" if self.state.public else "private"}
                self._answer(200, private if self.kind == "github" else visible)
            case ("GET", ["issues"]):
                label = query["labels"][0]
                named = [one for one in self.state.issues.values() if label in one["labels"]]
                self._page([shown(one) for one in named], query)
            case ("POST", ["issues"]):
                self._answer(201, shown(self.state.add(*self._text(body))))
            case (command, ["issues", number]) if int(number) in self.state.issues:
                one = self.state.issues[int(number)]
                if command != "GET":
                    self._change(one, body)
                self._answer(200, shown(one))
            case ("GET", ["issues", number, _]):
                self._page([self._comment(one) for one in
                            self.state.issues[int(number)]["comments"]], query)  # fmt: skip
            case ("POST", ["issues", number, _]):
                self.state.comment(int(number), "bot", body["body"])
                self._answer(201, {})
            case _:
                self._answer(404, {"message": "Not Found"})

    def _text(self, body: dict[str, Any]) -> tuple[str, str, list[str]]:
        if self.kind == "github":
            return body["title"], body["body"], body["labels"]
        return body["title"], body["description"], body["labels"].split(",")

    def _change(self, one: dict[str, Any], body: dict[str, Any]) -> None:
        if "title" in body:
            one["title"], one["body"], one["labels"] = self._text(body)
        wanted = body.get("state") or body.get("state_event")
        if wanted:
            one["open"] = wanted in ("open", "reopen")

    def _comment(self, one: dict[str, Any]) -> dict[str, Any]:
        key = "login" if self.kind == "github" else "username"
        author = "user" if self.kind == "github" else "author"
        return {"id": one["id"], author: {key: one["author"]}, "body": one["text"],
                "system": False, "html_url": f"http://forge.test/c/{one['id']}"}  # fmt: skip

    def _page(self, items: list[Any], query: dict[str, list[str]]) -> None:
        number = int(query.get("page", ["1"])[0])
        headers = {}
        if number * PAGE < len(items):
            host = self.headers["Host"]
            base = f"http://{host}{urlsplit(self.path).path}"
            kept = "&".join(f"{name}={values[0]}" for name, values in query.items()
                            if name != "page")  # fmt: skip
            headers["Link"] = f'<{base}?{kept}&page={number + 1}>; rel="next"'
        self._answer(200, items[(number - 1) * PAGE : number * PAGE], headers)


@contextmanager
def fake_forge(kind: str) -> Iterator[tuple[str, ForgeState]]:
    """The address of a forge's API (``github`` or ``gitlab``), and what it holds."""
    state = ForgeState()
    methods = dict.fromkeys(("do_GET", "do_POST", "do_PATCH", "do_PUT"), _Handler._handle)
    handler = type("Handler", (_Handler,), {"state": state, "kind": kind, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
