"""The only reader of the environment: every `TGD_…` setting, its meaning and its default.

A secret may be given as `TGD_…_FILE`, the path of a file that holds it. An unknown or impossible
value stops the process with a sentence that names it.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tgd import settings_values as values
from tgd.errors import Misconfigured
from tgd.rules.calling import RECORDING_KEPT_DAYS
from tgd.settings_values import words

_SECRETS = ("TGD_DATABASE_URL", "TGD_MASTER_KEY", "TGD_MQTT_URL", "TGD_TWILIO_AUTH_TOKEN",
            "TGD_AUDITOR_SECRET", "TGD_CANARY_MQTT", "TGD_CANARY_BROKER",
            "TGD_CANARY_HTTP")  # fmt: skip

_MAY_BE_EMPTY = ("TGD_MQTT_LISTEN",)
"""Settings whose default is not empty and for which empty means "none"."""


class Settings(BaseSettings):
    """Field `x_y` is the variable `TGD_X_Y`."""

    model_config = SettingsConfigDict(env_prefix="TGD_", extra="forbid")

    data_dir: Path = Field(default_factory=lambda: _default_data_dir())
    """Where the embedded record, the spools and the keys live."""
    database_url: SecretStr = SecretStr("")
    """postgresql+psycopg://… of the record; empty: the embedded one in the data folder."""
    pg_bin: Path | None = None
    """Folder of PostgreSQL's programs for the embedded record; empty: found by itself."""
    master_key: SecretStr = SecretStr("")
    """64 hexadecimal digits from which the devices' SMS keys and the seal of raw messages come;
    empty: made once and kept in the data folder (embedded use only)."""

    mqtt_url: SecretStr = SecretStr("")
    """mqtt://user:password@host:port or mqtts://… of a broker; empty: direct only."""
    mqtt_protocol: str = "5"
    """`5`, or `3.1.1` for a broker that speaks nothing newer."""
    mqtt_client_id: str = ""
    """Client id of this gateway's own persistent session at the broker; empty: made from `node`."""
    mqtt_ca_file: Path | None = None
    mqtt_cert_file: Path | None = None
    mqtt_key_file: Path | None = None
    """Certificates towards the broker."""
    mqtt_listen: str = "127.0.0.1:1883"
    """host:port of the gateway's own MQTT 5 listener; empty: none."""
    mqtt_tls_listen: str = ""
    """host:port of the same with TLS; needs the two files below."""
    mqtt_tls_cert_file: Path | None = None
    mqtt_tls_key_file: Path | None = None
    mqtt_tls_client_ca_file: Path | None = None
    """When given, a handset may prove itself by a certificate of this authority."""
    mqtt_strangers: bool = True
    """Hear handsets whose id or secret is not known, without trusting them (decision 0004)."""
    mqtt_half_open_per_source: int = Field(default=256, ge=16, le=20_000)
    """Connections of one address that may stand in the door of the listener without a CONNECT: a
    whole fleet behind one address (a carrier's NAT, a balancer) needs more of them."""

    policy: Path | None = None
    """TOML file: destinations, steps, delays."""
    node: str = "1"
    """Name of this process among its twins: short, different on every host."""

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_api_base: str = "https://api.twilio.com"
    sms_numbers: str = ""
    """Our own numbers, E.164, separated by commas."""
    voice_number: str = ""
    """Our number that operators and handsets see when they are rung, E.164; empty: the first of
    TGD_SMS_NUMBERS."""
    recording_kept_days: int = Field(default=RECORDING_KEPT_DAYS, ge=0, le=3650)
    """How long the provider keeps the sound of calls with handsets; 0: nothing is recorded."""
    public_url: str = ""
    """How the outside reaches the gateway: signatures are checked against it, never against
    the Host header."""
    answers_public_url: str = ""
    """How the outside reaches the answers of dispatch; empty: the same as TGD_PUBLIC_URL."""
    reconcile_every_s: float = Field(default=30.0, gt=0, le=3600)
    """How often the provider's list of messages is read for what the webhook missed."""

    auditor_url: str = ""
    """Where the auditor posts what it finds: somebody who is not told by the policy."""
    auditor_secret: SecretStr = SecretStr("")
    """whsec_… with which it signs (Standard Webhooks); empty: unsigned."""
    auditor_numbers: str = ""
    """Telephones that it writes to by SMS, E.164, separated by commas."""
    auditor_consoles: int = Field(default=0, ge=0, le=1000)
    """How many operators or supervisors must have a console in use; 0: none."""
    auditor_parts: str = "gateway,dispatch,console"
    """Which processes it asks whether they are well, on this host, separated by commas."""
    auditor_accepts: str = ""
    """Holes of the policy that somebody has decided to leave: second_way, human_outside,
    control_room, request; separated by commas."""
    auditor_beat_url: str = ""
    """The watcher outside, who alarms when the beat stops; it is posted to after clean looks."""
    auditor_beat_every_s: float = Field(default=30.0, ge=1, le=3600)

    canary_mqtt: SecretStr = SecretStr("")
    """mqtt://id:secret@host:port or mqtts://… of our own listener, with the id and the secret of a
    canary (`tgd handset enroll --canary`); empty: no canary there."""
    canary_broker: SecretStr = SecretStr("")
    """The same for the broker; another canary."""
    canary_http: SecretStr = SecretStr("")
    """https://id:secret@host of our addresses for devices, or http:// on this host; another."""
    canary_sms: str = ""
    """Id of a canary whose signed SMS somebody outside sends; here it is only watched for."""
    canary_ca_file: Path | None = None
    """Authority of an mqtts:// address; empty: those of the system."""
    canary_every_s: float = Field(default=60.0, ge=1, le=3600)
    canary_lost_after_s: float = Field(default=125.0, ge=2, le=7200)
    """Without a canary for so long its channel is lost; the auditor needs up to 5 s more."""

    console_listen: str = "127.0.0.1:8080"
    gateway_listen: str = "127.0.0.1:8081"
    answers_listen: str = "127.0.0.1:8082"
    gateway_health_listen: str = "127.0.0.1:8091"
    dispatch_health_listen: str = "127.0.0.1:8092"
    console_health_listen: str = "127.0.0.1:8090"
    auditor_health_listen: str = "127.0.0.1:8093"
    canary_health_listen: str = "127.0.0.1:8094"
    """Listeners; port 0 asks for a free one. Health and metrics have their own."""
    console_insecure_http: bool = False
    """Let the console use a cookie without `Secure`; on loopback only."""
    degraded_line: str = ""
    """Telephone to ring when the console does not answer; shown where the console says so."""
    console_proxies: str = ""
    """Addresses or networks of reverse proxies before the console, separated by commas: what they
    write into X-Forwarded-For is believed, by which guesses and reports are counted. Empty: nobody
    is believed, and behind a proxy everybody counts as one."""
    demonstration: bool = False
    """Marks every page as a demonstration."""
    map_file: Path | None = None
    """A PMTiles file of vectors that maps are drawn from; empty: none, and in a demonstration a
    town that does not exist."""
    map_service: str = ""
    """https address of a service of raster tiles with {z}, {x} and {y}, fetched by the console
    itself; empty: none. It learns where alerts are."""
    map_service_zoom: int = Field(default=18, ge=1, le=20)
    """The closest zoom that it has."""
    map_service_credit: str = ""
    """What must be written beside its maps."""
    areas: Path | None = None
    """JSON list of communes with who is sent there (tgd/rules/territory.py); empty: none, and in a
    demonstration invented ones."""

    record_limit_s: float = Field(default=1.0, gt=0, le=15)
    """A transaction of the door that is slower than this goes to the spool (RELIABILITY F17)."""
    batch_limit: int = Field(default=500, ge=1, le=5000)
    """Most messages in one transaction of the door."""
    spool_dir: Path | None = None
    """Folder of the spool; empty: `spool` in the data folder. Another disk is better."""
    kill_at: str = ""
    """Fault campaigns only: `name:n` kills the process at the n-th passage of a kill point,
    `name:n:stop` freezes it there."""
    default_region: str = "FR"
    """Country of telephone numbers written without one."""
    time_zone: str = "Europe/Paris"
    language: str = "fr"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read` gives: a second reader would take an empty path for the folder where
        the process happens to stand, and spool there."""
        return (init_settings,)

    _listens = field_validator(
        "mqtt_listen", "mqtt_tls_listen", "console_listen", "gateway_listen", "answers_listen",
        "gateway_health_listen", "dispatch_health_listen", "console_health_listen",
        "auditor_health_listen", "canary_health_listen",
    )(values.host_port)  # fmt: skip
    _urls = field_validator(
        "public_url", "answers_public_url", "twilio_api_base", "auditor_url", "auditor_beat_url"
    )(values.web_address)
    _networks = field_validator("console_proxies")(values.networks)
    _tiles = field_validator("map_service")(values.tile_address)
    _canaries = field_validator("canary_mqtt", "canary_broker")(values.canary_line)
    _web_canary = field_validator("canary_http")(values.canary_web)
    _canary = field_validator("canary_sms")(values.canary)
    _dialled = field_validator("degraded_line")(values.dialled)
    _accepted = field_validator("auditor_accepts")(values.holes)
    _audited = field_validator("auditor_parts")(values.parts)

    @model_validator(mode="after")
    def _has_one_map(self) -> "Settings":
        if self.map_service and self.map_file:
            raise ValueError("TGD_MAP_FILE and TGD_MAP_SERVICE: only one of them draws the map")
        return self

    @model_validator(mode="after")
    def _has_a_canary_per_channel(self) -> "Settings":
        """One that is heard by two channels would hide that one of them is lost."""
        named = list(self.canaries.values())
        if len(named) != len(set(named)):
            raise ValueError(
                "TGD_CANARY_MQTT, _BROKER, _HTTP, _SMS: each needs a canary of its own"
            )
        return self

    @field_validator("mqtt_protocol")
    @classmethod
    def _is_protocol(cls, value: str) -> str:
        if value not in ("5", "3.1.1"):
            raise ValueError("must be 5 or 3.1.1")
        return value

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        if value not in ("fr", "en"):
            raise ValueError("must be fr or en")
        return value

    @property
    def spool(self) -> Path:
        """The spool's folder."""
        return self.spool_dir or self.data_dir / "spool"

    @property
    def our_numbers(self) -> tuple[str, ...]:
        """Our own telephone numbers."""
        return words(self.sms_numbers)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The reverse proxies before the console."""
        return tuple(ip_network(one) for one in words(self.console_proxies))

    @property
    def has_voice(self) -> bool:
        """Whether operators and handsets can be rung from here, and the provider call back."""
        account = self.twilio_account_sid and self.twilio_auth_token.get_secret_value()
        return bool(account and self.number_to_show and self.answers_url)

    @property
    def number_to_show(self) -> str:
        """Our own number at calls."""
        return self.voice_number or next(iter(self.our_numbers), "")

    @property
    def numbers_of_auditor(self) -> tuple[str, ...]:
        """Whom the auditor writes to."""
        return words(self.auditor_numbers)

    @property
    def parts_of_auditor(self) -> tuple[str, ...]:
        """Which processes must answer."""
        return words(self.auditor_parts)

    @property
    def holes_accepted(self) -> frozenset[str]:
        """What the policy may leave out."""
        return frozenset(words(self.auditor_accepts))

    @property
    def canary_addresses(self) -> dict[str, str]:
        """By channel, where a canary of ours presses and as whom."""
        said = {
            "mqtt": self.canary_mqtt.get_secret_value(),
            "broker": self.canary_broker.get_secret_value(),
            "http": self.canary_http.get_secret_value(),
        }
        return {channel: address for channel, address in said.items() if address}

    @property
    def canaries(self) -> dict[str, str]:
        """By channel, the id of the canary that must be heard there."""
        named = {c: unquote(urlsplit(a).username or "") for c, a in self.canary_addresses.items()}
        return named | ({"sms": self.canary_sms} if self.canary_sms else {})

    @property
    def answers_url(self) -> str:
        """Base address of the answers, as the outside sees it."""
        return self.answers_public_url or self.public_url


def read() -> Settings:
    """The settings of this process; raises Misconfigured with one sentence per fault."""
    environment = dict(os.environ)
    _read_secret_files(environment)
    known = {f"TGD_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(k for k in environment if k.startswith("TGD_") and k not in known)
    unknown = [k for k in unknown if k.removesuffix("_FILE") not in _SECRETS]
    if unknown:
        raise Misconfigured(f"{unknown[0]} is not a setting: see docs/settings.md for the list.")
    given = {
        k.removeprefix("TGD_").lower(): v
        for k, v in environment.items()
        if k in known and (v != "" or k in _MAY_BE_EMPTY)
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise Misconfigured("; ".join(_sentence(e) for e in error.errors())) from None


def secret_files() -> tuple[Path, ...]:
    """The files that hold secrets of this process, as TGD_…_FILE names them."""
    named = (os.environ.get(f"{name}_FILE") for name in sorted(_SECRETS))
    return tuple(Path(path) for path in named if path)


def inherited_environment() -> dict[str, str]:
    """What a process that we start inherits: everything of ours, settings included."""
    return dict(os.environ)


def as_environment(settings: Settings) -> dict[str, str]:
    """These settings as variables, for a process that we start."""
    given = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        given[f"TGD_{name.upper()}"] = "" if value is None else str(value)
    return given


def _read_secret_files(environment: dict[str, str]) -> None:
    for name in _SECRETS:
        path = environment.get(f"{name}_FILE")
        if not path:
            continue
        try:
            environment[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(
                f"{name}_FILE: the file cannot be read ({error.strerror})."
            ) from None


def _sentence(error: object) -> str:
    assert isinstance(error, dict)
    reason = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:  # about several of them, which it names itself
        return f"{reason}."
    name = "TGD_" + "_".join(str(p) for p in error["loc"]).upper()
    return f"{name}: {reason[:1].lower()}{reason[1:]}."


def _default_data_dir() -> Path:
    """As root a folder that an unprivileged server process can reach; else under the home."""
    if os.geteuid() == 0:
        return Path("/var/lib/tgd")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "tgd"
