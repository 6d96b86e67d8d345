"""A console in a process of its own, to be killed, frozen and started again at its address."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """`python -m tgd.web` on this record."""

    record_url: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it listens."""
        asked = {
            "TGD_DATABASE_URL": self.record_url, "TGD_CONSOLE_LISTEN": f"127.0.0.1:{self.port}",
            "TGD_CONSOLE_HEALTH_LISTEN": "127.0.0.1:0", "TGD_CONSOLE_INSECURE_HTTP": "true",
        }  # fmt: skip
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TGD_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tgd.web"], env=ours | asked, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if json.loads(line).get("listener") == "console":
                return
        raise AssertionError("the console did not start")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a power cut does; nothing happens when it does not run."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()
            self.process = None
