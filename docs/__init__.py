"""What the docs take from the code; see `_generate.py`."""
