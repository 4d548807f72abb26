"""The HA configuration's own check: one small rule a finding."""
