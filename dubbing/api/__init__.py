"""The REST API: what people and programs see of the service. It decides nothing that the desk can decide."""

from dubbing.api.app import create_app

__all__ = ["create_app"]
