"""Who a client is and how much of everything it may use; values only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A handset id, and whether a secret or a certificate proved it."""

    handset: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """What TLS has verified of a client: the name, which is a handset's id, and since when."""

    name: str
    begins_at: datetime


SOURCES_ABREAST = 4
"""So many sources fill the door together, each with all that one may have."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the listener. Trusted and untrusted clients never share one."""

    strangers: bool = True
    """False: a client that proves nothing is refused (CONNACK 0x86) instead of heard."""

    connect_s: float = 5.0
    """TLS handshake and CONNECT must both be there within this many seconds each."""
    identify_s: float = 3.0
    """Without an answer about an identity in this time the client is heard as untrusted."""
    half_open: int = 1024
    half_open_per_source: int = 256
    """Connections that have not said CONNECT yet."""
    half_open_grace_s: float = 1.0
    """Where no source stands in the door more often than a newcomer's, one that has been silent for
    longer than this gives it its place."""
    connections: int = 30_000
    trusted: int = 20_000
    untrusted: int = 256

    packet_bytes: int = 8192
    untrusted_packet_bytes: int = 2048
    in_flight: int = 20
    """Receive Maximum of MQTT 5: publications of one client that wait for their PUBACK."""
    untrusted_in_flight: int = 2
    untrusted_at_once: int = 16
    """Publications of all strangers together that are being heard at one moment."""
    untrusted_pace_s: float = 0.05
    """A stranger's next packet is read only so long after the one before."""
    unread_bytes: int = 65_536
    """A client that does not read what we say is cut off when this much waits for it."""

    keep_alive_s: int = 300
    """Longest keep-alive: a client that asks for more, or for none, is given this one."""
    untrusted_idle_s: float = 120.0
    """An untrusted client that publishes nothing for so long is sent away."""
    will_delay_s: float = 60.0
    """Longest Will delay that is honoured."""

    takeovers: int = 3
    takeover_window_s: float = 30.0
    takeover_pause_s: float = 4.0
    """Two clones of one handset: after so many take-overs in the window, the next ones wait,
    a quarter of a second, then twice that, up to the pause; short, for it may carry an alert."""
    stop_s: float = 5.0
    """How long an orderly stop waits for what is being heard."""

    @classmethod
    def at_the_door(cls, per_source: int, *, strangers: bool) -> "Limits":
        """The usual bounds, with so much room for one source; the whole door never has less than
        four such sources need, nor less than usual."""
        usual = cls()
        return cls(
            strangers=strangers,
            half_open=max(usual.half_open, SOURCES_ABREAST * per_source),
            half_open_per_source=per_source,
        )
