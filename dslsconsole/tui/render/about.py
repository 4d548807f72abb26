"""What F1 says of the screen that is shown: what stands there, what its signs mean, and which keys help."""

from dslsconsole.tui.render.cells import GLYPHS, Cell, Row, Sheet, Tone

SIGNS = (
    (Tone.OK, "as it should be"),
    (Tone.WARNING, "look at it soon"),
    (Tone.CRITICAL, "users are without licences, or about to be"),
    (Tone.UNKNOWN, "not known: never taken for good"),
    (Tone.MUTED, "configured, and not in use"),
)
GREY = (
    "What is grey is what was last known; “late” says how old it is. A dash is nothing, a question mark is not known."
)
ABOUT: dict[str, tuple[str, ...]] = {
    "cluster": (
        "The first line says whether licences are served, by whom and with how many votes; the second says it in "
        "a sentence. Each of the six panels is of one cluster; Tab goes from one to the next and Enter shows it "
        "alone.",
        "To act: a arms the console, a capital letter chooses what, and the cluster's name is typed after the "
        "plan was read. Nothing runs by a single key.",
    ),
    "nodes": (
        "The licence servers of the main site as they are now. “role” is what a server says of itself, and not "
        "what the estate file wishes; “service” is its systemd unit; “lag” is how far a backup's tokens are "
        "behind.",
        "Enter shows all that is known of one: what it sees of its peers, its mounts, its clock, what happened to it.",
    ),
    "pools": (
        "Tokens as the primary counts them: how many are in use, free and waited for, and the last hour, a minute "
        "a column. A row “sync” tells whether the other servers hold the same state.",
        "Enter shows a pool's hour plotted, with a forecast of when it is used up, and its features.",
    ),
    "balancers": (
        "A row a server, a column a load balancer: they must agree. ≠ marks a row where they do not. “via” says "
        "how each was read: by its runtime socket or by the statistics page.",
        "HAProxy's checks know no roles: a backup in waiting is UP too. Enter shows after how many checks a "
        "server is marked down or up.",
    ),
    "dr": (
        "Could the other site take over, and what would be lost: when its copy was last verified, how far it is "
        "behind, and where the DNS record sends users.",
    ),
    "alerts": (
        "What is wrong now, the worst first: since when, → what to do, and the readings it rests on. Enter goes "
        "to the host, pool or server it is about. An alert ends by itself when its cause has ended. ≤ before a time: "
        "it held already when reading began.",
    ),
    "log": (
        "The journal: who did what and how it ended, every step written down before it ran. Enter shows the whole "
        "operation of a line; “dslsconsole journal export” tells it to others.",
    ),
    "estate": ("All clusters of the estate file, the worst first. Enter goes to one; [ and ] go to the one beside.",),
    "audit": (
        "Will high availability work when it is needed? Each finding says why it matters and → what to write "
        "where. What could not be read is a finding too. 9 looks again.",
    ),
    "events": (
        "What changed while this console looked, in the order of the readings: roles, services, servers on load "
        "balancers, addresses, alerts. Enter goes to what it was of; g goes to the newest from anywhere.",
    ),
    "node": (
        "All that is known of one licence server; a part that is late says how old it is, and one that could not "
        "be read says why. Below, the newest first, what happened to it while this console looked.",
    ),
    "pool": (
        "One token pool: its last hour, a minute a column, against all of it. The forecast goes by the pace of "
        "the last half hour; a dot is a minute of which nothing is known.",
    ),
    "server": (
        "One server as each load balancer has it. “verdict” is after how many checks it changes its state, by "
        "HAProxy's fall and rise.",
    ),
    "plan": (
        "What would be done, and nothing has been done yet. Guards come first: each with what was read, what is "
        "needed and → what to do. Then what it means for users, and every step with its host, its exact command "
        "and how it is taken back.",
        "To run it, type the name that is asked for and press Enter. The name of a failed guard that may be "
        "accepted overrides it, and says so in the journal; NAME=VALUE changes what the runbook asks for; Ctrl-R "
        "reads all again.",
        "r rehearses it: a practice estate on this machine begins as the cluster stands now, and the same runbook runs "
        "on it, step by step. It is a model, and the real servers may do otherwise.",
    ),
    "rehearsal": (
        "How the runbook went on a practice estate that began as the cluster stood: each step with its outcome and "
        "how long it took there. Nothing real was asked to change. Where the model is not like the cluster, or its "
        "plan is another one, that is said with ▲.",
    ),
    "run": (
        "An operation step by step: each is written to the journal before it runs and read back after. Esc stops "
        "it between two steps, once that was typed; leaving this dialog or the console does not stop it.",
    ),
}
"""By the name of a panel, of what Enter goes into, or of a dialog."""


def about(name: str, title: str, keys: tuple[tuple[str, str], ...] = ()) -> Sheet:
    """What there is to know of one screen. `keys` are those that do something there, and what."""
    rows = [_text(f"about {n}", text) for n, text in enumerate(ABOUT[name])]
    rows.append(_text("grey", GREY, Tone.MUTED))
    rows += [
        Row(f"sign {tone}", (Cell(GLYPHS[tone], tone), Cell(f" {what}", Tone.TEXT)), spans=True, indent=2)
        for tone, what in SIGNS
    ]
    rows += [
        Row(f"key {key}", (Cell(f"{key:<6}", Tone.ACCENT), Cell(what)), spans=True, indent=2) for key, what in keys
    ]
    return Sheet(f"About · {title}", (), tuple(rows))


def _key(key: str, what: str) -> Row:
    return Row(f"key {key}", (Cell(f"{key:<6}", Tone.ACCENT), Cell(what)), spans=True, indent=2)


def _text(key: str, text: str, tone: Tone = Tone.TEXT) -> Row:
    return Row(key, (Cell(text, tone),), spans=True, wraps=True, indent=1)
