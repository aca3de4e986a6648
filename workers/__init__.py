"""The queue: Celery on RabbitMQ, and the pipeline's messages. No logic: without it, the product works on
one machine."""
