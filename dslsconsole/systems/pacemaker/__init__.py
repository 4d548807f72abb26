"""Pacemaker, which runs the storage of clusters on GFS2."""
