"""A crowd that calls the handsets' listener from many addresses and never finishes what it says.

Whoever is closed calls again at once, so that the door is besieged for as long as it lasts.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from mqtt5 import ConnectPacket

from tests.hostile.ground import Ground

SOURCES = tuple(f"127.0.0.{n}" for n in range(2, 21))
CALLS = 3000
NEW_PER_S = 1500
"""More, and the two cores would serve the one who attacks instead of those who are attacked."""
HELLO = ConnectPacket("dora", password=b"a guess").write()
PINGS = HELLO + b"\xc0\x00" * 900


def client_hello() -> bytes:
    """The first flight of a TLS handshake, after which nothing comes."""
    context = ssl.create_default_context()
    said = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="tgd.example")
    with contextlib.suppress(ssl.SSLWantReadError):
        talk.do_handshake()
    return said.read()


KINDS = {
    "never a word": ("mqtt", b""),
    "half a packet": ("mqtt", HELLO[:-3]),
    "never reads": ("mqtt", PINGS),
    "no handshake": ("mqtts", b""),
    "half a handshake": ("mqtts", client_hello()),
}
"""Which listener, and all that is ever said to it."""


@dataclass
class Siege:
    """So many at once from a thread; `with` begins and ends it."""

    ground: Ground
    wanted: int = CALLS
    called: int = 0
    sent_away: int = 0
    _open: dict[int, tuple[socket.socket, str]] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Siege":
        self._poll = select.epoll()
        self._thread = threading.Thread(target=self._besiege)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for held, _kind in self._open.values():
            _reset(held)
        self._poll.close()

    @property
    def standing(self) -> int:
        """How many believe that they stand there."""
        return len(self._open)

    def _besiege(self) -> None:
        begun = time.monotonic()
        while not self._over.is_set():
            self._bury()
            allowed = int((time.monotonic() - begun) * NEW_PER_S) - self.called
            for _ in range(min(allowed, self.wanted - len(self._open))):
                self._call()
            time.sleep(0.01)

    def _call(self) -> None:
        kind = list(KINDS)[self.called % len(KINDS)]
        source = SOURCES[self.called % len(SOURCES)]
        self.called += 1
        listener, words = KINDS[kind]
        calling = socket.socket()
        if kind == "never reads":
            calling.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        calling.settimeout(5)
        try:
            calling.bind((source, 0))
            calling.connect(("127.0.0.1", self.ground.ports[listener]))
            calling.sendall(words)
        except OSError:
            self.sent_away += 1
            _reset(calling)
            return
        calling.setblocking(False)
        self._open[calling.fileno()] = (calling, kind)
        self._poll.register(calling, select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR)

    def _bury(self) -> None:
        for number, _ in self._poll.poll(0, maxevents=CALLS):
            held, _kind = self._open.pop(number)
            self._poll.unregister(number)
            self.sent_away += 1
            _reset(held)


def _reset(held: socket.socket) -> None:
    """Without the minute in which the kernel would keep the pair of addresses for itself."""
    with contextlib.suppress(OSError):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    held.close()
