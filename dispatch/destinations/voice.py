"""Rings a human, who presses 1; only the key is an acknowledgement, never a picked-up call."""

from dispatch.destinations.ringing import answers_url, asked
from dispatch.formats import words
from dispatch.policy import VoiceDestination
from dispatch.telling import Answer, Refused, Telling
from tgd.telephone import Telephone


class VoiceCarrier:
    """One telephone that rings; the provider calls back with the key that was pressed."""

    def __init__(self, told: VoiceDestination, telephone: Telephone, public_url: str) -> None:
        self.name = told.name
        self._told, self._telephone, self._public_url = told, telephone, public_url

    async def tell(self, telling: Telling) -> Answer:
        """One call; a test alert rings nobody."""
        if telling.lane != "real":
            return Refused("test_never_told")
        keypad = answers_url(self._public_url, self.name, "keypad", telling.key)
        status = answers_url(self._public_url, self.name, "status", telling.key)
        calling = self._telephone.call(
            telling.number_to_ring or self._told.number,
            words.call_twiml(telling, self._told.language, keypad),
            status_url=status,
        )
        return await asked(
            calling,
            timeout_s=self._told.timeout_s,
            acknowledge_within_s=self._told.acknowledge_within_s,
        )

    async def close(self) -> None:
        """The telephone is shared: whoever made it closes it."""
