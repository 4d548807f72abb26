"""The guards, one module each: `NEEDED` what must be so, `OVERRIDABLE`, and `judge` which answers from fresh readings."""
