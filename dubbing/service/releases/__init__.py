"""Where releases lie, and what is known of one without its videos."""
