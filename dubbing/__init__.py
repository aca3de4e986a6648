"""Subtitles and dubs for mini-series: a release goes in, a localized release comes out."""

__version__ = "0.1.0"
