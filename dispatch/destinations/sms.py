"""Sends a human a text that names nobody; it counts when the provider says that it arrived."""

from dispatch.destinations.ringing import answers_url, asked
from dispatch.formats import words
from dispatch.policy import SmsDestination
from dispatch.telling import Answer, Noticed, Refused, Telling
from tgd.telephone import Telephone


class SmsCarrier:
    """One telephone that gets a text; the provider calls back with what became of it."""

    def __init__(self, told: SmsDestination, telephone: Telephone, public_url: str) -> None:
        self.name = told.name
        self._told, self._telephone, self._public_url = told, telephone, public_url

    async def tell(self, telling: Telling) -> Answer:
        """One SMS; a test alert writes to nobody."""
        if telling.lane != "real":
            return Refused("test_never_told")
        status = answers_url(self._public_url, self.name, "status", telling.key)
        sending = self._telephone.send_sms(
            telling.number_to_ring or self._told.number,
            words.text(telling, self._told.language),
            status_url=status,
        )
        return await asked(
            sending,
            timeout_s=self._told.timeout_s,
            acknowledge_within_s=self._told.acknowledge_within_s,
        )

    async def tell_notice(self, noticed: Noticed) -> Answer:
        """One SMS about what is no alert; what became of it is said at an address of its own."""
        sending = self._telephone.send_sms(
            self._told.number, words.notice_text(noticed, self._told.language),
            status_url=answers_url(self._public_url, self.name, "notice", noticed.key),
        )  # fmt: skip
        return await asked(
            sending,
            timeout_s=self._told.timeout_s,
            acknowledge_within_s=self._told.acknowledge_within_s,
        )

    async def close(self) -> None:
        """The telephone is shared: whoever made it closes it."""
