"""The command line of the strangers: `tgd-simulate handset | fleet | sms-provider | …`."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from simulators.answering import Back
from simulators.carrying import carry
from simulators.control_room import ControlRoom, Watch
from simulators.fleet import Fleet, Plan, read_cards
from simulators.fleet_member import Address
from simulators.handset import Handset, Misbehaviour, Settings, Tls, Ways
from simulators.handset_words import KIND_LETTERS, Card, Fix
from simulators.night import live_on, play
from simulators.phone import App, Phone
from simulators.platform import Agent, Platform
from simulators.proxy import FaultProxy
from simulators.serving import Server, say, serve
from simulators.sms_provider import Account, SmsProvider
from simulators.tile_service import TileService
from simulators.town import Map
from simulators.twilio_posting import Patience

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

LedgerPath = Annotated[Path | None, typer.Option("--ledger", help="Append-only JSON lines.")]
Port = Annotated[int, typer.Option(help="On 127.0.0.1; 0 for a free one.")]
Control = Annotated[int, typer.Option(help="Second door for /simulate/…; 0 for a free one.")]
Seed = Annotated[int | None, typer.Option(help="Makes chance the same again.")]
Mode = Annotated[str, typer.Option(help="Misbehaviour to start with, e.g. http_500 or slow=3.")]
TlsFiles = Annotated[
    str | None, typer.Option(help="ca.pem, or ca.pem,certificate.pem,key.pem for mutual TLS.")
]
AnswersUrl = Annotated[str | None, typer.Option(help="Base of the service that takes answers.")]


@app.command()
def handset(
    card: Annotated[Path, typer.Option(help="JSON printed by an enrolment.")],
    mqtt: Annotated[str, typer.Option(help="host:port")] = "127.0.0.1:1883",
    number: Annotated[str | None, typer.Option(help="Number of its SIM card.")] = None,
    sms_url: Annotated[str | None, typer.Option(help="Base of the SMS provider.")] = None,
    sms_to: Annotated[str, typer.Option(help="The service's number.")] = "+33199000001",
    ways: Ways = Ways.MQTT_THEN_SMS,
    sms_after_s: float = 10.0,
    repeat_s: float = 2.0,
    position: Annotated[str | None, typer.Option(help="lat,lon[,radius_m[,method]]")] = None,
    clock_offset_s: float = 0.0,
    sim: Annotated[str | None, typer.Option(help="Another SIM card than its own.")] = None,
    misbehave: Annotated[list[Misbehaviour] | None, typer.Option()] = None,
    foreign: Annotated[str, typer.Option(help="Whose topic a foreign-topic one uses.")] = "nobody",
    tls: TlsFiles = None,
    state: Annotated[Path | None, typer.Option(help="What it remembers over a restart.")] = None,
    press: Annotated[list[str] | None, typer.Option(help="Kind; again for several.")] = None,
    stay: Annotated[
        bool, typer.Option(help="Stay on; one kind per line on stdin presses.")
    ] = False,
    timeout_s: Annotated[float, typer.Option(help="For every receipt of --press.")] = 60.0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """One handset. Exits 0 when every press got its receipt."""
    settings = Settings(
        *_host_port(mqtt), tls=_tls(tls), sms_url=sms_url, sms_to=sms_to, ways=ways,
        sms_after_s=sms_after_s, repeat_s=repeat_s, clock_offset_s=clock_offset_s, sim=sim,
        misbehaves=frozenset(misbehave or ()), foreign=foreign,
    )  # fmt: skip
    phone = Handset(_card(card, number), settings, state=state, ledger=ledger, echo=True, seed=seed)
    phone.fix = _fix(position)
    confirmed = asyncio.run(carry(phone, list(map(_kind, press or ())), stay, timeout_s))
    raise typer.Exit(0 if confirmed else 1)


@app.command()
def fleet(
    cards: Annotated[Path, typer.Option(help="Enrolments, one JSON object a line.")],
    mqtt: Annotated[str, typer.Option(help="host:port")] = "127.0.0.1:1883",
    presses: int = 0,
    within_s: Annotated[float, typer.Option(help="Window of all presses.")] = 0.0,
    connect_per_s: Annotated[float | None, typer.Option(help="None: a storm.")] = None,
    kind: str = "press",
    position: Annotated[str | None, typer.Option(help="lat,lon[,radius_m[,method]]")] = None,
    repeat_s: float = 5.0,
    heartbeat_s: float | None = None,
    bad_per_s: Annotated[float, typer.Option(help="Bad messages beside (use the last cards).")] = 0,
    noisy: Annotated[int, typer.Option(help="How many cards the bad messages use.")] = 1,
    wait_s: Annotated[float, typer.Option(help="For connections, and for receipts.")] = 30.0,
    stay_s: float = 0.0,
    tls: TlsFiles = None,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """Thousands of handsets; the last line is the summary. Exits 0 when nothing was lost."""
    host, port = _host_port(mqtt)
    plan = Plan(
        connect_per_s=connect_per_s, presses=presses, press_within_s=within_s, kind=_kind(kind),
        repeat_s=repeat_s, heartbeat_s=heartbeat_s, bad_per_s=bad_per_s, noisy=noisy,
        wait_s=wait_s, stay_s=stay_s,
    )  # fmt: skip
    trusted = _tls(tls)
    address = Address(host, port, trusted.context() if trusted else None)
    enrolled = read_cards(cards)
    ships = Fleet(
        enrolled, address, plan, seed=seed, ledger=ledger, progress=say, fix=_fix(position)
    )
    summary = asyncio.run(ships.run())
    say({"summary": summary})
    raise typer.Exit(1 if summary["lost"] else 0)


@app.command()
def phone(
    url: Annotated[str, typer.Option(help="Full address of the form for that app.")],
    device: Annotated[str, typer.Option(help="Identifier set in the app.")],
    program: Annotated[App, typer.Option("--app")] = App.TRACCAR,
    secret: Annotated[str, typer.Option(help="Bearer token, or OwnTracks password.")] = "",
    position: Annotated[str | None, typer.Option(help="lat,lon[,radius_m[,method]]")] = None,
    sos: Annotated[bool, typer.Option(help="Press SOS; otherwise report the position.")] = False,
    timeout_s: float = 30.0,
    ledger: LedgerPath = None,
) -> None:
    """A volunteer's telephone with a free app. Exits 0 when the server took the message."""

    async def carry() -> None:
        one = Phone(program, url, device, secret=secret, ledger=ledger, echo=True)
        one.fix = _fix(position)
        await one.start()
        try:
            (one.sos if sos else one.report)()
            await one.sent(timeout_s)
        finally:
            await one.stop()

    try:
        asyncio.run(carry())
    except TimeoutError:
        raise typer.Exit(1) from None


