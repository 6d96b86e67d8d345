"""One connection, TCP or TLS, packet by packet, with bounds on what waits in each direction."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime

import mqtt5

from gateway.mqtt_direct.limits import Certificate, Limits
from gateway.mqtt_direct.wire import Frames, decode

_CHUNK_BYTES = 4096
_LINGER_S = 1.0
_LINGER_CHUNKS = 256


class Gone(Exception):
    """The peer closed the connection, or the network did."""


class Line:
    """Reads whole packets and writes whole packets."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._unread_bytes = limits.unread_bytes
        self._frames = Frames(limits.packet_bytes)
        self._silent = False

    def shrink(self, max_bytes: int) -> None:
        """From now on no packet may be longer than this."""
        self._frames.max_bytes = max_bytes

    @property
    def certificate(self) -> Certificate | None:
        """The client's certificate, which TLS has verified; None without one."""
        said = self._writer.get_extra_info("peercert") or {}
        for relative_name in said.get("subject", ()):
            for key, name in relative_name:
                if key == "commonName":
                    begins_s = ssl.cert_time_to_seconds(str(said["notBefore"]))
                    return Certificate(str(name), datetime.fromtimestamp(begins_s, UTC))
        return None

    async def next_frame(self, deadline: float) -> bytes:
        """The next whole packet's bytes; TimeoutError at `deadline`, a moment of the loop's clock.

        Raises Gone when the peer has left, Offence when the packet is too long.
        """
        frame = self._frames.cut()
        if frame is not None:
            return frame
        async with asyncio.timeout_at(deadline):
            while (frame := self._frames.cut()) is None:
                self._frames.feed(await self._receive())
        return frame

    async def next(self, deadline: float) -> mqtt5.Packet:
        """The next packet; as `next_frame`, and Offence for what is no packet."""
        return decode(await self.next_frame(deadline))

    async def _receive(self) -> bytes:
        try:
            received = await self._reader.read(_CHUNK_BYTES)
        except (OSError, ssl.SSLError) as lost:
            raise Gone from lost
        if not received:
            raise Gone
        return received

    def say(self, words: bytes) -> bool:
        """Send without waiting; False after the last word, or when the peer does not listen."""
        transport = self._writer.transport
        if self._silent or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > self._unread_bytes:
            transport.abort()
            return False
        self._writer.write(words)
        return True

    def say_last(self, words: bytes) -> None:
        """Send, and nothing after it: what is heard later has no PUBACK on this connection."""
        self.say(words)
        self._silent = True

    async def leave(self) -> None:
        """Close so that the last words arrive: a socket closed over unread bytes resets them."""
        self._silent = True
        try:
            async with asyncio.timeout(_LINGER_S):
                await self._writer.drain()
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                await self._read_away()
                self._writer.close()
                await self._writer.wait_closed()
        except (OSError, ssl.SSLError, TimeoutError):
            self._writer.transport.abort()

    async def _read_away(self) -> None:
        for _ in range(_LINGER_CHUNKS):
            if not await self._reader.read(_CHUNK_BYTES):
                return

    @property
    def has_left(self) -> bool:
        """True when nothing more can come from the peer, and all that came has been read."""
        ended = self._reader.at_eof() or self._writer.transport.is_closing()
        return ended and self._frames.is_empty

    def cut(self) -> None:
        """Close at once, without a word."""
        self._writer.transport.abort()


async def open_line(peer: socket.socket, context: ssl.SSLContext | None, limits: Limits) -> Line:
    """Take an accepted socket over, with its TLS handshake; OSError or TimeoutError if it fails."""
    loop = asyncio.get_running_loop()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = asyncio.StreamReader(limit=_CHUNK_BYTES, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        peer,
        ssl=context,
        ssl_handshake_timeout=limits.connect_s if context else None,
        ssl_shutdown_timeout=_LINGER_S if context else None,
    )
    return Line(reader, asyncio.StreamWriter(transport, protocol, reader, loop), limits)
