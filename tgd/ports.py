"""Free ports of loopback, chosen where the system gives none to outgoing connections.

A port that was free a moment ago, asked of the system, may be lent to somebody's connection before
its program listens; below that range nobody takes one by chance.
"""

import secrets
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below Linux's range for outgoing connections (32768 to 60999)."""


def free_ports(count: int) -> list[int]:
    """So many different ports of 127.0.0.1 on which nobody listens at this moment."""
    with ExitStack() as held:
        return [_hold_one(held) for _ in range(count)]


def free_port() -> int:
    """One port of 127.0.0.1 on which nobody listens at this moment."""
    return free_ports(1)[0]


def _hold_one(held: ExitStack) -> int:
    """Held until all are chosen, so that no two are the same."""
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        trial = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        try:
            trial.bind((HOST, port))
        except OSError:
            continue
        return port
