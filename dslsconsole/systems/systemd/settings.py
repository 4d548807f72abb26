"""What systemd is told to do with a unit: starting at boot, starting again, and waiting for mounts."""

from msgspec import Struct

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, whole


class UnitSettings(Struct, frozen=True):
    """A unit's settings. "" and None: systemd did not tell."""

    unit: str
    load: str
    active: str
    enabled: str
    restart: str = ""
    restart_s: float | None = None
    limit_s: float | None = None
    """StartLimitIntervalSec: within it, so many starts are allowed."""
    limit_burst: int | None = None
    mounts: tuple[str, ...] | None = None
    """RequiresMountsFor."""
    stale: bool = False
    """Its file was changed, and systemd goes by the old one."""

    @property
    def exists(self) -> bool:
        return self.load != "not-found"

    @property
    def starts_at_boot(self) -> bool:
        return self.enabled in ("enabled", "enabled-runtime", "alias")


def parse_settings(text: str) -> tuple[UnitSettings, ...]:
    """The units of `systemctl show`, in the order of their blocks, which is the order they were asked for in.

    Raises:
        Unreadable: no block tells a LoadState.
    """
    found = []
    for block in text.lstrip("\ufeff").replace("\r", "").split("\n\n"):
        values = dict(line.strip().split("=", 1) for line in block.split("\n") if "=" in line)
        if "LoadState" in values:
            found.append(_settings(values))
    if not found:
        raise Unreadable(f"it tells no LoadState: {clean(text, 80) or 'nothing at all'}")
    return tuple(found)


def _settings(values: dict[str, str]) -> UnitSettings:
    def said(key: str) -> str:
        return clean(values.get(key, ""), 200)

    return UnitSettings(
        unit=said("Id"),
        load=said("LoadState"),
        active=said("ActiveState"),
        enabled=said("UnitFileState"),
        restart=said("Restart"),
        restart_s=span_of(values.get("RestartUSec", "")),
        limit_s=span_of(values.get("StartLimitIntervalUSec", "")),
        limit_burst=whole(values.get("StartLimitBurst")),
        mounts=tuple(clean(values["RequiresMountsFor"], 4000).split()) if "RequiresMountsFor" in values else None,
        stale=values.get("NeedDaemonReload") == "yes",
    )


_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def span_of(text: str) -> float | None:
    """Seconds of systemd's own writing, `1min 30s` or `100ms`; None for `infinity` and for what is no time."""
    total = 0.0
    for part in text.split()[:8]:
        digits = part.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = part[len(digits) :]
        if not digits.replace(".", "", 1).isdigit() or not digits.isascii() or len(digits) > 12:
            return None
        if unit not in _UNITS and not (unit == "" and digits.strip("0.") == ""):
            return None
        total += float(digits) * _UNITS.get(unit, 1.0)
    return total if text.strip() else None
