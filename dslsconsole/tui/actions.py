"""The one registry of what can be done. Keys, footer, palette, help and read-only mode all derive from it."""

from enum import StrEnum

from msgspec import Struct


class Guard(StrEnum):
    """What must hold before an action works."""

    NONE = "none"
    CAN_ACT = "can-act"
    """Absent from a read-only console."""
    ARMED = "armed"
    """Absent from a read-only console, and disabled until the console is armed for the cluster."""


class Place(StrEnum):
    """Where an action belongs."""

    EVERYWHERE = "everywhere"
    CLUSTER = "cluster"
    WALLBOARD = "wallboard"
    REPLAY = "replay"
    """Only while a recording is played."""


class Action(Struct, frozen=True):
    id: str
    key: str
    label: str
    """For the footer: a word or two."""
    description: str
    """For help and the palette: a sentence."""
    guard: Guard = Guard.NONE
    place: Place = Place.CLUSTER
    footer: int = 0
    """Its weight in the footer; 0 keeps it out."""
    shown_key: str = ""
    runbook: str = ""

    @property
    def name_of_key(self) -> str:
        return self.shown_key or self.key.split(",")[0]


ACTIONS = (
    Action(
        "arm",
        "a",
        "arm",
        "Arm the console for this cluster, or disarm it. Ends by itself after 10 minutes.",
        Guard.CAN_ACT,
        footer=8,
    ),
    Action(
        "failover",
        "F",
        "failover",
        "Move the service to the backup: planned while the primary is alive, emergency when it is not.",
        Guard.ARMED,
        footer=7,
        runbook="failover",
    ),
    Action(
        "failback",
        "B",
        "failback",
        "Give the service back to the node that is configured as primary.",
        Guard.ARMED,
        footer=4,
        runbook="failback",
    ),
    Action(
        "token-sync",
        "T",
        "sync tokens",
        "Synchronise the token state from the primary to the backup.",
        Guard.ARMED,
        footer=6,
        runbook="token-sync",
    ),
    Action(
        "force-sync",
        "Y",
        "force sync",
        "Overwrite a server's token state with another's. The last resort.",
        Guard.ARMED,
        footer=2,
        runbook="force-sync",
    ),
    Action(
        "dr-sync",
        "D",
        "sync DR",
        "Copy licences and state to the DR site now.",
        Guard.ARMED,
        footer=5,
        runbook="dr-sync",
    ),
    Action(
        "dr-activate",
        "A",
        "activate DR",
        "Let the DR site serve. For when the main site is lost.",
        Guard.ARMED,
        footer=3,
        runbook="dr-activate",
    ),
    Action(
        "dr-return",
        "R",
        "return from DR",
        "Bring the service back from the DR site to the main site.",
        Guard.ARMED,
        footer=2,
        runbook="dr-return",
    ),
    Action(
        "runbooks",
        "X",
        "runbooks",
        "Choose any other runbook: load balancers, services, settings, and the site's own.",
        Guard.ARMED,
    ),
    Action(
        "stop", "S", "stop run", "Ask the running operation to stop after its current step.", Guard.CAN_ACT, footer=1
    ),
    Action(
        "operation",
        "o",
        "operation",
        "Look at the operation that runs or was cut off: follow it, stop it, or take it up.",
        footer=8,
    ),
    Action("estate", "1", "estate", "Show every cluster of the estate, the worst first; Enter goes to one."),
    Action("cluster", "2", "cluster", "Show all six panels."),
    Action("nodes", "3", "nodes", "Show the nodes alone, with more of each."),
    Action("pools", "4", "tokens", "Show the token pools alone, with their features."),
    Action("balancers", "5", "load balancers", "Show the load balancers alone, with what the checks said."),
    Action("dr", "6", "DR", "Show the DR site alone."),
    Action("alerts", "7", "alerts", "Show the alerts alone, with evidence and advice."),
    Action("log", "8", "log", "Show the action log alone."),
    Action(
        "audit", "9", "audit", "Look at how high availability is set up: each finding with why and what to write where."
    ),
    Action(
        "inspect",
        "r",
        "read closely",
        "Read what is only read on demand: a node's log and configuration file, who holds licences of a pool.",
    ),
    Action("events", "e", "events", "Show what happened while this console looked; Enter goes to where it did."),
    Action(
        "zoom", "z", "zoom", "Show the panel that has the keys alone, or all of them again.", footer=3, shown_key="z"
    ),
    Action("previous-cluster", "left_square_bracket", "previous", "Go to the previous cluster.", shown_key="["),
    Action("next-cluster", "right_square_bracket", "next", "Go to the next cluster.", shown_key="]"),
    Action(
        "filter", "slash", "filter", "Show only the rows of a panel that contain some words.", footer=4, shown_key="/"
    ),
    Action("sort", "s", "sort", "Sort the panel by its next column; after the last as it was."),
    Action("invert", "i", "invert", "Turn the order of a sorted panel round."),
    Action("latest", "g", "latest", "Go to what changed last."),
    Action("copy", "y", "copy row", "Copy the row to the clipboard of your own terminal, over SSH too (OSC 52)."),
    Action("copy-panel", "w", "copy panel", "Copy the whole panel there, also what is not in sight."),
    Action("clock", "u", "local times", "Show times as clocks go here, or in UTC again."),
    Action("theme", "c", "colours", "Choose the colour theme.", place=Place.EVERYWHERE),
    Action(
        "help",
        "question_mark",
        "help",
        "Show every key and what it does.",
        place=Place.EVERYWHERE,
        footer=9,
        shown_key="?",
    ),
    Action(
        "about",
        "f1",
        "about",
        "Say what the screen shows, what its signs mean and which keys do something there.",
        shown_key="F1",
    ),
    Action(
        "palette", "colon", "commands", "Find a command by its name.", place=Place.EVERYWHERE, footer=6, shown_key=":"
    ),
    Action(
        "redraw",
        "ctrl+l",
        "draw anew",
        "Draw the whole screen again, where something else has written on it.",
        place=Place.WALLBOARD,
        shown_key="Ctrl+L",
    ),
    Action(
        "quit",
        "q,ctrl+q,ctrl+c",
        "quit",
        "Leave the console. A running operation goes on.",
        place=Place.WALLBOARD,
        footer=9,
    ),
    Action("play", "p", "play", "Play the recording, or pause it.", place=Place.REPLAY, footer=9),
    Action(
        "faster", "plus", "faster", "Play twice as fast, up to 64 times.", place=Place.REPLAY, footer=7, shown_key="+"
    ),
    Action(
        "slower",
        "minus",
        "slower",
        "Play half as fast, down to a quarter.",
        place=Place.REPLAY,
        footer=7,
        shown_key="-",
    ),
    Action(
        "next-event",
        "full_stop",
        "event",
        "Go to the next thing that changed.",
        place=Place.REPLAY,
        footer=6,
        shown_key=".",
    ),
    Action("next-alert", "n", "alert", "Go to the next alert that was raised.", place=Place.REPLAY, footer=6),
    Action("next-operation", "m", "operation", "Go to the next step of an operation.", place=Place.REPLAY, footer=5),
    Action(
        "next-note",
        "semicolon",
        "next note",
        "Go to the next note on it.",
        place=Place.REPLAY,
        shown_key=";",
    ),
    Action(
        "note",
        "comma",
        "note",
        "Take a note on this moment, into a file beside the recording.",
        place=Place.REPLAY,
        footer=4,
        shown_key=",",
    ),
    Action("back", "b", "back 10 s", "Go back by ten seconds.", place=Place.REPLAY, footer=5),
    Action("jump", "t", "jump", "Go to a time.", place=Place.REPLAY, footer=6),
    Action("idle", "x", "skip idle", "Skip stretches in which nothing happened, or play them too.", place=Place.REPLAY),
    Action("follow", "0", "follow", "Look again at what the operator looked at.", place=Place.REPLAY, footer=4),
    Action(
        "suspend", "ctrl+z", "suspend", "Go to the shell; `fg` comes back.", place=Place.EVERYWHERE, shown_key="Ctrl+Z"
    ),
)


