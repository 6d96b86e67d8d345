"""Seven stories in which every act of a court and of its stocks is done at least once.

The acts go by the tables that pages, API and command line use; what stands in no table is named
in telling.py or here. A story is played step by step by whoever imports it: alone, or killed in
the middle.
"""

from datetime import timedelta

from sqlmodel import col, select

from tests.acts.telling import (
    Said,
    Step,
    after,
    agree,
    asked,
    chase,
    clear,
    count,
    deadline_of,
    delegate,
    enroll,
    free_one,
    give_a_list,
    keep,
    know_its_token,
    let_go,
    newest,
    of_file,
    of_handset,
    of_stock,
    of_the_first,
    other,
    other_number,
    press_and_close,
    then,
)
from tests.walking import EXAMPLE, LEAD, NANTERRE, OTHER_POOL, POOL, REASONS, Walk
from tgd.allocation import (
    agreeing,
    courts,
    delegating,
    law_adding,
    partners,
    transferring,
)
from tgd.purge import purge
from tgd.records import CaseFile, Clearance, Handset, Partner, PartnershipAgreement
from tgd.rules.forgetting import Keeping
from tgd.rules.law_reading import said_by
from tgd.rules.law_texts import TEXTS
from tgd.rules.territory import DEMO
from tgd.store import equipment

SHEET: dict[str, Said] = {
    "name": "Ana FICTIVE", "birth_date": "1990-02-03", "speech_or_disability": "no",
    "telephones": "none", "places": "3 rue des Exemples; Nanterre; 92050",
    "contacts": "her sister, 06 39 98 00 11", "pets": "a cat",
}  # fmt: skip
CONDITIONS: list[dict[str, Said]] = [
    {"condition": "grave_danger", "met": "yes"},
    {"condition": "covered_relation", "relation": "former_spouse", "rape": "no"},
    {"condition": "no_cohabitation", "cohabitation": "no"}, {"condition": "consent", "met": "yes"},
    {"condition": "ban", "framework": "judicial_supervision", "since": "2026-11-01",
     "until": "2027-10-31"},
]  # fmt: skip
PAPER = {"evidence": "procedure 2026/0001"}
RELEASE: dict[str, Said] = {"release_on": lambda w: (w.now + timedelta(days=20)).date().isoformat()}
TOLD = {"how": "by_telephone"}

GRANTED = [
    other("refer", Walk.refer),
    of_file("Greta", "add-report", words="He waited at the school.", urgent="yes"),
    of_file("Lea", "assess", weapon="yes"),
    of_file("Lea", "opinion", kind="favourable", reasons=REASONS),
    of_file("Greta", "entrust", association="Another association"),
    then(lambda w: of_file("Greta", "entrust", association=LEAD).perform(w)),
    of_file("Camille", "open"),
    *[of_file("Greta", "record-condition", **one, **PAPER) for one in CONDITIONS],
    of_file("Greta", "describe-restrained-person", name="Hugo FICTIF"),
    of_file("Camille", "ask-for-more", reasons=REASONS),
    then(lambda w: of_file("Camille", "open").perform(w)),
    of_file("Camille", "grant", reasons=REASONS),
]
GIVEN = [
    of_stock("Sofia", "order", pool=POOL, model="Modele A", battery="B1", number="+33639980021"),
    of_handset("Sofia", "receive"),
    of_file("Greta", "reserve", handset=lambda w: w.handset),
    of_file("Greta", "unreserve"),
    then(lambda w: of_file("Greta", "reserve", handset=w.handset).perform(w)),
    of_handset("Sofia", "provision"),
    of_file("Greta", "record-consent", scope="device", agreed="yes"),
    of_file("Greta", "record-consent", scope="geolocation", agreed="no"),
    then(lambda w: w.consent()),
    of_file("Lea", "withdraw-consent", scope="geolocation"),
    of_file("Lea", "write-sheet", **SHEET),
    of_file("Greta", "waive-profile", reasons=REASONS),
    other("the platform has it", Walk.tell_nobody),
    of_file("Lea", "confirm-sheet"),
    then(lambda w: w.press()),
    of_file("Greta", "test"),
    of_file("Greta", "hand-over", identity_checked="yes"),
]
CARRIED = [then(getattr(Walk, name)) for name in (
    "refer", "open", "find", "grant", "reserve", "provision", "consent", "describe", "press",
    "test", "hand_over")]  # fmt: skip
