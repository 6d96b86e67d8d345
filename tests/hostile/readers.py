"""Which fuzzer holds which reader of bytes: found in the source, so that none is forgotten.

A place that takes bytes apart stands here with the fuzzers that go through it, or with the reason
why nobody outside writes what it reads.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("gateway", "dispatch", "tgd")
TAKES_APART = {
    "loads", "parse_qsl", "parse_qs", "b64decode", "unquote_to_bytes", "reader", "DictReader",
    "fromstring", "unpack", "unpack_from", "from_bytes", "decompress", "decompressobj", "form",
    "parsedate_to_datetime", "load_pem_private_key", "load_pem_x509_certificate",
    "load_pem_x509_certificates", "mqtt5.read", "Webhook(…).verify",
}  # fmt: skip
"""Calls by which bytes become something else."""

HELD = {
    "gateway/canary/pressing.py _trigger_of": "canary",
    "gateway/formats/alert_json.py read": "alert",
    "gateway/formats/osmand.py read": "osmand",
    "gateway/formats/osmand.py _read_form": "osmand",
    "gateway/formats/osmand.py _read_json": "osmand",
    "gateway/formats/owntracks.py read": "owntracks",
    "gateway/formats/position_json.py read": "position",
    "gateway/formats/reading.py open_json": "alert position state osmand owntracks",
    "gateway/formats/sms.py read": "sms",
    "gateway/formats/state_json.py read": "state",
    "gateway/mqtt_direct/wire.py decode": "mqtt",
    "gateway/mqtt_direct/wire.py number": "mqtt",
    "gateway/sms.py _decoded": "sms-form",
    "gateway/web.py _credentials": "authorization",
    "gateway/web.py _read": "osmand owntracks",
    "dispatch/answers.py _is_proven": "webhook-headers",
    "dispatch/blind_ledger.py _read": "ledger",
    "dispatch/destinations/posting.py json": "webhook-reply",
    "dispatch/formats/answers_in.py read_answer": "answer-webhook answer-cisu answer-keypad",
    "dispatch/formats/answers_in.py _json": "answer-webhook answer-cisu",
    "dispatch/formats/conference.py read_leg": "leg",
    "dispatch/formats/conference.py read_recording": "recording",
    "dispatch/formats/erased_in.py read_erased": "erased",
    "dispatch/formats/form.py fields_once": "answer-status answer-keypad leg recording text-status",
    "dispatch/formats/texts_in.py read_text_status": "text-status",
    "dispatch/policy.py _parsed": "policy",
    "dispatch/policy_values.py secret_bytes": "policy",
    "dispatch/proving.py is_signed": "signed-form",
    "tgd/casework/csv_list.py read": "csv",
    "tgd/casework/csv_list.py _rows": "csv",
    "tgd/rules/retry_after.py retry_after_s": "retry-after",
    "tgd/rules/sms_list.py read_page": "sms-list",
    "tgd/rules/sms_list.py _moment": "sms-list",
    "tgd/rules/territory.py read_areas": "areas",
    "tgd/spool.py _opened": "spool",
    "tgd/spool.py _decode": "spool",
    "tgd/stock_list.py read": "csv",
    "tgd/web/door.py _form_pairs": "console-form",
    "tgd/web/door.py _json_pairs": "console-json",
    "tgd/web/pmtiles.py _read_header": "map",
    "tgd/web/pmtiles.py _read_layers": "map",
    "tgd/web/pmtiles.py _unpacked": "map",
    "tgd/web/pmtiles.py read_directory": "map",
}
"""Place and the names of fuzzers in `reads.READS`."""

NOT_OUTSIDE = {
    "dispatch/policy_check.py _files": "the same text, after read_policy has accepted it",
    "tgd/cli/children.py _note": "lines of log of our own processes",
    "tgd/cli/courts.py communes": "a command of an administrator, on a file of the same",
    "tgd/cli/demo.py _play": "a file that the demonstration has just written",
    "tgd/cli/device_ca.py _authority": "a key that our own command made, in a folder of ours",
    "tgd/cli/law.py _read": "a command of an administrator, on a file of the same",
    "tgd/cli/policy.py ask": "what our own checker prints",
    "tgd/doctor/certificates.py check_certificate": "an administrator's file; the doctor's tests",
    "tgd/embedded/folder.py marker": "a file that we wrote, beside the record; the limits' tests",
    "tgd/web/stock.py _sent_file": "the library's reader of forms, within our limit; test_openapi",
}
"""Place and why no fuzzer is needed."""


def found() -> set[str]:
    """Every place of the source that takes bytes apart."""
    places = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            places |= {f"{name} {function}" for function in readers_in(path.read_text("utf-8"))}
    return places


def readers_in(source: str) -> Iterator[str]:
    """Functions that call what takes bytes apart, or that are named as readers of bytes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = {_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)}
            if calls & TAKES_APART or _is_named_reader(node):
                yield node.name


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    if not isinstance(call.func, ast.Attribute):
        return ""
    if isinstance(call.func.value, ast.Call) and call.func.attr == "verify":
        return f"{_called(call.func.value)}(…).verify"
    whole = ast.unparse(call.func)
    return whole if whole in TAKES_APART else call.func.attr


def _is_named_reader(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    takes = [a.annotation for a in node.args.args if a.annotation is not None]
    bytes_in = any(isinstance(one, ast.Name) and one.id == "bytes" for one in takes)
    return bytes_in and node.name.lstrip("_").startswith("read")
