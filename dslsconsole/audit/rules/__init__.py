"""The audit's rules, one module each, found by their names: a module here with a function `rule` is one."""
