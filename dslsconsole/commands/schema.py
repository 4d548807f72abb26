"""`dslsconsole schema`: the estate file's JSON Schema, for editors."""

import json

import click


@click.command(epilog="Example: dslsconsole schema > estate.schema.json")
def command() -> None:
    """Print the estate file's JSON Schema, for editors.

    With `# yaml-language-server: $schema=estate.schema.json` in an estate file's first line, an editor completes its
    keys and shows what each is for.
    """
    from dslsconsole.settings import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
