"""What the pipeline and webhooks are told, and in which words."""
