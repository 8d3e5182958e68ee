"""`python -m genhub.cli`"""

import sys

from genhub.cli import main

if __name__ == "__main__":
    sys.exit(main())
