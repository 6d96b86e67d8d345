"""From a withdrawal back to the stock: her safety looked at, a witness, a proof, a test."""

from tests.acts.allocating import (
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
    state,
)
from tests.walking import REASONS
from tgd.allocation import deciding, returning
from tgd.allocation.acting import NotYet
from tgd.rules.allocation import EndReason
from tgd.rules.guards import Missing
from tgd.store.identities import proofs_of


def test_a_withdrawal_looks_at_her_safety_and_at_his_release(walk):
    walk.until("hand_over")

    def withdraw(why=EndReason.BENEFICIARY_REQUEST, **checked):
        return deciding.withdraw(
            walk.session, walk.officer("Camille"), walk.id, why, REASONS, walk.now, **checked
        )

    told = withdraw(safety_checked=False, release_checked=False)
    assert told == NotYet((Missing.SAFETY_CHECK, Missing.RELEASE_CHECKED))
    told = withdraw(EndReason.RULES_BREACH, safety_checked=True, release_checked=True)
    assert told == NotYet((Missing.COMMITTEE_OPINION,))
    assert walk.file().state == "active"
    withdraw(safety_checked=True, release_checked=True)
    assert state(walk) == ("withdrawn", "return_due")
    assert open_kinds(walk) == {"return_due"}


def test_what_was_granted_and_never_handed_over_is_closed_and_the_handset_is_free(walk):
    walk.until("provision")
    walk.withdraw()
    assert state(walk) == ("closed", "in_stock")
    assert walk.file().purge_at is not None


def test_a_handset_is_taken_back_with_a_witness_and_not_during_an_alert(walk):
    walk.until("withdraw")
    greta = walk.officer("Greta")
    walk.press("press")
    told = returning.take_back(walk.session, greta, walk.id, " ", walk.now)
    assert told == NotYet((Missing.WITNESS, Missing.ALERT_OPEN))
    assert state(walk) == ("withdrawn", "return_due")


def test_an_erasure_needs_its_proof_and_a_handset_its_test(walk):
    walk.until("wipe")
    sofia = walk.officer("Sofia")
    told = returning.prove_wiped(walk.session, sofia, walk.handset, "done", walk.now)
    assert told == NotYet((Missing.WIPE_PROOF,))
    walk.prove()
    told = returning.back_to_stock(walk.session, sofia, walk.handset, walk.now, tested=False)
    assert told == NotYet((Missing.RESTOCK_TEST,))
    assert state(walk) == ("closed", "refurbished")


def test_after_its_erasure_an_older_certificate_proves_nothing(walk):
    walk.until("take_back")
    (before,) = proofs_of(walk.session, walk.handset).certified.items()
    assert before == (walk.handset, None)
    walk.wipe()
    assert proofs_of(walk.session, walk.handset).certified == {walk.handset: walk.now}
    assert proofs_of(walk.session, walk.handset).secrets == {}
