"""`python app.py`: the web application on the bundled collection. Everything it calls lives below."""

import sys

from casebook.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
