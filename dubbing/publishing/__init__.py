"""Giving it back: the localized release and its report."""
