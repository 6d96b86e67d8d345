"""The gateway's own MQTT 5 listener: it serves handsets only and must never become a broker.

Nothing is routed from one client to another, nothing is retained, no session outlives its
connection: a handset repeats its alert until the receipt comes, and that is the whole memory.

| File | Colour | What |
|---|---|---|
| `limits.py` | W | who somebody is; how much of everything there may be |
| `topics.py` | W | which topic means what, and who may write or read it |
| `wire.py` | W | bytes to packets, bounded before the codec sees them |
| `greeting.py` | W | what a CONNECT deserves as an answer |
| `line.py` | B | one TCP or TLS connection, packet by packet |
| `ear.py` | B | what is being heard at this moment, by anybody |
| `session.py` | B | the conversation with one client after its CONNECT |
| `registry.py` | B | who is connected; take-over; strangers' places; Wills that wait |
| `listener.py` | B | accepts, greets, stops |
"""

from gateway.mqtt_direct.limits import Certificate, Identity, Limits
from gateway.mqtt_direct.listener import MqttDirect

__all__ = ["Certificate", "Identity", "Limits", "MqttDirect"]
