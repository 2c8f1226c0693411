"""Which web pages may use the devnet: a browser says with `Origin` which page a request comes from.

Whoever can reach the devnet can use the accounts it signs for. Programs send no `Origin` and are let through; a page
somebody happens to look at is not, also when its host name has been made to point here. A WebSocket is no exception for
browsers' own rules (CORS), so that it has to be refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "*"
# Pages served on this machine, and wallets that are browser extensions.
LOCAL = r"https?://(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"
EXTENSIONS = r"(chrome|moz|safari-web)-extension://[A-Za-z0-9-]+"
PREFLIGHT_SECONDS = 600


class OriginGuard:
    """Refuses requests of pages with other origins with status 403 and adds the headers of CORS to the others'."""

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        allowed = "|".join([LOCAL, EXTENSIONS, *map(re.escape, origins)]) if ANY not in origins else ".*"
        self._allowed = re.compile(allowed)
        self._app = app
        self._with_cors = CORSMiddleware(
            app,
            allow_origin_regex=allowed,
            allow_methods=["POST"],
            allow_headers=["*"],
            allow_private_network=True,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        origin = Headers(scope=scope).get("origin") if scope["type"] in ("http", "websocket") else None
        if origin is None:
            await self._app(scope, receive, send)
        elif self._allowed.fullmatch(origin):
            await self._with_cors(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "origin not allowed"})
        else:
            refusal = f"origin {origin[:200]} may not use this devnet: start it with --cors-origin {origin[:200]}\n"
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
