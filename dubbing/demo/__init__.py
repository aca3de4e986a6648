"""A small Mandarin series made from text: to try the service without a film, and to test it with the truth known.

`python -m dubbing.demo --out build/demo` makes it. The scene is data, in configs/demo; Kokoro speaks it.
"""
