"""Bruno at the console, as a script: JSON by the same doors as the pages."""

from typing import Any

import httpx

from tests.acceptance.contract_ground import Ground, Up, until


class Desk:
    """Somebody who signed in."""

    def __init__(self, place: Ground, up: Up, name: str, role: str, password: str = "") -> None:
        how = ["--password-stdin"] if password else []
        words = ("account", "add", name, "--role", role, "--json", *how)
        made = place.tgd(*words, given=password + "\n")
        assert made.returncode == 0, made.stderr
        self._http = httpx.Client(
            base_url=up.url("console"), timeout=20, headers={"accept": "application/json"}
        )
        password = password or httpx.Response(200, text=made.stdout).json()["password"]
        reply = self._http.post("/login", data={"name": name, "password": password})
        assert reply.json() == {"signed_in": True}, reply.text
        self._token = self.get("/api/session")["form_token"]

    def get(self, path: str) -> Any:
        reply = self._http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def page(self, path: str) -> str:
        return self._http.get(path, headers={"accept": "text/html"}).text

    def open_alerts(self) -> list[dict[str, Any]]:
        return [x for x in self.get("/api/alerts")["alerts"] if x["state"] != "closed"]

    def new_alert(self, before: set[str]) -> dict[str, Any]:
        """The sheet of the one alert that was not there before."""
        ids = until(lambda: {x["id"] for x in self.open_alerts()} - before, what="for an alert")
        (one,) = ids
        return self.sheet(one)

    def sheet(self, alert: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/alerts/{alert}")
        return found

    def sent(self, alert: str, act: str, **fields: str) -> httpx.Response:
        """An act on an alert, as a form."""
        form = {"form_token": self._token} | fields
        return self._http.post(f"/alerts/{alert}/{act}", data=form)

    def does(self, alert: str, act: str, **fields: str) -> None:
        reply = self.sent(alert, act, **fields)
        assert reply.status_code == 200, reply.text

    def closes(self, alert: str, reason: str = "Elle va bien, mot convenu.") -> None:
        """The whole way: taken, a voice heard, closed."""
        if self.sheet(alert)["owner"] is None:
            self.does(alert, "take")
        self.does(alert, "verify", found="safe_code_word")
        self.does(alert, "close", outcome="accidental", reason=reason)

    def leaves(self) -> None:
        self._http.close()
