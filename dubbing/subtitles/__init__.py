"""From what is said, and when, to subtitles that keep the rules of a language."""
