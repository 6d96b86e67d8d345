"""From which address a request came, when reverse proxies stand before the console."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

Network = IPv4Network | IPv6Network
MOST_HOPS = 20
ONE_LINE = 64
"""Bits of an IPv6 address that one line of a house has for itself."""


def address_of(request: Request, proxies: Sequence[Network]) -> str:
    """The address by which limits count.

    Only what a proxy of ours has written is believed: from the right of X-Forwarded-For, the first
    address that is none of ours. Everybody may write the left of it. Without proxies in the
    settings the header says nothing.
    """
    peer = request.client.host if request.client else ""
    found = _read(peer)
    if found is None or not _is_ours(found, proxies):
        return counted(found) if found else peer
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")[-MOST_HOPS:]
    for said in reversed(hops):
        hop = _read(said.strip())
        if hop is None:
            break
        found = hop
        if not _is_ours(hop, proxies):
            break
    return counted(found)


def counted(address: IPv4Address | IPv6Address) -> str:
    """One IPv6 line counts as one caller, whichever of its addresses it takes."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, ONE_LINE), strict=False))


def _read(said: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(said)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_ours(address: IPv4Address | IPv6Address, proxies: Sequence[Network]) -> bool:
    return any(address.version == one.version and address in one for one in proxies)
