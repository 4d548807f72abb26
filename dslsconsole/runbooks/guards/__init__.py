"""The guards, one module each: `NEEDED` what must be so, `OVERRIDABLE`, and `judge`, from fresh readings."""
