"""The other side of each stranger: a customer with a webhook, and an MQTT listener."""

from collections.abc import AsyncIterator

import pytest
from counterparts import Customer, PostOffice


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """Somebody who receives webhooks and writes down what came."""
    one = Customer()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    """An MQTT 5 listener that acknowledges and, unless told otherwise, sends receipts."""
    one = PostOffice()
    await one.start()
    yield one
    await one.stop()
