"""How the shell prints a value so that it can be read again."""


def quoted(text: str) -> str:
    """The text in single quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
