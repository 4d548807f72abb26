"""`python -m dslsconsole`: the same as the installed command."""

from dslsconsole.cli import main

if __name__ == "__main__":
    main()
