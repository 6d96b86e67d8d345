"""Pages of the provider's list: one entry that nobody understands costs the others nothing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tgd.rules.sms_list import InboundSms, read_page

SID = "SM" + "0" * 32
SOUND = {
    "sid": SID, "from": "+33639980001", "to": "+33199000001", "body": "aidez moi",
    "direction": "inbound", "date_sent": "Mon, 23 Nov 2026 22:40:05 +0000",
}  # fmt: skip
MEANT = InboundSms(
    SID, "+33639980001", "+33199000001", "aidez moi", datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
)


def page(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"messages": list(entries)} | more).encode()


def test_a_page_is_read_with_the_place_of_the_next() -> None:
    found = read_page(page(SOUND, next_page_uri="/2010-04-01/Accounts/AC1/Messages.json?Page=1"))
    assert found is not None
    assert found.messages == (MEANT,)
    assert found.next_place == "/2010-04-01/Accounts/AC1/Messages.json?Page=1"


@pytest.mark.parametrize("entry", [None, 5, [], {}, "sos", {"sid": {}}, {"body": ["sos"]}])
def test_an_entry_that_says_nothing_is_counted_and_the_others_are_heard(entry: Any) -> None:
    found = read_page(page(entry, SOUND, entry))
    assert found is not None
    assert (found.messages, found.unread) == ((MEANT,), 2)


@pytest.mark.parametrize("sid", [None, 5, {}, "", "SM1", "SM" + "\x00" * 32, SID + "0"])
def test_words_without_a_sid_of_theirs_are_heard_under_the_same_one_each_time(sid: Any) -> None:
    raw = page(SOUND | {"sid": sid}, SOUND | {"sid": sid, "body": "au secours"})
    found, again = read_page(raw), read_page(raw)
    assert found is not None
    assert found == again
    assert [one.body for one in found.messages] == ["aidez moi", "au secours"]
    assert len({one.sid for one in found.messages}) == 2
    assert all(one.sid.startswith("list:") and len(one.sid) == 37 for one in found.messages)


@pytest.mark.parametrize("said", [None, 5, "", "yesterday", "Mon, 99 Foo 9999 99:99:99 +9999"])
def test_a_date_that_is_none_is_no_reason_not_to_hear(said: Any) -> None:
    found = read_page(page(SOUND | {"date_sent": said}))
    assert found is not None
    assert found.messages[0].sent_at is None


def test_what_we_sent_ourselves_is_no_message_to_us() -> None:
    found = read_page(page(SOUND | {"direction": "outbound-api"}))
    assert found is not None
    assert (found.messages, found.unread) == ((), 0)


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"5", b'{"messages":{}}', b"[" * 9000, b"\xff", b"9" * 5000]
)
def test_what_is_no_list_is_none(raw: bytes) -> None:
    assert read_page(raw) is None


@pytest.mark.parametrize("place", [5, "", "https://evil.example/", "x", "/a b", "/\x00", None])
def test_the_next_page_is_at_the_provider_or_nowhere(place: Any) -> None:
    found = read_page(page(SOUND, next_page_uri=place))
    assert found is not None
    assert found.next_place is None
