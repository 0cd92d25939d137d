"""`python -m seqloom.cli`: the command line without the installed script."""

from seqloom.cli.main import main

if __name__ == "__main__":
    main()
