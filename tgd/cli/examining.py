"""`tgd doctor`: gathers what there is to look at, lets tgd.doctor judge it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from tgd import clock, doctor, migrate, settings
from tgd.cli import device_ca
from tgd.cli.policy import ask
from tgd.cli.printing import AsJson, show
from tgd.cli.record import address_for_command, record_dir
from tgd.database import open_record
from tgd.doctor import DoctorInput, Finding
from tgd.doctor.finding import refused, warning
from tgd.errors import TgdError
from tgd.keyring import NAME as MASTER_KEY
from tgd.rules.access import Role
from tgd.settings import Settings
from tgd.store import accounts


def examine(
    as_json: AsJson = False,
    mosquitto_conf: Annotated[
        Path | None, typer.Option(help="A Mosquitto configuration to look at.")
    ] = None,
    rabbitmq_conf: Annotated[
        Path | None, typer.Option(help="A RabbitMQ configuration to look at.")
    ] = None,
) -> None:
    """Look for what would lose or disclose an alert on this machine; exit code 1 when it must
    not start like this."""
    read = settings.read()
    policy, asked = _policy(read)
    unseen = _unseen_broker(read, mosquitto_conf or rabbitmq_conf)
    with _record(read) as (connection, at_head, trouble):
        given = DoctorInput(
            now=clock.now(), connection=connection, migrations_at_head=at_head,
            policy_warnings=tuple(asked["warnings"]), auditor=_auditor(read),
            mosquitto_conf=mosquitto_conf, rabbitmq_conf=rabbitmq_conf,
            map_service=read.map_service, degraded_line=read.degraded_line,
            unnamed=_unnamed(connection) if connection and at_head else (),
            **_folders(read), **_papers(read, asked["files"]), **_words(read),
        )  # fmt: skip
        findings = [*trouble, *policy, *unseen, *doctor.run_checks(given)]
    show(doctor.as_json(findings) if as_json else doctor.as_text(findings))
    raise typer.Exit(doctor.collect(findings))


@contextmanager
def _record(read: Settings) -> Iterator[tuple[Connection | None, bool | None, list[Finding]]]:
    """A connection, whether the tables are ours, and what is wrong before one can ask."""
    if not read.database_url.get_secret_value() and not record_dir(read).is_dir():
        do = "It is made by `tgd up`, or name one with TGD_DATABASE_URL."
        yield None, None, [warning("There is no record yet in the data folder.", do)]
        return
    with ExitStack() as kept:
        try:
            url = kept.enter_context(address_for_command(read))
        except TgdError as error:
            yield None, None, [refused(str(error), "See `record away` in deploy/runbook.md.")]
            return
        yield kept.enter_context(_connected(url))


@contextmanager
def _connected(
    url: str,
) -> Iterator[tuple[Connection | None, bool | None, list[Finding]]]:
    engine = open_record(url, lane="console", connections=1)
    try:
        connection = engine.connect()
        at_head = migrate.is_at_head(url)
    except (SQLAlchemyError, TgdError):
        do = "See `record away` in deploy/runbook.md."
        yield None, None, [refused("The record does not answer.", do)]
    else:
        with connection:
            yield connection, at_head, []
    finally:
        engine.dispose()


def _unnamed(connection: Connection) -> tuple[str, ...]:
    """Accounts of those who sign, of whom nobody has said how papers name them."""
    with Session(bind=connection) as session:
        return tuple(accounts.unnamed(session, Role.PROSECUTOR))


def _policy(read: Settings) -> tuple[list[Finding], dict[str, Any]]:
    """What is wrong with the policy, and what dispatch says of it: its warnings and its files."""
    nothing: dict[str, Any] = {"warnings": [], "files": {}}
    if read.policy is None:
        do = "Write one (deploy/policy.example.toml) and name it with TGD_POLICY."
        return [warning("There is no policy: nobody but the consoles is told.", do)], nothing
    found = ask(read.policy)
    if not found["valid"]:
        do = "Correct it: `tgd policy check` looks again."
        return [refused(str(found["problem"]), do)], nothing
    do = "Agree on a new one with who is told: openssl rand -base64 32"
    return [refused(f"Policy: {said}", do) for said in found["secrets"]], found


def _unseen_broker(read: Settings, looked_at: Path | None) -> list[Finding]:
    if not read.mqtt_url.get_secret_value() or looked_at:
        return []
    what = "The broker's configuration was not looked at: brokers lose alerts as they are shipped."
    return [warning(what, "Name it with --mosquitto-conf or --rabbitmq-conf.")]


def _folders(read: Settings) -> dict[str, Any]:
    here = not read.database_url.get_secret_value()
    return {"record_dir": record_dir(read) if here else None, "spool_dir": read.spool}


def _auditor(read: Settings) -> dict[str, str]:
    return {
        "TGD_AUDITOR_URL": read.auditor_url, "TGD_AUDITOR_BEAT_URL": read.auditor_beat_url,
        "TGD_AUDITOR_NUMBERS": read.auditor_numbers,
        "TGD_AUDITOR_CONSOLES": str(read.auditor_consoles),
        "TGD_CANARY_…": ",".join(read.canaries),
    }  # fmt: skip


def _papers(read: Settings, told: dict[str, list[str]]) -> dict[str, Any]:
    """Ours, and those of the destinations that the policy names."""
    named = {kind: tuple(Path(file) for file in files) for kind, files in told.items()}
    ca = read.data_dir / device_ca.FOLDER
    made = [path for path in (ca / "ca.key", read.data_dir / MASTER_KEY) if path.exists()]
    authorities = [read.mqtt_tls_client_ca_file, ca / "ca.pem" if ca.is_dir() else None]
    return {
        "certificates": _given(
            read.mqtt_tls_cert_file, read.mqtt_cert_file, *named.get("certificates", ())
        ),
        "device_authorities": _given(*authorities),
        "keys": _given(read.mqtt_tls_key_file, read.mqtt_key_file, *made, *named.get("keys", ())),
        "secret_files": _given(*settings.secret_files(), *named.get("secrets", ())),
    }


def _given(*paths: Path | None) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path for path in paths if path is not None))


def _words(read: Settings) -> dict[str, Any]:
    secrets = {
        "TGD_MASTER_KEY": read.master_key.get_secret_value(),
        "TGD_TWILIO_AUTH_TOKEN": read.twilio_auth_token.get_secret_value(),
    }
    urls = {"TGD_PUBLIC_URL": read.public_url, "TGD_ANSWERS_PUBLIC_URL": read.answers_public_url}
    needed = {"TGD_PUBLIC_URL"} if read.twilio_account_sid else set()
    return {
        "secrets": {name: value for name, value in secrets.items() if value},
        "public_urls": {name: url for name, url in urls.items() if url or name in needed},
    }
