"""One press of a canary over HTTP, as an application of a telephone makes it.

A client of another make than our server (the standard library's), on a connection of its own each
time. HTTP tells nobody whether he was believed: the record is asked about the secret beforehand.
"""

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlencode, urlsplit

from gateway.canary.pressing import STEP_S, NotHeard

PATH = "/devices/osmand"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a canary presses, and as whom."""

    base: str
    handset: str
    secret: str
    tls: ssl.SSLContext | None = None

    @classmethod
    def read(cls, url: str, ca_file: Path | None) -> "WebAddress":
        """From a setting that was judged already; raises OSError, ssl.SSLError for the file."""
        parts = urlsplit(url)
        tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        return cls(
            f"{parts.scheme}://{host}{port}", unquote(parts.username or ""),
            unquote(parts.password or ""), tls,
        )  # fmt: skip


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Its secret goes where the setting says, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def press(address: WebAddress, now: datetime) -> None:
    """Press once and wait for the answer; raises NotHeard. Blocks for some seconds at most."""
    said = urlencode(
        {"id": address.handset, "timestamp": f"{now.timestamp():.3f}", "alarm": "sos"}
    ).encode()
    asked = urllib.request.Request(  # noqa: S310 the scheme was judged with the setting
        address.base + PATH, data=said, headers={"Authorization": f"Bearer {address.secret}"}
    )
    opener = urllib.request.build_opener(
        _NoRedirect, urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=address.tls),
    )  # fmt: skip
    try:
        with opener.open(asked, timeout=STEP_S) as reply:
            if reply.status != 200:
                raise NotHeard(f"status_{reply.status}")
    except urllib.error.HTTPError as error:
        raise NotHeard(f"status_{error.code}") from None
    except (OSError, ValueError) as error:
        raise NotHeard(type(error).__name__.lower()) from None
