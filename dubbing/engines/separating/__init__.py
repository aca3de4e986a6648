"""Engines that take the dialogue out of a soundtrack."""
