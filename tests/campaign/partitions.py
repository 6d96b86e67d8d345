"""R17: two hosts, one link between them that drops everything for a while; both go on accepting.

Host B is a network namespace with a gateway; the record is on host A. Each press goes to both
hosts with one id, as from a handset with two addresses. After the link is back, it counts once.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from simulators.fleet_member import Cry
from simulators.proxy import FaultProxy
from tests.campaign.crowd import Crowd
from tests.campaign.outcome import Outcome, Say, worst
from tests.campaign.town import Town, inhabited, town, until
from tgd.settings import as_environment


@dataclass(frozen=True, slots=True)
class Size:
    """How often the link is cut, and for how long."""

    cuts: int = 3
    cut_s: float = 5.0
    handsets: int = 20
    rate_per_s: float = 6.0


def _tell(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def why_not() -> str | None:
    """Why this machine cannot show it; None when it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        with _hosts(os.getpid() % 200) as link:
            with link.cut(1):
                return None
    except subprocess.CalledProcessError as error:
        return f"this kernel does not do it: {error.stderr!r}"


@dataclass(frozen=True, slots=True)
class Link:
    """Between host A (here) and host B (a network namespace)."""

    name: str
    here: str
    there: str

    def inside(self, *words: str) -> tuple[str, ...]:
        """The same command on host B."""
        return ("ip", "netns", "exec", self.name, *words)

    @contextmanager
    def cut(self, port: int) -> Iterator[None]:
        """What host B sends to this port of host A, and what comes back, is dropped silently."""
        table = ("nft", "add", "table", "inet", "cut")
        out = "{ type filter hook output priority 0 ; }"
        into = "{ type filter hook input priority 0 ; }"
        _tell(*self.inside(*table))
        _tell(*self.inside("nft", "add", "chain", "inet", "cut", "o", out))
        _tell(*self.inside("nft", "add", "chain", "inet", "cut", "i", into))
        _tell(*self.inside("nft", f"add rule inet cut o tcp dport {port} drop"))
        _tell(*self.inside("nft", f"add rule inet cut i tcp sport {port} drop"))
        try:
            yield
        finally:
            _tell(*self.inside("nft", "delete", "table", "inet", "cut"))


@contextmanager
def _hosts(number: int) -> Iterator[Link]:
    """A pair of interfaces, one of them in a namespace of its own; gone at the end."""
    link = Link(f"tgd{number}", f"10.97.{number}.1", f"10.97.{number}.2")
    here, there = f"tgda{number}", f"tgdb{number}"
    _tell("ip", "netns", "add", link.name)
    try:
        _tell("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        _tell("ip", "link", "set", there, "netns", link.name)
        _tell("ip", "address", "add", f"{link.here}/24", "dev", here)
        _tell("ip", "link", "set", here, "up")
        _tell(*link.inside("ip", "address", "add", f"{link.there}/24", "dev", there))
        _tell(*link.inside("ip", "link", "set", there, "up"))
        _tell(*link.inside("ip", "link", "set", "lo", "up"))
        yield link
    finally:
        _tell("ip", "netns", "delete", link.name)


@asynccontextmanager
async def _gateway_there(made: Town, link: Link) -> AsyncIterator[int]:
    """A gateway on host B; gives the port on host A by which it reaches the record."""
    url = make_url(made.host.record_url)
    assert url.port is not None
    way = FaultProxy(url.port, host=link.here)
    await way.start()
    ports = made.ports
    read = made.host.settings.model_copy(update={
        "node": "2", "mqtt_listen": f"{link.there}:{ports['mqtt2']}",
        "gateway_listen": f"{link.there}:{ports['gateway2']}", "twilio_account_sid": "",
    })  # fmt: skip
    reached = url.set(host=link.here, port=way.port).render_as_string(hide_password=False)
    process: Process = await asyncio.create_subprocess_exec(
        *link.inside(sys.executable, "-m", "gateway"),
        env=os.environ | as_environment(read) | {"TGD_DATABASE_URL": reached},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield way.port
    finally:
        process.terminate()
        await process.wait()
        await way.stop()


def _press_both(near: Crowd, far: Crowd) -> tuple[Cry, Cry]:
    """One press with one id, to both hosts."""
    cry = near.press()
    members = far.fleet.members
    member = next(m for m in members if cry.press.trigger in _cries_of(near, m.card.handset))
    twin = Cry(cry.press, cry.pressed_s)
    member.cries[cry.press.trigger] = twin
    member.send(twin)
    return cry, twin


def _cries_of(crowd: Crowd, handset: str) -> dict[str, Cry]:
    return next(m.cries for m in crowd.fleet.members if m.card.handset == handset)


async def _press_for(seconds: float, near: Crowd, far: Crowd, rate: float) -> list[tuple[Cry, Cry]]:
    pairs = []
    for _ in range(int(seconds * rate)):
        pairs.append(_press_both(near, far))
        await asyncio.sleep(1 / rate)
    return pairs


async def run(folder: Path, size: Size, seed: int, say: Say) -> list[Outcome]:
    """Cut, press at both, heal."""
    outcome = Outcome("R17", f"two hosts cut off for {size.cut_s:.0f} s", seed, size.cuts)
    merged: list[float] = []
    with _hosts(seed % 200) as link:
        async with (
            town(folder, seed) as made,
            _gateway_there(made, link) as port,
            inhabited(made, size.handsets) as near,
        ):
            cards = [m.card for m in near.fleet.members]
            there = folder / "far.jsonl"
            async with Crowd(cards, made.ports["mqtt2"], seed + 1, there, link.there) as far:
                for n in range(1, size.cuts + 1):
                    with link.cut(port):
                        pairs = await _press_for(size.cut_s, near, far, size.rate_per_s)
                        await near.settle()
                        await far.settle()
                    merged.append(
                        await until(lambda pairs=pairs: _once(made, pairs), 60, "to merge")
                    )
                    say(f"{n}/{size.cuts}: {len(pairs)} presses at both, merged {merged[-1]:.1f} s"
                        " after the link was back")  # fmt: skip
                await made.judge(outcome)
    outcome.facts["s to merge, worst"] = worst(merged)
    return [outcome]


def _once(made: Town, pairs: list[tuple[Cry, Cry]]) -> bool:
    """The spools are empty and each press is one line of the record."""
    ids = [near.press.trigger for near, _ in pairs]
    rows = made.rows("SELECT count(*) AS n FROM alert_trigger WHERE trigger = ANY(:i)", i=ids)
    assert rows[0].n <= len(ids), "a press counts twice"
    return bool(rows[0].n == len(ids)) and made.all_told()
