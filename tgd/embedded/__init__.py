"""The private PostgreSQL of a machine that has none: started, adopted, recovered, stopped."""

from tgd.embedded.binaries import find_binaries
from tgd.embedded.record import EmbeddedRecord
from tgd.embedded.running import url_if_running

__all__ = ["EmbeddedRecord", "find_binaries", "url_if_running"]
