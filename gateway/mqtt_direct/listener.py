"""Accepts connections of handsets, finds out who they are, and stops in good order."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable

from mqtt5 import ConnAckReasonCode, ConnectPacket, DisconnectReasonCode

from gateway.heard import Form
from gateway.mqtt_direct import greeting, wire
from gateway.mqtt_direct.ear import Ear, Hear
from gateway.mqtt_direct.limits import Certificate, Identity, Limits
from gateway.mqtt_direct.line import Gone, Line, open_line
from gateway.mqtt_direct.registry import Registry, Wills
from gateway.mqtt_direct.session import Session
from gateway.mqtt_direct.threshold import Threshold, source_of
from tgd.log import log


class _Refused(Exception):
    """This CONNECT is answered with a no."""

    def __init__(self, code: ConnAckReasonCode) -> None:
        super().__init__(code.name)
        self.code = code


Identify = Callable[[str, bytes | None, Certificate | None], Awaitable[Identity]]
_BACKLOG = 1024
_ACCEPT_PAUSE_S = 0.2


def _count_nothing(word: str) -> None:
    """Nobody wants to know."""


class MqttDirect:
    """The listener: PUBACK means that `hear` has returned, so that the message is durable.

    `identify(claimed id, password, certificate)` says who a client is. A client
    that proves nothing is not refused: it may cry for help in the name it claims, and no more
    (accepting and trusting are two decisions). `observe` is given one word for each thing that is
    worth counting. `hear` raising NotKept ends the connection with 0x89, so that the handset
    sends again; raising a Refusal answers 0x87.
    """

    def __init__(
        self,
        *,
        hear: Hear,
        identify: Identify,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
        observe: Callable[[str], None] = _count_nothing,
    ) -> None:
        self._identify = identify
        self._limits = limits
        self._observe = observe
        self._ear = Ear(hear, limits.untrusted_at_once)
        self._registry = Registry(limits, observe)
        self._wills = Wills(self._hear_will, limits.will_delay_s)
        self._threshold = Threshold(limits, observe)
        self._accepting: dict[asyncio.Task[None], socket.socket] = {}
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, ssl: ssl.SSLContext | None = None) -> int:
        """Listen there too, plain or with TLS, and say on which port; OSError if it is taken."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        listening = socket.create_server(
            (str(address[0]), int(address[1])),
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
        listening.setblocking(False)
        task = asyncio.create_task(self._accept(listening, ssl))
        self._accepting[task] = listening
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """Accept and read nothing more, finish what is being heard, say 0x8B, close.

        Wills are dropped: it is we who leave, not the handsets.
        """
        await self._stop_accepting()
        self._wills.drop_all()
        sessions = self._registry.everybody()
        for task in self._connections - {session.task for session in sessions}:
            task.cancel()
        for session in sessions:
            session.will = None
            session.stop_listening()
        await self._ear.settle(self._limits.stop_s)
        for session in sessions:
            session.end(DisconnectReasonCode.SERVER_SHUTTING_DOWN)
        await self._close_connections()

    async def tell(self, handset: str, payload: bytes) -> bool:
        """Publish on the handset's receipt topic; False when it is not there to read it.

        True says that it was sent, not that it was read.
        """
        session = self._registry.trusted.get(handset)
        return session is not None and session.send_receipt(payload)

    def connected(self) -> set[str]:
        """The handsets whose trusted connection is open now."""
        return set(self._registry.trusted)

    def half_open(self) -> int:
        """How many connections have not said CONNECT yet."""
        return len(self._threshold)

    async def _stop_accepting(self) -> None:
        for task, listening in self._accepting.items():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            listening.close()
        self._accepting.clear()

    async def _close_connections(self) -> None:
        if self._connections:
            await asyncio.wait(self._connections, timeout=self._limits.stop_s)
        left = set(self._connections)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    # From accept to CONNACK

    async def _accept(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, address = await loop.sock_accept(listening)
            except OSError:  # no file descriptor left, or the peer changed its mind
                log.exception("mqtt_accept_failed")
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            self._admit(peer, source_of(str(address[0])), context)
            # sock_accept does not wait while somebody stands there: without this pause a whole
            # backlog comes in before anybody is read, and those who have said CONNECT count as
            # half open
            await asyncio.sleep(0)

    def _admit(self, peer: socket.socket, source: str, context: ssl.SSLContext | None) -> None:
        full = len(self._connections) >= self._limits.connections
        if full or not self._threshold.has_room(source):
            self._observe("connection_refused")
            peer.close()
            return
        task = asyncio.create_task(self._serve(peer, context))
        self._connections.add(task)
        self._threshold.enter(task, source)
        task.add_done_callback(lambda _: peer.close())  # also when it was cancelled unstarted
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(self._threshold.leave)

    async def _serve(self, peer: socket.socket, context: ssl.SSLContext | None) -> None:
        line = None
        try:
            line = await open_line(peer, context, self._limits)
            await self._welcome_and_converse(line)
        except (Gone, OSError, TimeoutError):
            self._observe("lost_before_connect")
        except Exception:  # noqa: BLE001  (the one of this loop: one client's trouble is its own)
            log.exception("mqtt_connection_failed")
        finally:
            if line is not None:
                line.cut()

    async def _welcome_and_converse(self, line: Line) -> None:
        try:
            connect = await self._read_connect(line)
            session = await self._enter(line, connect) if connect is not None else None
        except _Refused as refused:
            self._refuse(line, refused.code)
        else:
            if session is not None:
                await self._converse(session)
        await line.leave()

    async def _read_connect(self, line: Line) -> ConnectPacket | None:
        deadline = asyncio.get_running_loop().time() + self._limits.connect_s
        try:
            frame = await line.next_frame(deadline)
            self._leave_threshold()
            if wire.kind_of(frame) != wire.CONNECT:
                return None  # MQTT-3.1.0-1; before a CONNACK a server says nothing
            other_version = greeting.refuse_version(frame)
            if other_version is not None:
                self._observe("other_version")
                line.say(other_version)
                return None
            packet = wire.decode(frame)
        except wire.Offence as offence:
            raise _Refused(ConnAckReasonCode(int(offence.code))) from offence
        return packet if isinstance(packet, ConnectPacket) else None

    def _leave_threshold(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._threshold.leave(task)

    async def _enter(self, line: Line, connect: ConnectPacket) -> Session:
        certificate = line.certificate
        claimed = greeting.claimed_id(connect, certificate.name if certificate else None)
        if claimed is None:
            raise _Refused(ConnAckReasonCode.CLIENT_ID_NOT_VALID)
        if connect.authentication_method is not None:
            raise _Refused(ConnAckReasonCode.BAD_AUTHENTICATION_METHOD)
        identity = await self._who_is(claimed, connect.password, certificate)
        trusted = identity is not None and identity.trusted
        if not trusted and not self._limits.strangers:
            raise _Refused(_refusal_of_stranger(identity))
        handset = identity.handset if identity is not None and trusted else claimed
        session = Session(
            line,
            connect,
            handset,
            trusted,
            ear=self._ear,
            limits=self._limits,
            observe=self._observe,
        )
        code = await self._registry.enter(session)
        if code is not ConnAckReasonCode.SUCCESS:
            raise _Refused(code)
        self._greet(session, connect)
        return session

    async def _who_is(
        self, claimed: str, password: bytes | None, certificate: Certificate | None
    ) -> Identity | None:
        """None when nobody could say: then it is heard as a stranger, for it may be a cry."""
        try:
            async with asyncio.timeout(self._limits.identify_s):
                return await self._identify(claimed, password, certificate)
        except Exception:  # noqa: BLE001  (whatever is wrong with us must not mute a handset)
            self._observe("identity_unanswered")
            log.exception("mqtt_identity_unanswered")
            return None

    def _greet(self, session: Session, connect: ConnectPacket) -> None:
        session.task = asyncio.current_task()
        if session.trusted:
            self._wills.drop(session.handset)
        else:
            session.line.shrink(self._limits.untrusted_packet_bytes)
        if connect.will is not None and session.will is None:
            self._observe("will_ignored")
        self._observe("connected" if session.trusted else "connected_untrusted")
        welcome = greeting.welcome(connect, session.handset, session.trusted, self._limits)
        session.line.say(welcome.write())

    def _refuse(self, line: Line, code: ConnAckReasonCode) -> None:
        why = code.name.lower()
        self._observe(f"refused_{why}")
        log.warning("mqtt_connect_refused", why=why, reason_code=int(code))
        line.say(greeting.refuse(code))

    # From CONNACK to the end

    async def _converse(self, session: Session) -> None:
        try:
            await session.converse()
        finally:
            session.end(None)
            self._registry.leave(session)
            self._wills.keep(session)

    def _hear_will(self, handset: str, payload: bytes) -> None:
        if handset not in self._registry.trusted:
            self._ear.start(self._hear_loss(handset, payload))

    async def _hear_loss(self, handset: str, payload: bytes) -> None:
        try:
            await self._ear.hear(Form.STATE, handset, True, payload)
        except Exception:  # noqa: BLE001  (nobody waits for the answer of a Will)
            self._observe("not_kept")
            log.exception("mqtt_will_not_kept", handset=handset)


def _refusal_of_stranger(identity: Identity | None) -> ConnAckReasonCode:
    if identity is None:
        return ConnAckReasonCode.SERVER_UNAVAILABLE
    return ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD
