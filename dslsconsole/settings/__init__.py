"""The estate file: its schema, and loading it with the line and column of every error."""

from dslsconsole.settings.editor_schema import json_schema
from dslsconsole.settings.findings import ConfigurationError, Finding, NoEstate
from dslsconsole.settings.loading import load
from dslsconsole.settings.locations import expand, locate, user_estate_file
from dslsconsole.settings.schema import Estate

__all__ = [
    "ConfigurationError",
    "Estate",
    "Finding",
    "NoEstate",
    "expand",
    "json_schema",
    "load",
    "locate",
    "user_estate_file",
]
