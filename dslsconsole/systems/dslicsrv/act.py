"""What can be done to licence servers, and what can be asked of them, by name."""

from dslsconsole.systems.acting import Check
from dslsconsole.systems.dslicsrv import configure, seen
from dslsconsole.systems.dslicsrv.checkout import TEST_CHECKOUT
from dslsconsole.systems.dslicsrv.demote import DEMOTE
from dslsconsole.systems.dslicsrv.last_state import BRING_OVER, HAND_OVER, handed_over, nothing_left_behind
from dslsconsole.systems.dslicsrv.promote import PROMOTE, still_dead
from dslsconsole.systems.dslicsrv.serve_again import SERVE_AGAIN, serves_again
from dslsconsole.systems.dslicsrv.standing import role_is, server_answers, stopped_for_certain
from dslsconsole.systems.dslicsrv.sync import sync_action, tokens_in_sync, tokens_pushed

ACTIONS = {
    "sync-tokens": sync_action("-sync-tokens", "Sync: OK"),
    "force-sync-tokens": sync_action("-force-sync", "Sync: FORCED"),
    "bring-over-last-state": BRING_OVER,
    "hand-over-state": HAND_OVER,
    "demote": DEMOTE,
    "promote": PROMOTE,
    "serve-again": SERVE_AGAIN,
    "test-checkout": TEST_CHECKOUT,
} | configure.ACTIONS
CHECKS: dict[str, Check] = seen.CHECKS | {
    "stopped-for-certain": stopped_for_certain,
    "still-dead": still_dead,
    "role-is": role_is,
    "nothing-left-behind": nothing_left_behind,
    "state-handed-over": handed_over,
    "tokens-in-sync": tokens_in_sync,
    "tokens-pushed": tokens_pushed,
    "server-answers": server_answers,
    "serves-again": serves_again,
}
