"""Engines that tell who speaks when."""
