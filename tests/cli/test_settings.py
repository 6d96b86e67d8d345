"""What is set is what holds: in this process and in those that it starts, empty means the default,
and what cannot be is refused with a sentence that names it."""

from pathlib import Path

import pytest

from tgd import settings
from tgd.errors import Misconfigured
from tgd.settings import Settings


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Sets variables as an administrator does."""

    def give(**variables: str) -> Settings:
        for name, value in ({"DATA_DIR": str(tmp_path)} | variables).items():
            monkeypatch.setenv(f"TGD_{name}", value)
        return settings.read()

    return give


def test_a_part_that_we_start_keeps_where_we_would(given, monkeypatch, tmp_path):
    ours = given(MQTT_LISTEN="", SMS_NUMBERS="+33639980000", CONSOLE_INSECURE_HTTP="true")
    for name, value in settings.as_environment(ours).items():
        monkeypatch.setenv(name, value)
    theirs = settings.read()
    assert theirs == ours
    assert theirs.spool == tmp_path / "spool"
    assert (theirs.mqtt_listen, theirs.policy, theirs.console_insecure_http) == ("", None, True)


@pytest.mark.parametrize("name", [n.upper() for n in Settings.model_fields if n != "data_dir"])
def test_empty_means_the_default(given, tmp_path, name):
    if f"TGD_{name}" == "TGD_MQTT_LISTEN":
        assert given(MQTT_LISTEN="").mqtt_listen == "", "the one that empty switches off"
    else:
        assert given(**{name: ""}) == Settings(data_dir=tmp_path)


def test_nothing_but_the_one_reader_sees_the_environment(given, tmp_path):
    given(NODE="7", PUBLIC_URL="https://tgd.example")
    assert (Settings().node, Settings().public_url) == ("1", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MQTT_LISTN", "127.0.0.1:1883"), ("MQTT_LISTEN", "1883"), ("PUBLIC_URL", "tgd.example"),
        ("CONSOLE_LISTEN", "127.0.0.1:99999"), ("RECORD_LIMIT_S", "0"), ("RECORD_LIMIT_S", "soon"),
        ("BATCH_LIMIT", "-3"), ("MQTT_PROTOCOL", "4"), ("LANGUAGE", "de"), ("POLICY_FILE", "/x"),
        ("CONSOLE_INSECURE_HTTP", "perhaps"), ("NODE_FILE", "/x"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(given, name, value):
    with pytest.raises(Misconfigured, match=rf"\ATGD_{name}\b.*\.\Z"):
        given(**{name: value})


def test_a_secret_comes_from_a_file_and_is_never_printed(given, tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    read = given(TWILIO_AUTH_TOKEN_FILE=str(tmp_path / "token"), NODE="a")
    assert read.twilio_auth_token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(read)
    with pytest.raises(Misconfigured, match="TGD_MASTER_KEY_FILE: the file cannot be read"):
        given(MASTER_KEY_FILE=str(tmp_path / "nowhere"))
