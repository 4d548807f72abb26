"""How a file becomes a program: scripts on the host's file system."""

from dslsconsole.lab.host import Call


async def run_file(call: Call) -> int:
    """Run a script file of the host by its shell; 127 where there is none, 126 where it may not be run."""
    await call.stderr.write(f"sh: 1: {call.argv[0]}: not found\n".encode())
    return 127
