"""What is promised, judged from outside after a night of faults; each promise is one sentence.

A lawyer can read this file: what the handsets were told, what the record holds, what the platform
has in its own ledger.
"""

from collections import Counter
from collections.abc import Iterable

from tests.acceptance.running import Service


def every_receipt_is_on_record(service: Service, receipted: Iterable[str]) -> None:
    """Whatever a handset was told is received, the record has."""
    rows = service.rows("SELECT trigger FROM alert_trigger")
    kept = {row.trigger.removeprefix("?") for row in rows}  # "?": heard, its sender not proven
    assert set(receipted) <= kept, f"lost: {sorted(set(receipted) - kept)}"


def every_trigger_counts_once(service: Service) -> None:
    """One trigger is one row, and belongs to one alert."""
    rows = service.rows(
        "SELECT source, trigger, count(*) AS n, count(DISTINCT alert) AS alerts"
        " FROM alert_trigger GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert rows == []


def presses_are_the_triggers(service: Service) -> None:
    """An alert counts as many presses as it has triggers."""
    rows = service.rows(
        "SELECT a.id, a.presses, count(t.id) AS n FROM alert a LEFT JOIN alert_trigger t"
        " ON t.alert = a.id GROUP BY 1, 2 HAVING a.presses <> count(t.id)"
    )
    assert rows == []


def every_alert_was_told(service: Service) -> None:
    """The platform has every alert of the record."""
    told = {line["alert"] for line in service.kept_at_platform()}
    alerts = {str(row.id) for row in service.rows("SELECT id FROM alert WHERE lane = 'real'")}
    assert alerts <= told, f"never told: {sorted(alerts - told)}"


def nobody_invented_an_alert(service: Service) -> None:
    """The platform has no alert that the record has not."""
    told = {line["alert"] for line in service.kept_at_platform()}
    alerts = {str(row.id) for row in service.rows("SELECT id FROM alert")}
    assert told <= alerts


def one_incident_per_alert(service: Service) -> None:
    """However often it was told, the platform made one incident of one alert."""
    incidents = Counter(
        line["alert"]
        for line in service.kept_at_platform()
        if line["type"].endswith("alert.opened.v1")
    )
    assert [alert for alert, n in incidents.items() if n > 1] == []


def no_open_alert_is_forgotten(service: Service) -> None:
    """Every open alert has a moment at which it is looked at again, not long ago."""
    rows = service.rows(
        "SELECT id FROM alert WHERE state <> 'closed' AND"
        " (look_again_at IS NULL OR look_again_at < clock_timestamp() - interval '15 seconds')"
    )
    assert rows == []


ALL = (
    every_trigger_counts_once,
    presses_are_the_triggers,
    every_alert_was_told,
    nobody_invented_an_alert,
    one_incident_per_alert,
    no_open_alert_is_forgotten,
)


def keep(service: Service, receipted: Iterable[str]) -> None:
    """Check every promise."""
    every_receipt_is_on_record(service, receipted)
    for promise in ALL:
        promise(service)
