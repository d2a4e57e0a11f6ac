"""What stops the work and a person can mend: the one exception that carries it. Errors of ours are no obstacle."""


class Obstacle(Exception):
    """What is wrong, where, and what to do next, in French: the message is shown as it is, without a trace.

    It reaches the screen, the history of runs and the release: it never quotes a personal or restricted value.
    """
