"""The address under which the outside reaches us; signatures are checked against it."""

from urllib.parse import urlsplit

from tgd.doctor.finding import Finding, ok, refused, warning

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_public_url(name: str, url: str) -> Finding:
    """`name` is the setting, such as TGD_PUBLIC_URL; `url` its value, empty when not set."""
    if not url:
        return warning(
            f"{name} is empty: signed calls from outside cannot be checked, so none is taken.",
            f"Set {name} to the https address that the provider calls.",
        )
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        return refused(
            f"{name} is not https: what comes in can be read and changed on its way.",
            "Put the reverse proxy of deploy/reverse-proxy in front and use its https address.",
        )
    if parts.query or parts.fragment or parts.username:
        return refused(
            f"{name} has more than scheme, host, port and path.", "Remove query, '#' and name."
        )
    if parts.path.strip("/"):
        return warning(
            f"{name} has a path: the provider must call below it, the proxy must keep it.",
            "Use an address without a path, or test a signed call.",
        )
    return ok(f"{name} is an address that signatures can be checked against.")
