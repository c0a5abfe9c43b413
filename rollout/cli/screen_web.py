"""The terminal's screen in a browser of this computer, and of no other.

Whoever may open it acts as the operator who started it, so three things guard it: it listens on
the loopback only; a request has to name that host and come from its own page, which keeps pages of
other sites out; and it carries a token that is printed once and differs with every start.
"""

import secrets
import shlex
import sys
from hmac import compare_digest
from pathlib import Path

import jinja2
import textual_serve
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from rollout.cli.output import say
from rollout.i18n import _, language

LOOPBACK = "127.0.0.1"
COOKIE = "rollout_screen"
_PAGE = Path(__file__).with_name("screen_web.html")
_STATIC = Path(textual_serve.__file__).with_name("static")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self' ws:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ScreenServer(Server):
    """Serves one page, what it needs, and a session for each socket; nothing from outside."""

    def __init__(self, command: str, port: int, title: str) -> None:
        super().__init__(command, host=LOOPBACK, port=port, title=title)
        self.token = secrets.token_urlsafe(24)
        template = jinja2.Environment(autoescape=True).from_string(_PAGE.read_text("utf-8"))
        self._page = template.render(
            title=title,
            language=language(),
            host=f"{LOOPBACK}:{port}",
            closed=_("The session has ended."),
            again=_("Begin again"),
        )

    @property
    def address(self) -> str:
        """What to open in the browser."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.token}"

    async def on_startup(self, app: web.Application) -> None:
        """Say where it is."""
        say(_("open {address} in a browser of this computer").format(address=self.address))

    async def make_app(self) -> web.Application:
        """The application with its guard."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/ws", self.handle_websocket),
                web.static("/static", _STATIC),
            ]
        )
        app.on_startup.append(self.on_startup)
        return app

    _make_app = make_app

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if "token" in request.query:
            # The token goes out of the address at once, so that no history keeps it.
            response = web.Response(status=302, headers={"Location": "/"})
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict")
            return response
        return web.Response(text=self._page, content_type="text/html")

    @property
    def _guard(self) -> Middleware:
        own = f"{LOOPBACK}:{self.port}"

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            given = request.query.get("token") or request.cookies.get(COOKIE) or ""
            if request.headers.get("Host") != own or origin not in (None, f"http://{own}"):
                raise web.HTTPForbidden(text=_("only from this computer's own page"))
            if not compare_digest(given.encode(), self.token.encode()):
                raise web.HTTPForbidden(text=_("open the address that `rollout tui --web` printed"))
            response = await handler(request)
            if not response.prepared:
                response.headers.update(_HEADERS)
            return response

        return guard


def serve(port: int, actor: str | None, now: str | None, title: str) -> None:
    """Serve until Ctrl+C; each browser window is a `rollout tui` of its own."""
    who = ["--actor", actor] if actor else []
    when = ["--now", now] if now else []
    command = shlex.join([sys.executable, "-P", "-m", "rollout.cli", *who, *when, "tui"])
    ScreenServer(command, port, title).serve()
