"""Headers of every reply: nothing foreign runs, nothing is framed, nothing stays in a cache."""

import re
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " media-src 'self';"
    " worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FIXED = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
}
SCANS = re.compile(r"/stock(/.*)?|/files/[^/]+/hand-over")
"""Pages on which a camera may read the code of a handset; on every other one none is opened."""
CAMERA = FIXED["permissions-policy"].replace("camera=()", "camera=(self)")
BY_SCRIPT = (b"x-sent-by", b"script")
"""A page that sends a form beneath itself asks where its answer leads, and goes there itself."""
HSTS = "max-age=63072000"
"""For this host alone: its neighbours are not ours to decide for."""


class SafeHeaders:
    """Adds them around the application, to errors and streams as well."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        by_script = BY_SCRIPT in scope["headers"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                self._add(headers)
                if SCANS.fullmatch(scope["path"]):
                    headers["permissions-policy"] = CAMERA
                if by_script and message["status"] == 303:
                    message["status"] = 204
                    headers["x-leads-to"] = headers["location"]
                    del headers["location"], headers["content-length"]
            await send(message)

        await self._app(scope, receive, sending)

    def _add(self, headers: Any) -> None:
        for name, value in FIXED.items():
            headers[name] = value
        headers.setdefault("cache-control", "no-store")
        if self._https:
            headers["strict-transport-security"] = HSTS
