"""One wire format per file: read(raw bytes) gives what a handset meant; it never raises."""

from collections.abc import Callable

from gateway.formats import alert_json, osmand, owntracks, position_json, sms, state_json
from gateway.heard import Form
from tgd.rules.trigger import Meaning

READERS: dict[Form, Callable[[bytes], Meaning]] = {
    Form.ALERT: alert_json.read,
    Form.POSITION: position_json.read,
    Form.STATE: state_json.read,
    Form.SMS: sms.read,
    Form.OSMAND: osmand.read,
    Form.OWNTRACKS: owntracks.read,
}
