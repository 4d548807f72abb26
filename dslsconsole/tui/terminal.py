"""Is there still a terminal? Where SIGHUP never comes, nobody else tells."""

import select


def gone(descriptor: int) -> bool:
    """Whether the far end of a terminal has been closed.

    A program whose SIGHUP is ignored (`nohup`, some supervisors) would otherwise read its end for ever.
    """
    watch = select.poll()
    watch.register(descriptor, 0)  # POLLHUP, POLLERR and POLLNVAL are always told
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in watch.poll(0))
