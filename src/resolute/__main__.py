"""`python -m resolute` is the command `resolute`."""

import sys

from resolute.cli.main import main

sys.exit(main())
