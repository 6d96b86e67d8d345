"""An operator at the console, over HTTP as a browser would: signs in, reads, acts."""

import asyncio
from typing import Any

import aiohttp

OURS = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that it found on the console's own page."""
HEARD = ("AlertOpened", "TriggerJoined", "TriggerSeenAgain", "TriggerReplayed")
"""Lines of the timeline that tell of a message from a handset."""


class Refused(Exception):
    """The console refused an act; the words are its own."""


class Operator:
    """One signed-in person. Raises Refused with the console's sentence."""

    def __init__(self, console: str, name: str, password: str) -> None:
        self.name = name
        self._console, self._password = console, password
        self._http: aiohttp.ClientSession | None = None
        self._token = ""

    async def sign_in(self) -> None:
        """Through the form of the login page."""
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=10)
        self._http = aiohttp.ClientSession(self._console, cookie_jar=jar, timeout=timeout)
        form = {"name": self.name, "password": self._password}
        async with self._http.post("/login", data=form, headers=OURS, allow_redirects=False) as got:
            if got.status >= 400:
                raise Refused(f"signing in: status {got.status}")
        session = await self._get("/api/session")
        self._token = str(session["form_token"])

    async def leave(self) -> None:
        """Close the browser."""
        if self._http is not None:
            await self._http.close()

    async def alerts(self) -> list[dict[str, Any]]:
        """The list as the console shows it."""
        found = await self._get("/api/alerts")
        return list(found["alerts"])

    async def alert(self, alert: str) -> dict[str, Any]:
        """One alert, its timeline oldest first, and by which channels it was heard."""
        found = await self._get(f"/api/alerts/{alert}")
        lines = list(reversed((found.get("record") or {}).get("timeline", [])))
        heard = [line for line in lines if line["act"] in HEARD]
        channels = [line["detail"]["channel"] for line in heard]
        return found | {"timeline": lines, "channels": channels}

    async def act(self, alert: str, act: str, **words: str) -> dict[str, Any]:
        """One act on one alert."""
        return await self._post(f"/alerts/{alert}/{act}", words)

    async def until(
        self, alert: str, states: tuple[str, ...], timeout_s: float = 30
    ) -> dict[str, Any]:
        """Look until the alert is in one of these states; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                found = await self.alert(alert)
                if found["state"] in states:
                    return found
                await asyncio.sleep(0.1)

    async def _get(self, path: str) -> dict[str, Any]:
        assert self._http is not None, "sign_in() first"
        headers = {"Accept": "application/json"}
        async with self._http.get(path, headers=headers) as answer:
            return await read_answer(answer)

    async def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        assert self._http is not None, "sign_in() first"
        said = {"form_token": self._token, **form}
        async with self._http.post(path, data=said, headers=OURS) as answer:
            return await read_answer(answer)


async def read_answer(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON of an answer; raises Refused with the sentence of a refusal."""
    if answer.content_type != "application/json":
        text = await answer.text()
        raise Refused(f"status {answer.status}, no JSON: {text[:200]}")
    said = await answer.json()
    if answer.status >= 400:
        raise Refused(f"{said.get('error')}: {said.get('sentence')} {said.get('missing', '')}")
    return dict(said)
