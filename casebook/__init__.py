"""What every part shares: records, errors, settings, the library facade and the command line."""

__version__ = "0.1.0"
