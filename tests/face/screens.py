"""`python -m tests.face.screens [words]`: take the pictures of docs/screens anew; words choose pages, as pytest's -k."""

import os
import sys

import pytest

if __name__ == "__main__":
    os.environ["SCREENS"] = os.environ.get("SCREENS", "docs/screens")
    chosen = ["-k", " or ".join(sys.argv[1:])] if sys.argv[1:] else []
    sys.exit(pytest.main(["-q", "-x", "tests/face/test_pages.py", "tests/face/test_pages_too.py", *chosen]))