HOLDS = [
    of_file("Camille", "hold", procedure="procedure 2026/0001"),
    of_file("Camille", "end-hold"),
]

STORIES: dict[str, list[Step]] = {
    "from referral to return": [
        *GRANTED, *GIVEN,
        of_file("Lea", "acknowledge-sheet"),
        of_file("Lea", "follow-up", words="She sleeps better."),
        *HOLDS,
        of_file("Camille", "expect-release", **RELEASE),
        of_file("Lea", "tell-release", **TOLD, acknowledged="no"),
        of_file("Lea", "tell-release", **TOLD, acknowledged="yes"),
        of_file("Camille", "suspend", reasons=REASONS, **RELEASE),
        of_file("Camille", "resume", reasons=REASONS),
        then(lambda w: of_file("Lea", "tell-release", **TOLD, acknowledged="yes").perform(w)),
        after(days=170),
        of_file("Camille", "renew", reasons=REASONS),
        of_file("Camille", "withdraw", why="beneficiary_request", reasons=REASONS,
                safety_checked="yes", release_checked="yes"),
        of_file("Greta", "take-back", witness="Lea, Association Exemple"),
        of_file("Greta", "confirm-erased"),
        of_handset("Sofia", "wipe"),
        of_handset("Sofia", "prove-wiped", proof="erased by MDM, report 17"),
        of_handset("Sofia", "restock", tested="yes"),
        Step("purge", lambda w: purge(w.session, w.now), timedelta(days=200)),
    ],
    "missed, lost, replaced, recalled": [
        *CARRIED,
        then(lambda w: w.order("+33639980022")),
        after(days=15, hours=1),
        chase("remind"),
        of_file("Lea", "acknowledge", deadline=deadline_of("test_due")),
        after(days=2),
        chase("a call is due"),
        of_file("Lea", "record-call", reached="no", words="Nobody answers."),
        of_file("Lea", "record-visit", reached="yes", words="She is at her sister's."),
        after(days=4),
        chase("escalate"),
        of_file("Lea", "report-incident", kind="lost", words="In the bus"),
        of_file("Lea", "report-found"),
        of_stock("Sofia", "recall", criterion="battery", value="B1", reasons="It swells."),
        of_handset("Sofia", "lift-recall", why="checked"),
        then(lambda w: w.order("+33639980023")),
        of_file("Greta", "report-incident", kind="broken", words="It fell.",
                replacement=free_one),
        then(lambda w: w.provision()), then(lambda w: w.press()), then(lambda w: w.test()),
        then(lambda w: w.hand_over()),
        after(days=200),
        chase("expire"),
        of_file("Greta", "report-incident", kind="lost", words="She moved house."),
        of_file("Greta", "settle", reasons=REASONS),
        of_handset("Sofia", "receive-back"),
    ],
    "the stock": [
        of_stock("Sofia", "refill", pool=POOL, model="Modele A"),
        of_handset("Sofia", "receive"),
        of_handset("Sofia", "describe", imei="490154203237518", imsi="208010000000001"),
        other("count", count),
        of_handset("Sofia", "transfer", to_pool=OTHER_POOL),
        of_handset("Sacha", "receive"),
        of_handset("Sacha", "report-incident", kind="broken", words="It fell."),
        of_handset("Sacha", "quarantine", why="damaged"),
        of_handset("Sacha", "retire", why="worn_out"),
        of_stock("Sofia", "accept-model", model="Modele C", test="Invented report number 17.",
                 tried="yes"),
        other("import", give_a_list),
        then(enroll),
        of_handset("Sofia", "place", pool=POOL),
    ],
    "the court": [
        other("make court", lambda w: courts.make_court(w.session, "TJ-TIERS", "TJ tiers",
                                                         "Europe/Paris", w.now)),
        other("make pool", lambda w: courts.make_pool(w.session, "TIERS-1", "TJ-TIERS", "Parquet",
                                                       w.now)),
        other("import communes", lambda w: courts.import_communes(w.session, DEMO, w.now)),
        other("clear", clear),
        other("revoke", lambda w: courts.revoke(
            w.session, w.officer("Camille"), newest(w, Clearance, Clearance.begins_at).id, w.now)),
        other("agree", agree),
        other("end agreement", lambda w: agreeing.end_agreement(
            w.session, w.officer("Camille"),
            newest(w, PartnershipAgreement, PartnershipAgreement.begins_at).id, w.now)),
        other("add a text of law", lambda w: law_adding.add_text(
            w.session, said_by(TEXTS[-1]) | {"version": "L9999-1"}, w.now)),
        other("make partner", lambda w: partners.add_partner(
            w.session, "CHU d'Exemple", [NANTERRE], w.now)),
        then(know_its_token),
        other("partner reports", lambda w: partners.report(w.session, "token", {
            "court": NANTERRE, "name": "Ana FICTIVE", "words": "Seen last night.",
            "contact": None, "urgent": True}, w.now, key="1")),
        other("revoke partner", lambda w: partners.revoke_partner(
            w.session, newest(w, Partner, Partner.made_at).id, w.now)),
        other("delegate", delegate),
        other("end delegation", lambda w: delegating.end_delegation(
            w.session, w.officer("Camille"), newest(w, Clearance, Clearance.begins_at).id, w.now)),
    ],
    "to another court": [
        *CARRIED,
        of_file("Camille", "ask-transfer", court=EXAMPLE, reasons=REASONS),
        of_file("Camille", "withdraw-transfer"),
        then(lambda w: w.ask_elsewhere()),
        other("refuse transfer", lambda w: transferring.refuse(
            w.session, w.officer("Paul"), asked(w), REASONS, w.now)),
        then(lambda w: w.ask_elsewhere()),
        other("accept transfer", lambda w: transferring.accept(
            w.session, w.officer("Paul"), asked(w), OTHER_POOL, REASONS, w.now)),
    ],
    "shortened, and kept longer": [
        *CARRIED,
        then(press_and_close),
        *[one(what) for what in Keeping for one in (keep, let_go)],
        of_file("Greta", "record-condition", condition="ban", replaces="yes",
                framework="immediate_provisional_protection_order", since="2026-11-23",
                evidence="order 26/1"),
        of_file("Camille", "shorten", last_day="2027-01-31", reasons=REASONS),
        then(Walk.refer),
        of_file("Camille", "open"),
        of_file("Camille", "refuse", reasons=REASONS),
    ],
    "one woman": [
        then(Walk.refer), then(Walk.open),
        then(lambda w: of_file("Camille", "refuse", reasons=REASONS * 2).perform(w)),
        then(Walk.refer),
        of_file("Greta", "same-person", file=other_number, compared="yes"),
        then(Walk.refer),
        of_file("Greta", "same-person", file=other_number, compared="yes"),
        of_the_first("Greta", "new-file", words="She was seen with a black eye."),
    ],
}  # fmt: skip
"""What each leads to is written in test_every_act_killed.py."""


def look(walk: Walk, step: Step) -> None:
    """The file and the handset that the story is about now: the newest file, and the handset that
    is kept for it, carried, or ordered in this step."""
    walk.session.expire_all()
    found = walk.session.exec(select(CaseFile.id).order_by(col(CaseFile.number).desc())).first()
    walk.file_id = found
    held = found and (
        equipment.preparation(walk.session, file_id=found)
        or equipment.open_allocation(walk.session, file_id=found)
    )
    if step.name in ("stock/order", "stock/refill"):
        walk.handset = newest(walk, Handset, Handset.enrolled_at).id
    elif held:
        walk.handset = held.handset
