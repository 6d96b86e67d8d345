"""Whoever may call us can make us say something: how much of it becomes lines."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from tgd import clock
from tgd import log as logs


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What a process says that logs as ours do."""
    before = structlog.get_config()
    said = StringIO()
    logs.set_up("gateway", said)
    yield said
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_a_thousand_refusals_are_few_lines_and_their_number(
    lines: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    for _ in range(1000):
        logs.log.warning("mqtt_refused", status=135)
    for _ in range(300):
        logs.log.error("poison_message")
    now[0] += 11
    logs.log.info("mqtt_refused", status=135)

    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    by_event = [(one["event"], one.get("kind"), one.get("count")) for one in said]
    assert by_event.count(("mqtt_refused", None, None)) == 200 + 1
    assert ("lines_withheld", "mqtt_refused", 800) in by_event
    assert by_event.count(("poison_message", None, None)) == 300  # an error is always said
