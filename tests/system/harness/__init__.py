"""The real programs of a site as Python objects, one class each, and waits on their states."""
