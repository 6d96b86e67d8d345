"""Each RabbitMQ setting that loses or discloses is refused by name; the shipped ones pass."""

import json
from pathlib import Path

import pytest

from tgd.doctor.finding import Level
from tgd.doctor.rabbitmq import check_plugins, check_rabbitmq, check_rabbitmq_file, read

SHIPPED = Path(__file__).parents[2] / "deploy" / "rabbitmq"
VERSIONS = ("3.10", "4")


def shipped(version: str) -> dict[str, str]:
    return read((SHIPPED / version / "rabbitmq.conf").read_text())


def said(settings: dict[str, str], level: Level) -> list[str]:
    return [f.what for f in check_rabbitmq(settings) if f.level is level]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_shipped_configuration_passes_without_a_word(version):
    (finding,) = check_rabbitmq_file(SHIPPED / version / "rabbitmq.conf")
    assert finding.level is Level.OK


def test_an_empty_configuration_is_refused_for_each_default_that_loses():
    what = " ".join(said({}, Level.REFUSED))
    for name in ("durable_queue_type", "session", "allow_anonymous"):
        assert name in what


REFUSED = [
    ("mqtt.durable_queue_type", "classic"),
    ("mqtt.allow_anonymous", "true"),
    ("mqtt.max_session_expiry_interval_seconds", "86400"),
    ("mqtt.max_session_expiry_interval_seconds", "soon"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_one_wrong_value_is_refused(name, value):
    assert len(said({**shipped("4"), name: value}, Level.REFUSED)) == 1


def test_a_short_life_of_sessions_in_the_words_of_the_old_version_is_refused():
    assert said({**shipped("3.10"), "mqtt.subscription_ttl": "86400000"}, Level.REFUSED)


def test_the_names_of_both_versions_at_once_are_refused():
    assert said({**shipped("4"), "mqtt.subscription_ttl": "5184000000"}, Level.REFUSED)


WARNED = [
    ("mqtt.prefetch", "10"),
    ("mqtt.prefetch", "0"),
    ("mqtt.exchange", "elsewhere"),
    ("mqtt.retained_message_store", "rabbit_mqtt_retained_msg_store_ets"),
    ("mqtt.listeners.tcp", "1883"),
]


@pytest.mark.parametrize(("name", "value"), WARNED)
def test_what_only_makes_a_bad_day_worse_is_a_warning(name, value):
    settings = {**shipped("4"), name: value}
    assert said(settings, Level.REFUSED) == []
    assert len(said(settings, Level.WARNING)) == 1


def test_a_broker_without_its_plugin_is_refused():
    assert check_plugins("[rabbitmq_management,rabbitmq_mqtt].") == []
    (refused,) = check_plugins("[rabbitmq_web_mqtt].")
    assert refused.level is Level.REFUSED
    (unknown,) = check_plugins(None)
    assert unknown.level is Level.WARNING


@pytest.mark.parametrize("version", VERSIONS)
def test_no_queue_of_a_session_drops_what_it_acknowledged(version):
    definitions = json.loads((SHIPPED / version / "definitions.json").read_text())
    (policy,) = definitions["policies"]
    assert policy["definition"]["overflow"] == "reject-publish"
    # From 4.0 on a message that was given out 20 times without an answer would be dropped.
    assert (policy["definition"].get("delivery-limit") == -1) == (version == "4")
