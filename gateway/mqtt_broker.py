"""Hears handsets through a broker: door first, then the receipt, then PUBACK in order of arrival.

Every gateway has its own client id, session and subscriptions; the record removes the copies. A
message that nothing could keep is not acknowledged: the connection is dropped, and the broker
gives it again. Who publishes on a handset's topic *is* that handset: the broker has checked its
certificate or secret, and its access list ties the topic to the user name (deploy/). On
`owntracks/{user}/{device}` the list proves the user, so the user is the source.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from random import SystemRandom
from typing import Any
from uuid import uuid4

from gateway import counts
from gateway.broker_line import Arrived, BrokerAddress, BrokerLine, LineLost
from gateway.ending import end
from gateway.formats import READERS
from gateway.heard import Channel, Form, Heard, Kept, Receipt
from tgd import clock
from tgd.errors import NotKept
from tgd.log import log
from tgd.rules.trigger import StateReport, Trigger

TOPICS = ("tgd/v1/+/alert", "tgd/v1/+/position", "owntracks/+/+")
FLEETING = ("tgd/v1/+/state",)
"""Signs of life are asked for at QoS 0 (decision 0038): kept for us, thousands of them stood before
the presses when a fleet came back to a broker that had died."""
AT_ONCE = 1000
"""Messages given to the door at one moment; more wait in their order, nothing is thrown away."""
STATES_AT_ONCE = 5000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
NOT_KEPT_PAUSE_S = 1.0
STEADY_S = 10.0
"""A connection that lasted so long was a good one: the next pause is short again."""
CLOSING_S = 5.0
LEAVING_S = 10.0
"""For what is being heard, and for the farewell to the broker."""

Hear = Callable[[Heard], Awaitable[Receipt]]
_FORMS = {"alert": Form.ALERT, "position": Form.POSITION, "state": Form.STATE}
_chance = SystemRandom()


@dataclass(slots=True)
class _Owed:
    """A PUBACK that the broker waits for."""

    arrived: Arrived
    is_due: bool = False


class _Acknowledgements:
    """Of one connection: given when due, in the order of arrival."""

    def __init__(self, line: BrokerLine) -> None:
        self._line = line
        self._owed: deque[_Owed] = deque()
        self.failed = asyncio.Event()

    def owe(self, arrived: Arrived) -> _Owed:
        owed = _Owed(arrived)
        self._owed.append(owed)
        return owed

    def settle(self, owed: _Owed) -> None:
        owed.is_due = True
        while self._owed and self._owed[0].is_due:
            self._line.ack(self._owed.popleft().arrived)


class MqttBroker:
    """The client of a broker: `open` returns at once and it connects for ever after."""

    def __init__(
        self,
        address: BrokerAddress,
        hear: Hear,
        hear_state: Hear,
        came_online: Callable[[str], None] = lambda handset: None,
    ) -> None:
        self._address = address
        self._hear_call, self._hear_state, self._came_online = hear, hear_state, came_online
        self._line: BrokerLine | None = None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._hearing: set[asyncio.Task[None]] = set()
        self._states = 0
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start connecting."""
        self._task = asyncio.create_task(self._forever(), name="mqtt broker")

    async def close(self) -> None:
        """Read no more, finish what is being heard, acknowledge it, leave; the session stays."""
        await end(self._task, LEAVING_S)

    @property
    def is_connected(self) -> bool:
        """True while connected and subscribed."""
        return self._line is not None

    async def tell(self, handset: str, payload: bytes) -> bool:
        """Publish on the handset's receipt topic; False when there is no broker now."""
        if self._line is None:
            return False
        return self._line.publish(f"tgd/v1/{handset}/receipt", payload)

    async def _forever(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._converse()
            except LineLost as lost:
                log.warning("broker_away", why=str(lost))
            except Exception as error:  # noqa: BLE001 whatever it was, the next connection tries
                log.error("broker_failed", exc_info=error)
            failures = 1 if time.monotonic() - began > STEADY_S else failures + 1
            await asyncio.sleep(_pause_s(failures))

    async def _converse(self) -> None:
        async with BrokerLine(self._address, TOPICS, FLEETING) as line:
            owing = _Acknowledgements(line)
            self._line = line
            counts.broker_up.set(1)
            log.info("broker_connected", protocol="5" if self._address.is_v5 else "3.1.1")
            reading = asyncio.create_task(self._read(line, owing))
            failing = asyncio.create_task(owing.failed.wait())
            try:
                await asyncio.wait({reading, failing}, return_when=asyncio.FIRST_COMPLETED)
                if failing.done():
                    await asyncio.sleep(NOT_KEPT_PAUSE_S)
                    raise LineLost("not_kept")
                reading.result()
            finally:
                counts.broker_up.set(0)
                self._line = None
                await self._leave(reading, failing)

    async def _leave(self, *tasks: "asyncio.Task[None] | asyncio.Task[bool]") -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._hearing:
            await asyncio.wait(set(self._hearing), timeout=CLOSING_S)

    async def _read(self, line: BrokerLine, owing: _Acknowledgements) -> None:
        async for arrived in line.messages():
            owed = owing.owe(arrived)
            heard = heard_of(arrived)
            if heard is None:
                counts.refused.labels("mqtt", "retained_or_unknown_topic").inc()
                owing.settle(owed)
            elif heard.form is Form.STATE or _is_last_will(heard):
                # a life sign holds up nobody: the next one says more
                owing.settle(owed)
                self._start_state(heard, arrived)
            else:
                await self._room.acquire()
                self._start(self._hear(line, heard, owed, owing))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

    def _start_state(self, heard: Heard, arrived: Arrived) -> None:
        if self._states >= STATES_AT_ONCE:
            counts.refused.labels("mqtt", "too_many_states").inc()
            return
        self._states += 1
        self._start(self._hear_one_state(heard, arrived))

    async def _hear_one_state(self, heard: Heard, arrived: Arrived) -> None:
        try:
            await self._hear_state(heard)
            said = READERS[heard.form](heard.raw)
            is_birth = isinstance(said, StateReport) and said.state == "online"
            if is_birth and not arrived.retained:
                self._came_online(heard.source)
        except Exception as error:  # noqa: BLE001 a life sign that is lost costs nobody anything
            log.error("state_failed", exc_info=error)
        finally:
            self._states -= 1

    async def _hear(
        self, line: BrokerLine, heard: Heard, owed: _Owed, owing: _Acknowledgements
    ) -> None:
        """PUBACK here says nothing to the handset, so a position that nobody can keep now is
        acknowledged and forgotten; a call never is."""
        try:
            receipt = await self._hear_call(heard)
            if receipt.kept is Kept.NOWHERE and heard.form is Form.ALERT:
                raise NotKept
            if heard.form is Form.ALERT:
                line.publish(f"tgd/v1/{heard.source}/receipt", _words(receipt))
            owing.settle(owed)
        except NotKept:
            log.error("mqtt_not_kept", form=heard.form)
            owing.failed.set()
        except Exception as error:  # noqa: BLE001 kept or not, nobody knows: it comes again
            log.error("mqtt_not_kept", exc_info=error, form=heard.form)
            owing.failed.set()
        finally:
            self._room.release()


def heard_of(arrived: Arrived) -> Heard | None:
    """What the door is given; None for what is dropped: an unknown topic, or a retained replay.

    A retained message comes again at every new subscription. An alert that the handset named
    itself (trigger id or counter) is heard all the same, for repeating it changes nothing, and the
    first time it may be a cry; one without a name would be a new alert each time, and a retained
    position would pass for a fresh one.
    """
    place = _place(arrived.topic)
    if place is None:
        return None
    form, source = place
    if arrived.retained and not _may_come_again(form, arrived.payload):
        return None
    return Heard(Channel.MQTT, form, source, True, uuid4().hex, arrived.payload, clock.now())


def _place(topic: str) -> tuple[Form, str] | None:
    match topic.split("/"):
        case ["tgd", "v1", handset, leaf] if leaf in _FORMS and handset:
            return _FORMS[leaf], handset
        case ["owntracks", user, _] if user:
            return Form.OWNTRACKS, user
    return None


def _may_come_again(form: Form, payload: bytes) -> bool:
    if form is Form.STATE:
        return True
    said = READERS[form](payload)
    if isinstance(said, Trigger):
        return said.id is not None or said.counter is not None
    return isinstance(said, StateReport)


def _is_last_will(heard: Heard) -> bool:
    return heard.form is Form.OWNTRACKS and isinstance(READERS[heard.form](heard.raw), StateReport)


def _words(receipt: Receipt) -> bytes:
    at = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"trigger": receipt.trigger, "state": receipt.state, "at": at}).encode()


def _pause_s(failures: int) -> float:
    """Twice as long each time up to five seconds, and never two gateways at the same moment."""
    longest = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)
    return longest * _chance.uniform(0.5, 1.0)
