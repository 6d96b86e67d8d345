"""Tells a platform: CloudEvents, signed by Standard Webhooks; decides nothing but what was said."""

from typing import Any

from standardwebhooks import Webhook

from dispatch.destinations.posting import Poster, Reply, tls_context
from dispatch.formats import cloudevents
from dispatch.policy import WebhookDestination
from dispatch.telling import Answer, Later, Noticed, Received, Sent, Telling
from tgd import clock

LONGEST_REFERENCE = 128


class WebhookCarrier:
    """A platform behind one URL. Only the words `"received": true` count as an acknowledgement."""

    def __init__(self, told: WebhookDestination) -> None:
        self.name = told.name
        self._acknowledge_within_s = told.acknowledge_within_s
        self._signer = Webhook(told.secret.get_secret_value())
        tls = tls_context(told.name, told.ca_file, told.client_cert, told.client_key)
        self._poster = Poster(told.url, told.timeout_s, tls)

    async def tell(self, telling: Telling) -> Answer:
        """One attempt; `webhook-id` is the key, the same on every attempt."""
        body = cloudevents.compose(telling)
        reply = await self._poster.post(body, self._headers(telling.key, body))
        return self._meaning(reply, telling.key) if isinstance(reply, Reply) else reply

    async def tell_notice(self, noticed: Noticed) -> Answer:
        """The same for what is no alert."""
        body = cloudevents.compose_notice(noticed)
        reply = await self._poster.post(body, self._headers(noticed.key, body))
        return self._meaning(reply, noticed.key) if isinstance(reply, Reply) else reply

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        now = clock.now()
        return {
            "Content-Type": cloudevents.CONTENT_TYPE,
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(key, now, body.decode()),
        }

    def _meaning(self, reply: Reply, key: str) -> Answer:
        """A 2xx that does not say `received` was perhaps a proxy: its answer is still awaited."""
        said = reply.json()
        if reply.status == 202:
            return self._sent("accepted", said)
        if said is None or not isinstance(said.get("received"), bool):
            return self._sent("unconfirmed", said)
        if said.get("key", key) != key:
            return self._sent("other_key", said)
        if said["received"]:
            return Received("received", _reference_of(said))
        return Later("says_not_received")

    def _sent(self, word: str, said: dict[str, Any] | None) -> Sent:
        return Sent(self._acknowledge_within_s, word, _reference_of(said or {}))

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()


def _reference_of(said: dict[str, Any]) -> str | None:
    """The platform's own id when it is short, printable text; it is shown, never believed."""
    found = said.get("reference", said.get("incident"))
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_REFERENCE:
        return None
    return found if found.isprintable() else None
