"""How the auditor reaches a person: an address and telephones of its own, and the beat outwards.

None of these goes through the record, the policy, or another process of ours. Each way owes what it
has not said yet, and tries again by itself: one that works never silences another.
"""

import asyncio
import json
from collections.abc import Sequence
from uuid import uuid4

import aiohttp
from prometheus_client import Counter
from standardwebhooks import Webhook

from tgd import clock
from tgd.log import log
from tgd.rules.auditing import Finding
from tgd.telephone import Telephone, TelephoneLater, TelephoneRefused

LONGEST_S = 5.0
MOST_OWED = 200
WEBHOOK = "webhook"
"""The name of the way that is no telephone number."""
raised = Counter("tgd_auditor_raised_total", "Attempts to reach a person", ["way", "result"])
beats = Counter("tgd_auditor_beats_total", "Beats to the watcher outside", ["result"])


class Ways:
    """The ways that are configured; any of them may be missing."""

    def __init__(
        self, url: str, secret: str, telephone: Telephone | None, numbers: Sequence[str],
        beat_url: str, node: str,
    ) -> None:  # fmt: skip
        self._url, self._node, self._beat_url = url, node, beat_url
        self._signer = Webhook(secret) if secret else None
        self._telephone = telephone
        ways = ([WEBHOOK] if url else []) + (list(numbers) if telephone is not None else [])
        self._owed: dict[str, list[Finding]] = {way: [] for way in ways}

    def owe(self, findings: Sequence[Finding]) -> None:
        """Each way has these to say, beside what it could not say before."""
        for way in self._owed:
            known = set(self._owed[way])
            self._owed[way] += [f for f in findings if f not in known][: MOST_OWED - len(known)]

    @property
    def names(self) -> list[str]:
        """The ways that there are."""
        return list(self._owed)

    async def say(self, http: aiohttp.ClientSession, way: str) -> bool:
        """This way says what it owes; False when it must try again."""
        findings = list(self._owed[way])
        if not findings:
            return True
        if way == WEBHOOK:
            said = await self._post(http, findings)
        else:
            assert self._telephone is not None
            said = await self._text(self._telephone, way, findings)
        if said:
            self._owed[way] = [f for f in self._owed[way] if f not in findings]
        return said

    async def _post(self, http: aiohttp.ClientSession, findings: Sequence[Finding]) -> bool:
        body = json.dumps(
            {
                "type": "org.tgd.audit.findings.v1", "node": self._node,
                "at": clock.now().isoformat(),
                "findings": [
                    {"wrong": f.wrong, "about": f.about, "sentence": f.sentence} for f in findings
                ],
            }
        )  # fmt: skip
        return await self._reached(http, self._url, body, self._headers(body), WEBHOOK)

    def _headers(self, body: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._signer is not None:
            now, name = clock.now(), str(uuid4())
            headers |= {
                "webhook-id": name, "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self._signer.sign(name, now, body),
            }  # fmt: skip
        return headers

    async def _text(self, telephone: Telephone, number: str, findings: Sequence[Finding]) -> bool:
        """One SMS with the words of the findings; no id, no name."""
        words = ", ".join(sorted({f.wrong.value for f in findings}))
        try:
            async with asyncio.timeout(LONGEST_S):
                await telephone.send_sms(number, f"TGD audit: {words}"[:150], status_url=None)
        except (TelephoneLater, TelephoneRefused, TimeoutError) as error:
            log.error("audit_not_said", why=type(error).__name__, kind="sms")
            raised.labels("sms", "failed").inc()
            return False
        raised.labels("sms", "said").inc()
        return True

    async def beat(self, http: aiohttp.ClientSession) -> None:
        """Tell the watcher outside that a whole look found nothing wrong."""
        if not self._beat_url:
            return
        there = await self._reached(http, self._beat_url, "", {}, "beat")
        beats.labels("said" if there else "failed").inc()

    async def _reached(
        self, http: aiohttp.ClientSession, url: str, body: str, headers: dict[str, str], way: str
    ) -> bool:
        try:
            async with asyncio.timeout(LONGEST_S):
                async with http.post(
                    url, data=body.encode(), headers=headers, allow_redirects=False
                ) as reply:
                    there = 200 <= reply.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError):
            there = False
        if not there:
            log.error("audit_not_said", kind=way)
        raised.labels(way, "said" if there else "failed").inc()
        return there
