"""Each Mosquitto setting that was measured to lose alerts is refused by name."""

from pathlib import Path

import pytest

from tgd.doctor.finding import Level, collect
from tgd.doctor.mosquitto import check_mosquitto, check_mosquitto_file, read

SHIPPED = Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf"


def with_changed(name: str, value: str | None) -> list[tuple[str, str]]:
    """The shipped settings with one of them changed, or (None) left out."""
    kept = [(n, v) for n, v in read(SHIPPED) if n != name]
    return kept if value is None else [*kept, (name, value)]


def refusals(settings: list[tuple[str, str]]) -> list[str]:
    return [f.what for f in check_mosquitto(settings) if f.level is Level.REFUSED]


def warnings(settings: list[tuple[str, str]]) -> list[str]:
    return [f.what for f in check_mosquitto(settings) if f.level is Level.WARNING]


def test_the_shipped_configuration_passes_without_a_word():
    (finding,) = check_mosquitto_file(SHIPPED)
    assert finding.level is Level.OK


REFUSED = [
    ("persistence", "false"), ("persistence", None),
    ("autosave_on_changes", "false"), ("autosave_on_changes", None),
    ("autosave_interval", "2"), ("autosave_interval", "0"), ("autosave_interval", None),
    ("autosave_interval", "1800"), ("autosave_interval", "often"),
    ("max_queued_messages", "1000"), ("max_queued_messages", None),
    ("max_queued_bytes", "1048576"),
    ("persistent_client_expiration", "1d"), ("persistent_client_expiration", "12h"),
    ("persistent_client_expiration", "soon"), ("persistent_client_expiration", ""),
    ("message_size_limit", "100"),
    ("retain_available", "false"),
    ("allow_anonymous", "true"),
    ("acl_file", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_setting_that_loses_or_discloses_is_refused_by_its_name(name, value):
    (what,) = refusals(with_changed(name, value))
    assert name in what


@pytest.mark.parametrize("name", ["set_tcp_nodelay", "message_size_limit", "max_queued_bytes"])
def test_a_setting_that_only_makes_a_bad_day_worse_is_a_warning(name):
    settings = with_changed(name, None)
    assert refusals(settings) == []
    (what,) = warnings(settings)
    assert name in what


def test_debians_own_configuration_is_refused_for_each_of_its_losses():
    debian = [("persistence", "true"), ("persistence_location", "/var/lib/mosquitto/")]
    said = " ".join(refusals(debian))
    for name in ("autosave_on_changes", "autosave_interval", "max_queued_messages", "acl_file"):
        assert name in said


def test_the_last_of_two_lines_counts_as_it_does_in_mosquitto():
    settings = [*read(SHIPPED), ("autosave_on_changes", "false")]
    assert len(refusals(settings)) == 1


def test_one_anonymous_listener_is_enough_to_be_refused():
    settings = [
        ("per_listener_settings", "true"),
        ("allow_anonymous", "true"),
        *read(SHIPPED),
    ]
    assert any("allow_anonymous" in what for what in refusals(settings))


def test_a_plain_listener_is_a_warning_unless_it_stays_on_this_machine():
    assert warnings([*read(SHIPPED), ("listener", "1883 127.0.0.1")]) == []
    (what,) = warnings([*read(SHIPPED), ("listener", "1883")])
    assert "1883" in what


def test_what_an_included_folder_says_is_read_too(tmp_path):
    included = tmp_path / "conf.d"
    included.mkdir()
    (included / "zz.conf").write_text("# late\nautosave_interval 1800\n")
    (included / "zz.txt").write_text("persistence false\n")
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(SHIPPED.read_text() + f"include_dir {included}\n")
    (finding,) = check_mosquitto_file(conf)
    assert "autosave_interval" in finding.what


def test_a_folder_that_includes_itself_ends_in_a_sentence(tmp_path):
    (tmp_path / "a.conf").write_text(f"include_dir {tmp_path}\n")
    (finding,) = check_mosquitto_file(tmp_path / "a.conf")
    assert finding.level is Level.REFUSED
    assert "circles" in finding.what


def test_a_configuration_that_is_not_there_is_refused(tmp_path):
    findings = check_mosquitto_file(tmp_path / "absent.conf")
    assert collect(findings) == 1
