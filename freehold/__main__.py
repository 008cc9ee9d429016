"""`python -m freehold`: the command `freehold`."""

from freehold.commands.main import main

if __name__ == "__main__":
    main(prog_name="freehold")