@app.command()
def sms_provider(
    account_sid: str = Account().sid,
    auth_token: str = Account().token,
    webhook: Annotated[str | None, typer.Option(help="Where inbound SMS are posted.")] = None,
    webhook_fallback: str | None = None,
    signed_url_base: Annotated[str | None, typer.Option(help="Public address, signed.")] = None,
    route: Annotated[list[str] | None, typer.Option(help="PUBLIC=LOCAL behind a proxy.")] = None,
    our_number: Annotated[list[str] | None, typer.Option(help="May send; none given: any.")] = None,
    opted_out: Annotated[list[str] | None, typer.Option(help="Said STOP.")] = None,
    retries: int = 3,
    retry_all: bool = False,
    timeout_s: float = 15.0,
    step_s: Annotated[float, typer.Option(help="Between two statuses of a message.")] = 0.05,
    ring_scale: Annotated[float, typer.Option(help="Shortens calls nobody answers.")] = 1.0,
    mode: Mode = "ok",
    port: Port = 0,
    control_port: Control = 0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """An SMS and voice provider in Twilio's shape."""
    account = Account(account_sid, auth_token, webhook, webhook_fallback, signed_url_base)
    account.routes = _routes(route)
    account.numbers, account.opted_out = tuple(our_number or ()), tuple(opted_out or ())
    make = partial(SmsProvider, account, ledger=ledger, seed=seed or 0)
    make = partial(make, port=port, control_port=control_port)
    make = partial(make, patience=Patience(retries, retry_all, timeout_s))
    make = partial(make, step_s=step_s, ring_scale=ring_scale)
    asyncio.run(_serve_in_mode(make, mode))


@app.command()
def platform(
    secret: Annotated[str, typer.Option(help="whsec_…, both ways.")],
    answers_url: AnswersUrl = None,
    destination: str = "platform",
    auto_take: Annotated[float | None, typer.Option(help="Seconds until the agent takes.")] = None,
    auto_close: Annotated[float | None, typer.Option(help="Seconds from there to closed.")] = None,
    auto_erase: Annotated[
        float | None, typer.Option(help="Seconds until a copy that is asked back is erased.")
    ] = None,
    mode: Mode = "ok",
    port: Port = 0,
    control_port: Control = 0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """A telemonitoring platform. It has nothing random: --seed is accepted and changes nothing."""
    back = Back(answers_url, destination) if answers_url else None
    agent = Agent(takes_after_s=auto_take, closes_after_s=auto_close, erases_after_s=auto_erase)

    def make() -> Platform:
        return Platform(
            secret, back=back, agent=agent, port=port, control_port=control_port, ledger=ledger
        )

    asyncio.run(_serve_in_mode(make, mode))


@app.command()
def tile_service(
    mode: Mode = "ok",
    port: Port = 0,
    control_port: Control = 0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """A service of map tiles. It has nothing random: --seed is accepted and changes nothing."""

    def make() -> TileService:
        return TileService(port=port, control_port=control_port, ledger=ledger)

    asyncio.run(_serve_in_mode(make, mode))


@app.command()
def control_room(
    token: Annotated[str, typer.Option(help="Bearer token, both ways.")],
    answers_url: AnswersUrl = None,
    destination: str = "control-room-92",
    path: str = "/edxl",
    ack_after: float = 0.2,
    take_after: float | None = None,
    on_the_way_after: float | None = None,
    on_scene_after: float | None = None,
    close_after: float | None = None,
    mode: Mode = "ok",
    port: Port = 0,
    control_port: Control = 0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """A control room behind a hub. It has nothing random: --seed changes nothing."""
    back = Back(answers_url, destination) if answers_url else None
    watch = Watch(
        ack_after, take_after, on_scene_after, close_after, on_the_way_after_s=on_the_way_after
    )

    def make() -> ControlRoom:
        return ControlRoom(
            token,
            back=back,
            watch=watch,
            path=path,
            port=port,
            control_port=control_port,
            ledger=ledger,
        )

    asyncio.run(_serve_in_mode(make, mode))


@app.command()
def proxy(
    upstream: Annotated[str, typer.Option(help="host:port behind it.")],
    mode: Annotated[str, typer.Option(help="pass, refuse, reset, blackhole, lost_…")] = "pass",
    latency_s: float = 0.0,
    jitter_s: float = 0.0,
    rate_bps: Annotated[float | None, typer.Option(help="Bytes per second.")] = None,
    cut_after: Annotated[int | None, typer.Option(help="Bytes of reply before a reset.")] = None,
    port: Port = 0,
    control_port: Control = 0,
    ledger: LedgerPath = None,
    seed: Seed = None,
) -> None:
    """A TCP proxy that puts faults between two peers."""
    host, upstream_port = _host_port(upstream)

    async def run() -> None:
        link = FaultProxy(
            upstream_port,
            upstream_host=host,
            port=port,
            control_port=control_port,
            seed=seed or 0,
            ledger=ledger,
        )
        await link.switch(
            mode, latency_s=latency_s, jitter_s=jitter_s, rate_bps=rate_bps, cut_after=cut_after
        )
        await serve(link)

    asyncio.run(run())


@app.command()
def night(
    map_: Annotated[Path, typer.Option("--map", help="Where everything is (JSON).")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
    live: Annotated[bool, typer.Option(help="Stay, with a press now and then.")] = False,
    every_s: float = 60.0,
) -> None:
    """The whole town: plays the scripted night once. Exits 0 when all ended as it should."""
    where = Map.read(map_)
    if live:
        asyncio.run(live_on(where, every_s))
    raise typer.Exit(0 if asyncio.run(play(where, as_json=as_json)) else 1)


async def _serve_in_mode(make: Callable[[], Server], mode: str) -> None:
    """The server is made inside the loop; `slow=3` carries its seconds."""
    server: Server = make()
    name, _, seconds = mode.partition("=")
    try:
        server.misbehaviour.become(name, float(seconds or 0))
    except ValueError as refused:
        raise typer.BadParameter(str(refused)) from refused
    await serve(server)


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise typer.BadParameter(f"{text!r} is not host:port")
    return host, int(port)


def _kind(word: str) -> str:
    if word not in KIND_LETTERS:
        raise typer.BadParameter(f"unknown kind {word!r}; known: {', '.join(KIND_LETTERS)}")
    return word


def _fix(text: str | None) -> Fix | None:
    if text is None:
        return None
    lat, lon, *rest = text.split(",")
    radius_m, method = [*rest, *("12", "gnss")[len(rest) :]]
    return Fix(float(lat), float(lon), int(radius_m), method, datetime.now(UTC))


def _routes(pairs: list[str] | None) -> dict[str, str]:
    for pair in pairs or ():
        if "=" not in pair:
            raise typer.BadParameter(f"{pair!r} is not PUBLIC=LOCAL")
    return dict(pair.split("=", 1) for pair in pairs or ())


def _card(path: Path, number: str | None) -> Card:
    enrolled = Card.read(path.read_text())
    return replace(enrolled, number=number) if number else enrolled


def _tls(files: str | None) -> Tls | None:
    return Tls(*map(Path, files.split(","))) if files else None


def main() -> None:
    """Entry point of `tgd-simulate`."""
    app(prog_name="tgd-simulate")


if __name__ == "__main__":
    main()
