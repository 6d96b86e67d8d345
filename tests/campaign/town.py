"""The ground of every campaign: a record, gateways, dispatchers, bad links, a crowd, a platform.

Whatever dies is started again at once by the same code as `tgd up`; the ledgers are outside.
"""

import asyncio
import os
import random
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlmodel import Session

from simulators.answering import Back
from simulators.platform import Agent, Platform
from simulators.proxy import FaultProxy
from tests import promises
from tests.acceptance.running import (
    LEDGER,
    SECRET,
    Service,
    named_ports,
    only_platform,
    settings_of,
    until,
)
from tests.campaign.crowd import Crowd, Probe
from tests.campaign.outcome import Outcome
from tgd.cli.children import Part
from tgd.cli.up import start_host, stop_host, watch
from tgd.settings import Settings, as_environment
from tgd.store import chain

AT_ONCE = (0.05,)
LISTENERS = {"gateway": ("gateway", "gateway-health"), "dispatch": ("answers", "dispatch-health")}


@dataclass
class Town(Service):
    """A running service of one or two of each part, and those around it."""

    seed: int = 0
    log: list[str] = field(default_factory=list)
    links: dict[str, FaultProxy] = field(default_factory=dict)
    keeps_record: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: the record is left dead."""
    crowd: Crowd | None = None
    probe: Probe | None = None
    probe_source: str = ""
    knows: set[str] = field(default_factory=set)
    """Sources whose presses were counted, when strangers press as well; empty: all were."""
    by_puback: bool = True
    """Whether a PUBACK comes from us, or from a broker that promises nothing."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.send(name, signal.SIGKILL)

    def arm(self, name: str, kill_at: str) -> None:
        """The next life of this part ends (or freezes) there; empty: it lives."""
        part = self.part(name)
        part.environment = part.environment | {"TGD_KILL_AT": kill_at}

    async def next_life(self, name: str, after: object, seconds: float = 30) -> None:
        """Until the part has a process other than this one."""
        await until(
            lambda: self.part(name).process not in (after, None), seconds, f"for {name}"
        )  # fmt: skip

    def all_told(self) -> bool:
        """The spool is empty and the platform has every alert of the record."""
        return self.left() == ""

    def left(self) -> str:
        """What still waits in the spool, and whom nobody was told of."""
        spooled = [path.name for path in self.host.settings.spool.rglob("*.spool")]
        told = {line["alert"] for line in self.kept_at_platform()}
        rows = self.rows("SELECT id, state, opened_at, look_again_at FROM alert")
        untold = [str(row) for row in rows if str(row.id) not in told]
        return " ".join([*spooled[:5], *untold[:5]])

    async def judge(self, outcome: Outcome, seconds: float = 90) -> Outcome:
        """After the faults: wait for what must come by itself, then check every promise.

        The platform was told within the time of the promise, and as much again for a machine that
        plays everybody at once: what starts anew here takes its share of two cores.
        """
        healed_at = datetime.now(UTC)
        received: set[str] = set()
        pressed: set[str] | None = None
        if self.crowd is not None:
            await self.crowd.settle(seconds)
            received = self.crowd.told_received(by_puback=self.by_puback)
            pressed = {cry.press.trigger for cry in self.crowd.fleet.cries}
        if self.probe is not None:
            await self.probe.stop()
        try:
            await until(self.all_told, seconds, "for everything to be told")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.left()}") from None
        if self.probe is not None:
            self._judge_probe(outcome)
        evidence = self.evidence(received, pressed, healed_at)
        evidence = replace(evidence, uncounted=evidence.uncounted + self._of_strangers())
        promises.keep(evidence)
        promises.alerts_are_told_in_time(evidence, "platform", said_no=True)
        with Session(self.engine) as session:
            promises.the_journal_is_whole(chain.sealed_in_order(session))
        outcome.judged += len(received)
        return outcome

    def _of_strangers(self) -> tuple[str, ...]:
        """The presses of whoever is none of ours."""
        if not self.knows:
            return ()
        question = "SELECT DISTINCT trigger FROM alert_trigger WHERE NOT source = ANY(:them)"
        rows = self.rows(question, them=sorted(self.knows))
        return tuple(name for row in rows if (name := row.trigger.removeprefix("?")))

    def _judge_probe(self, outcome: Outcome) -> None:
        """Every SOS that was answered with 2xx is on record (R22)."""
        assert self.probe is not None
        rows = self.rows(
            "SELECT trigger FROM alert_trigger WHERE source LIKE :s", s=f"%{self.probe_source}%"
        )
        lost = self.probe.accepted - {row.trigger.removeprefix("?") for row in rows}
        assert not lost, f"answered with 2xx, and nowhere on record: {sorted(lost)}"
        outcome.judged += len(self.probe.accepted)
        outcome.facts |= {"probes": self.probe.asked, "s without": self.probe.seconds_without}


