"""Bytes to MQTT 5 packets: length and text are checked before the codec sees one byte.

The codec (mqtt5 0.8) is quick and strict but panics, with a trace on stderr, on text that is not
UTF-8; so text is walked here first, and only when the packet holds more than ASCII.
"""

import mqtt5
from mqtt5 import DisconnectReasonCode

CONNECT = 1
_FIXED = {0x01: 1, 0x02: 4, 0x11: 4, 0x13: 2, 0x17: 1, 0x18: 4, 0x19: 1, 0x21: 2, 0x22: 2}
_FIXED |= {0x23: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
_TEXT = frozenset({0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F})
_BINARY = frozenset({0x09, 0x16})
_SUBSCRIPTION_ID = 0x0B
_USER_PROPERTY = 0x26


class Offence(Exception):
    """The peer broke a rule of the protocol; the code says which, in MQTT's own numbers."""

    def __init__(self, code: DisconnectReasonCode) -> None:
        super().__init__(code.name)
        self.code = code


def malformed() -> Offence:
    """Bytes that are no packet (MQTT 5, 4.13: answer 0x81 and close)."""
    return Offence(DisconnectReasonCode.MALFORMED_PACKET)


class Frames:
    """Cuts a stream of bytes into whole packets; never holds more than one of the largest size."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Add what came; the caller cuts until None before it feeds again."""
        self._buffer += received

    @property
    def is_empty(self) -> bool:
        """True when no byte waits for the rest of its packet."""
        return not self._buffer

    def cut(self) -> bytes | None:
        """The next whole packet, None when more bytes are needed; raises Offence when too long."""
        if len(self._buffer) < 2:
            return None
        size = _frame_size(self._buffer)
        if size is None:
            return None
        if size > self.max_bytes:
            raise Offence(DisconnectReasonCode.PACKET_TOO_LARGE)
        if len(self._buffer) < size:
            return None
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        return frame


def _frame_size(buffer: bytearray) -> int | None:
    length = 0
    for place in range(4):
        if len(buffer) < place + 2:
            return None
        byte = buffer[place + 1]
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return length + place + 2
    raise malformed()


def kind_of(frame: bytes) -> int:
    """The packet type of MQTT 5, 2.1.2."""
    return frame[0] >> 4


def protocol_of(frame: bytes) -> tuple[bytes, int] | None:
    """Protocol name and level of a CONNECT, of whatever version; None when it has none."""
    walk = _Walk(frame)
    try:
        return walk.binary(), walk.number(1)
    except IndexError:
        return None


def decode(frame: bytes) -> mqtt5.Packet:
    """One whole frame as a packet; raises Offence 0x81 for anything that is not exactly one."""
    if not frame[1 + _length_bytes(frame) :].isascii():
        _check_text(frame)
    try:
        packet, size = mqtt5.read(memoryview(frame))
    except (ValueError, IndexError) as strange:
        raise malformed() from strange
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # a panic of Rust has no class to import
            raise
        raise malformed() from None
    if size != len(frame):
        raise malformed()
    return packet


def _length_bytes(frame: bytes) -> int:
    count = 1
    while frame[count] >= 0x80:
        count += 1
    return count


def _check_text(frame: bytes) -> None:
    try:
        _Walk(frame).through(kind_of(frame))
    except (IndexError, UnicodeDecodeError) as strange:
        raise malformed() from strange


class _Walk:
    """Steps over the fields of one packet; every text on the way must be UTF-8 (MQTT-1.5.4-1)."""

    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 1 + _length_bytes(frame)

    def through(self, kind: int) -> None:
        match kind:
            case 1:
                self._connect()
            case 3:
                self._publish()
            case 4 | 5 | 6 | 7:
                self._reasoned(skip=3)
            case 8 | 10:
                self._filters(options=1 if kind == 8 else 0)
            case 14 | 15:
                self._reasoned(skip=1)
            case _:
                raise IndexError  # nothing else that a client sends holds more than ASCII

    def number(self, size: int) -> int:
        self._at += size
        if self._at > len(self._frame):
            raise IndexError
        return int.from_bytes(self._frame[self._at - size : self._at], "big")

    def binary(self) -> bytes:
        size = self.number(2)
        self.number(size)
        return self._frame[self._at - size : self._at]

    def text(self) -> None:
        self.binary().decode()

    def _varint(self) -> int:
        value = 0
        for place in range(4):
            byte = self.number(1)
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise IndexError

    def _left(self) -> int:
        return len(self._frame) - self._at

    def _connect(self) -> None:
        self.text()
        self.number(1)
        flags = self.number(1)
        self.number(2)
        self._properties()
        self.text()
        if flags & 0x04:
            self._properties()
            self.text()
            self.binary()
        if flags & 0x80:
            self.text()
        if flags & 0x40:
            self.binary()

    def _publish(self) -> None:
        self.text()
        if self._frame[0] & 0x06:
            self.number(2)
        self._properties()

    def _filters(self, options: int) -> None:
        self.number(2)
        self._properties()
        while self._left():
            self.text()
            self.number(options)

    def _reasoned(self, skip: int) -> None:
        self.number(min(skip, self._left()))
        if self._left():
            self._properties()

    def _properties(self) -> None:
        size = self._varint()
        end = self._at + size
        while self._at < end:
            self._property(self._varint())

    def _property(self, name: int) -> None:
        if name in _TEXT:
            self.text()
        elif name in _BINARY:
            self.binary()
        elif name == _USER_PROPERTY:
            self.text()
            self.text()
        elif name == _SUBSCRIPTION_ID:
            self._varint()
        elif name in _FIXED:
            self.number(_FIXED[name])
        else:
            raise IndexError
