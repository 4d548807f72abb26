"""The engine (plan, guards, lock, steps, undo) and the built-in runbooks."""
