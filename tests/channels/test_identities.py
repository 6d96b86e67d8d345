"""Who is believed on the own listener: a secret, or a certificate of a handset that we know."""

from datetime import datetime, timedelta

import pytest

from gateway.identities import Identities
from gateway.mqtt_direct import Certificate
from tests.conftest import NOW
from tgd.database import open_record
from tgd.records import Handset
from tgd.rules.handset import HandsetState

AWAY = "postgresql+psycopg://nobody@127.0.0.1:9/none"


def paper(name: str, begins_at: datetime = NOW) -> Certificate:
    return Certificate(name, begins_at)


@pytest.fixture
async def identities(world, session, engine):
    world.give("Ana")
    world.give("Bea", number="+33639980002", state=HandsetState.STOLEN)
    world.give("Eve", number="+33639980003", state=HandsetState.RETIRED)
    session.commit()
    opened = Identities(engine)
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("name", "believed"),
    [("hana000000000", True), ("hbea000000000", False), ("heve000000000", False), ("hx", False)],
)
async def test_a_certificate_is_believed_for_a_handset_that_is_ours_and_in_use(
    identities, name, believed
):
    """A certificate lives as long as its handset and cannot be called back: the record decides."""
    found = await identities.identify(name, None, paper(name))
    assert (found.handset, found.trusted) == (name, believed)


async def test_a_handset_enrolled_a_moment_ago_is_believed(identities, world, session):
    dina = world.give("Dina", number="+33639980004")
    session.commit()
    assert (await identities.identify(dina.handset, None, paper(dina.handset))).trusted


@pytest.mark.parametrize(
    ("hours", "believed"), [(-48, False), (-1.5, False), (-1, True), (0, True), (9, True)]
)
async def test_a_certificate_from_before_the_last_erasure_proves_nothing(
    identities, world, session, hours, believed
):
    """Whoever had the handset before still has its certificate: it is hers no more."""
    dina = world.give("Dina", number="+33639980004")
    session.get(Handset, dina.handset).certified_since = NOW
    session.commit()
    said = paper(dina.handset, NOW + timedelta(hours=hours))
    assert (await identities.identify(dina.handset, None, said)).trusted is believed
    await identities._load()
    assert (await identities.identify(dina.handset, None, said)).trusted is believed


async def test_the_secret_counts_when_the_certificate_does_not(identities):
    said = b"secret-of-Ana-0123456789"
    assert (await identities.identify("hana000000000", said, paper("hx"))).trusted
    assert not (await identities.identify("hana000000000", b"a guess", paper("hx"))).trusted


async def test_while_nobody_can_say_a_certificate_of_our_authority_is_believed():
    """It decides about places on the listener only; what is disclosed is decided by the record."""
    engine = open_record(AWAY)
    opened = Identities(engine)
    await opened.open()
    assert (await opened.identify("hana000000000", None, paper("hana000000000"))).trusted
    await opened.close()
    engine.dispose()
