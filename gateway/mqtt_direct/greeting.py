"""What a CONNECT deserves as an answer; values in, values out."""

from mqtt5 import ConnAckPacket, ConnAckReasonCode, ConnectPacket, QoS

from gateway.mqtt_direct.limits import Limits
from gateway.mqtt_direct.topics import is_fit_id, state_topic
from gateway.mqtt_direct.wire import protocol_of

REFUSED_3_1_1 = b"\x20\x02\x00\x01"
"""CONNACK of MQTT 3.1.1 with return code 1, unacceptable protocol version (3.1.1, 3.2.2.3)."""


def refuse_version(frame: bytes) -> bytes | None:
    """The answer to a CONNECT of another MQTT version, None when it is version 5 or no CONNECT."""
    protocol = protocol_of(frame)
    if protocol is None or protocol[0] not in (b"MQTT", b"MQIsdp") or protocol == (b"MQTT", 5):
        return None
    if protocol[1] < 5:
        return REFUSED_3_1_1
    return refuse(ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION)


def refuse(code: ConnAckReasonCode) -> bytes:
    """A CONNACK that says no, and nothing else about us."""
    return ConnAckPacket(reason_code=code).write()


def claimed_id(connect: ConnectPacket, common_name: str | None) -> str | None:
    """The handset id that a client claims, or None when it claims none, two, or an unfit one.

    Client id and user name are both the handset id; where both are missing, the name in a
    certificate that TLS has verified stands for them.
    """
    names = {name for name in (connect.client_id, connect.username) if name}
    if not names and common_name:
        names = {common_name}
    name = names.pop() if len(names) == 1 else ""
    return name if is_fit_id(name) else None


def keep_alive_s(connect: ConnectPacket, limits: Limits) -> int:
    """The keep-alive that holds, in seconds; ours when the client wants none or too long a one."""
    asked = connect.keep_alive
    return asked if 0 < asked <= limits.keep_alive_s else limits.keep_alive_s


def welcome(connect: ConnectPacket, handset: str, trusted: bool, limits: Limits) -> ConnAckPacket:
    """The CONNACK of an accepted client, with every limit that it has to keep.

    Retain is announced as available, for a state is retained by contract; it is refused per topic.
    """
    holds_s = keep_alive_s(connect, limits)
    return ConnAckPacket(
        session_expiry_interval=0 if connect.session_expiry_interval else None,
        assigned_client_id=None if connect.client_id else handset,
        server_keep_alive=None if holds_s == connect.keep_alive else holds_s,
        receive_max=limits.in_flight if trusted else limits.untrusted_in_flight,
        topic_alias_max=0,
        max_qos=QoS.AT_LEAST_ONCE,
        max_packet_size=limits.packet_bytes if trusted else limits.untrusted_packet_bytes,
        wildcard_subscription_available=False,
        subscription_id_available=False,
        shared_subscription_available=False,
    )


def last_will(connect: ConnectPacket, handset: str, trusted: bool) -> bytes | None:
    """The payload to hear when the connection is lost, None when there is no Will of use to us.

    Only a trusted handset's Will on its own state topic counts. A Will QoS of 2 does not close
    the door as MQTT-3.2.2-12 asks: a handset that cannot connect cannot cry for help.
    """
    will = connect.will
    if will is None or not trusted or will.topic != state_topic(handset):
        return None
    return will.payload or b""