def offered(*, read_only: bool, wallboard: bool = False, replay: bool = False) -> tuple[Action, ...]:
    """The actions there are. What a read-only console must not do is not among them at all."""
    known = tuple(action for action in ACTIONS if replay or action.place is not Place.REPLAY)
    if wallboard:
        return tuple(action for action in ACTIONS if action.place is Place.WALLBOARD)
    return tuple(action for action in known if not read_only or action.guard is Guard.NONE)


KEYED = frozenset(one.runbook for one in ACTIONS if one.runbook)
"""Runbooks that have a key of their own."""


def for_runbook(name: str, title: str) -> Action:
    """The action that runs a runbook without a key of its own: chosen by the key of all such, or in the palette."""
    chooser = action("runbooks")
    return Action(f"run {name}", "", name, title, Guard.ARMED, shown_key=chooser.key, runbook=name)


def action(identity: str) -> Action:
    """The action with this id.

    Raises:
        KeyError: there is none.
    """
    for known in ACTIONS:
        if known.id == identity:
            return known
    raise KeyError(identity)


def why_disabled(
    one: Action, *, armed: bool, running: str | None, stoppable: bool = False, arm_key: str = "a"
) -> str | None:
    """A sentence that says why an action does not work now; None where it works.

    `running` is what this console runs, in words; `stoppable` is whether that, or what another process runs, can be
    asked to stop.
    """
    if one.guard is Guard.ARMED and running is not None:
        return f"{one.name_of_key} {one.label} waits until {running} has ended"
    if one.guard is Guard.ARMED and not armed:
        return f"{one.name_of_key} {one.label} needs the console armed for this cluster: press {arm_key}"
    if one.id == "stop" and not stoppable:
        return "nothing is running that could be stopped"
    return None
