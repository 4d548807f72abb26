"""Alert rules, one module each, and the board that gives them hysteresis."""
