"""The rules, one module each: its name is the alert's id, and its function `rule` makes the rule."""
