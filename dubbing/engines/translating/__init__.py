"""Engines that translate lines, and what they share: routes, glossaries, checks."""
