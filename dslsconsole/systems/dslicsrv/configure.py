"""Settings of a licence server: academic pools and calendar, and how load is distributed.

The command line tells no setting back, so that the server printed `Configured: …` is all that can be known of it.
"""

from collections.abc import Mapping
from functools import partial

from dslsconsole.systems.acting import Action, Call, command_action

CONFIGURE_SECONDS = 15.0
_SETTINGS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "academic-ha": (
        "-configure-academic-ha",
        {
            "primary_pool": "--primary-pool",
            "backup_pool": "--backup-pool",
            "sync_interval": "--sync-interval",
            "failover_priority": "--failover-priority",
        },
    ),
    "academic-calendar": (
        "-academic-calendar-sync",
        {
            "start": "--semester-start",
            "end": "--semester-end",
            "enrollment": "--enrollment-sync",
            "courses": "--course-schedule-sync",
        },
    ),
    "load-balancing": (
        "-configure-load-balancing",
        {
            "algorithm": "--algorithm",
            "weights": "--weights",
            "health_check_interval": "--health_check_interval",
            "failover_threshold": "--failover_threshold",
        },
    ),
    "academic-balancing": (
        "-configure-academic-balancing",
        {"course_hours": "--course_hours", "research_hours": "--research_hours", "off_hours": "--off_hours"},
    ),
}
"""By the word that the server answers with: the command, and which argument of a step is which option."""


def _command(setting: str, call: Call) -> str:
    verb, options = _SETTINGS[setting]
    words = [word for argument, option in options.items() for word in (option, call[argument])]
    return call.ground.licence_server(verb, *words, seconds=CONFIGURE_SECONDS)


def _configure(setting: str) -> Action:
    return command_action(partial(_command, setting), timeout=CONFIGURE_SECONDS + 3, expect=f"Configured: {setting}")


ACTIONS = {f"configure-{setting}": _configure(setting) for setting in _SETTINGS}
