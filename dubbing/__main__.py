"""`python -m dubbing` is `dub`."""

from dubbing.cli import main

if __name__ == "__main__":
    main()
