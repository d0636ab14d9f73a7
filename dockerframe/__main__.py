"""`python -m dockerframe` is the command `dockerframe`."""

from dockerframe.cli import main

if __name__ == "__main__":
    main()
