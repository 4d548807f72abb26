"""What a close look at a node told, as the console knows it."""

from msgspec import Struct

from dslsconsole.model.inspection import Inspection


class Inspected(Struct, frozen=True):
    """What is known of a node from close by: the last look, and whether another is on its way."""

    inspection: Inspection | None = None
    failure: str | None = None
    running: bool = False