@asynccontextmanager
async def town(
    folder: Path, seed: int, *, gateways: int = 1, dispatchers: int = 1,
    policy: Callable[[dict[str, int]], str] = only_platform,
    links: bool = False, closes: bool = False, environment: dict[str, str] | None = None,
    **settings: Any,
) -> AsyncIterator[Town]:  # fmt: skip
    """So many of each on free ports. `links`: their ways to the record and the platform, and one
    of the handsets to the listener, are bad when told so. `closes`: the platform's agent takes
    and closes each alert, so that the next press of the same handset opens a new one."""
    names = [f"{what}{n}" for what in ("mqtt", "gateway", "answers") for n in range(1, 3)]
    ports = named_ports(*names, "console", "provider", "platform")
    ports |= {"mqtt": ports["mqtt1"], "gateway": ports["gateway1"], "answers": ports["answers1"]}
    async with AsyncExitStack() as stack:
        platform = await _platform(stack, folder, ports, closes=closes)
        ways = {"platform": ports["platform"]}
        bad: dict[str, FaultProxy] = {}
        if links:
            bad["platform"] = await _link(stack, ports["platform"], seed)
            ways["platform"] = bad["platform"].port
            bad["handsets"] = await _link(stack, ports["mqtt"], seed)
        words = policy(ports).replace(f":{ports['platform']}/", f":{ways['platform']}/")
        (folder / "policy.toml").write_text(words)
        read = settings_of(folder, ports, settings)
        log: list[str] = []
        host = await start_host(read, log.append, log.append, only=())
        stack.push_async_callback(stop_host, host, log.append)
        host.children.again_s = AT_ONCE
        engine = create_engine(host.record_url)
        stack.callback(engine.dispose)
        made = Town(host, platform, folder, ports, engine, seed, log, bad)
        await stack.enter_async_context(_watched(made))
        for kind, count in (("gateway", gateways), ("dispatch", dispatchers)):
            for n in range(1, count + 1):
                await _add(stack, made, kind, n, environment or {}, links=links)
        try:
            yield made
        except BaseException:
            whole = Path(tempfile.gettempdir()) / f"tgd-campaign-{os.getpid()}.log"
            whole.write_text("\n".join(made.log))
            print(f"What the service said: {whole}", flush=True)
            raise


async def _platform(
    stack: AsyncExitStack, folder: Path, ports: dict[str, int], *, closes: bool
) -> Platform:
    back = Back(f"http://127.0.0.1:{ports['answers']}", "platform", tries=30)
    agent = Agent(0.2, 0.3, outcome="made_safe") if closes else Agent()
    platform = Platform(
        SECRET, back=back, agent=agent, port=ports["platform"], ledger=folder / LEDGER
    )
    await platform.start()
    stack.push_async_callback(platform.stop)
    return platform


async def _link(stack: AsyncExitStack, port: int, seed: int) -> FaultProxy:
    proxy = FaultProxy(port, seed=seed)
    await proxy.start()
    stack.push_async_callback(proxy.stop)
    return proxy


