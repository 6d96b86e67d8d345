"""No reader of bytes without a fuzzer, and none that a fuzzer only seems to hold."""

from tests.hostile.fuzzing import CORPUS
from tests.hostile.readers import HELD, NOT_OUTSIDE, found, readers_in
from tests.hostile.reads import READS


def test_every_place_that_takes_bytes_apart_has_a_fuzzer_or_a_reason() -> None:
    assert not set(HELD) & set(NOT_OUTSIDE)
    known, there = set(HELD) | set(NOT_OUTSIDE), found()
    assert not there - known, "a new reader: a fuzzer in reads.py and a line in HELD for it"
    assert not known - there, "no longer there"


def test_every_fuzzer_has_a_corpus_and_holds_a_reader() -> None:
    named = {name for names in HELD.values() for name in names.split()}
    assert named == set(READS)
    assert {folder.name for folder in CORPUS.iterdir()} == set(READS)


def test_a_new_reader_would_be_noticed() -> None:
    source = """
def read_something(raw: bytes) -> int: ...
def meaning(text): return json.loads(text)
class Form:
    async def of(self, request): return await request.form()
def harmless(text: str) -> str: return text.strip()
def is_signed(secret, raw): return Webhook(secret).verify(raw)
def taken(acts): acts.verify(1)
"""
    assert set(readers_in(source)) == {"read_something", "meaning", "of", "is_signed"}
