"""`python -m tgd.cli …` is `tgd …`, for those who start us without an installed command."""

from tgd.cli import main

if __name__ == "__main__":
    main()