async def _add(
    stack: AsyncExitStack, made: Town, kind: str, n: int, more: dict[str, str], *, links: bool
) -> None:
    url = make_url(made.host.record_url)
    if links:
        assert url.port is not None
        proxy = made.links[f"{kind}-record"] = await _link(stack, url.port, made.seed + n)
        url = url.set(port=proxy.port)
    read = _node(made.host.settings, made.ports, n)
    mqtt = ("mqtt",) if kind == "gateway" and read.mqtt_listen else ()
    name = kind if n == 1 else f"{kind}-{n}"
    part = Part(name, kind, listeners=LISTENERS[kind] + mqtt)
    part.environment = as_environment(read)
    part.environment |= {k: v.replace("PART", name) for k, v in more.items()}
    part.environment |= {"TGD_DATABASE_URL": url.render_as_string(hide_password=False)}
    made.host.parts[name] = await made.host.children.start(part)


def _node(read: Settings, ports: dict[str, int], n: int) -> Settings:
    here = "127.0.0.1"
    own = {
        "node": str(n), "gateway_listen": f"{here}:{ports[f'gateway{n}']}",
        "answers_listen": f"{here}:{ports[f'answers{n}']}",
    }  # fmt: skip
    if read.mqtt_listen:
        own["mqtt_listen"] = f"{here}:{ports[f'mqtt{n}']}"
    url = read.mqtt_url.get_secret_value()
    if url:  # each gateway has its own session at the broker
        return read.model_copy(
            update=own | {"mqtt_url": type(read.mqtt_url)(url.replace("gateway-1", f"gateway-{n}"))}
        )
    return read.model_copy(update=own)


@asynccontextmanager
async def _watched(made: Town) -> AsyncIterator[None]:
    """The record is kept alive as `tgd up` does it, but while `left_dead` holds."""
    stop = asyncio.Event()
    task = asyncio.create_task(_keep_record(made, stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def _keep_record(made: Town, stop: asyncio.Event) -> None:
    while not stop.is_set():
        while made.keeps_record.is_set() and not stop.is_set():
            await asyncio.sleep(0.05)
        pause = asyncio.Event()
        watching = asyncio.create_task(watch(made.host, pause))
        while not stop.is_set() and not made.keeps_record.is_set():
            await asyncio.sleep(0.05)
        pause.set()
        await watching


@asynccontextmanager
async def left_dead(made: Town) -> AsyncIterator[None]:
    """The record is killed and nobody starts it again until the block ends."""
    made.keeps_record.set()
    await asyncio.sleep(0.2)
    made.kill("record")
    await until(lambda: not made.is_alive("record"))
    try:
        yield
    finally:
        made.keeps_record.clear()


@asynccontextmanager
async def inhabited(
    made: Town, handsets: int, *, port: int | None = None, probes: bool = True
) -> AsyncIterator[Crowd]:
    """Handsets that press, and the probe of R22 beside them."""
    cards = made.cards(handsets + 1)
    ledger = made.folder / "crowd.jsonl"
    async with AsyncExitStack() as stack:
        made.crowd = Crowd(cards[:-1], port or made.ports["mqtt"], made.seed, ledger)
        await stack.enter_async_context(made.crowd)
        if probes:
            made.probe_source = cards[-1].handset
            urls = [
                f"http://127.0.0.1:{made.ports[f'gateway{n}']}"
                for n in (1, 2)
                if n == 1 or f"gateway-{n}" in made.host.parts
            ]
            made.probe = Probe(urls, cards[-1])
            await stack.enter_async_context(made.probe)
        yield made.crowd


@asynccontextmanager
async def switched(link: FaultProxy, mode: str, **more: float) -> AsyncIterator[None]:
    """The link is bad in this way until the block ends."""
    await link.switch(mode, **more)
    try:
        yield
    finally:
        healed = {name: 0.0 for name in more if name in ("latency_s", "jitter_s")}
        await link.switch("pass", **healed)
        with suppress(OSError):
            link.reset_all()
