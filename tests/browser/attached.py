"""A part of a browser that its driver knows nothing of: a worker, a tab of another window."""

import json
import time
from typing import Any

from playwright.sync_api import Browser


class Attached:
    """One target of the browser, asked through the browser itself."""

    def __init__(self, browser: Browser, target: str) -> None:
        self._cdp = browser.new_browser_cdp_session()
        self._heard: dict[int, Any] = {}
        self._asked = 0
        self._cdp.on("Target.receivedMessageFromTarget", self._hear)
        self.target = target
        asked = {"targetId": target, "flatten": False}
        self._session = self._cdp.send("Target.attachToTarget", asked)["sessionId"]

    def heap_kb(self) -> float:
        """After what can be collected has been."""
        self.ask("HeapProfiler.collectGarbage")
        return float(self.ask("Runtime.getHeapUsage")["usedSize"]) / 1024

    def says(self, expression: str) -> Any:
        """The value of this expression there; a promise is waited for."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True,
                         awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str, within_s: float = 30) -> None:
        """Until this is true there."""
        ends = time.monotonic() + within_s
        while not self.says(f"Boolean({expression})"):
            assert time.monotonic() < ends, expression
            time.sleep(0.1)

    def show(self) -> None:
        """Bring this tab before the others of its window."""
        self._cdp.send("Target.activateTarget", {"targetId": self.target})

    def close(self) -> None:
        """The tab is gone."""
        self._cdp.send("Target.closeTarget", {"targetId": self.target})

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """What this target answers; AssertionError when it does not."""
        self._asked += 1
        message = json.dumps({"id": self._asked, "method": method, "params": params})
        sent = {"sessionId": self._session, "message": message}
        self._cdp.send("Target.sendMessageToTarget", sent)
        ends = time.monotonic() + 20
        while self._asked not in self._heard:
            assert time.monotonic() < ends, f"no answer to {method}"
            self._cdp.send("Browser.getVersion")  # what has come is heard meanwhile
        found: dict[str, Any] = self._heard.pop(self._asked)
        return found

    def _hear(self, said: dict[str, Any]) -> None:
        message = json.loads(said["message"])
        if "id" in message:
            self._heard[message["id"]] = message.get("result", {})


def shared_worker(browser: Browser) -> Attached:
    """The one that has the stream, once a page is open."""
    kind = {"filter": [{"type": "shared_worker"}]}
    targets = browser.new_browser_cdp_session().send("Target.getTargets", kind)
    (target,) = [one["targetId"] for one in targets["targetInfos"]]
    return Attached(browser, target)


def new_tab(browser: Browser, url: str) -> Attached:
    """A tab of the browser's own window, which may be hidden behind another as a person's is."""
    made = browser.new_browser_cdp_session().send("Target.createTarget", {"url": url})
    return Attached(browser, made["targetId"])
