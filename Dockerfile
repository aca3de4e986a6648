# One image for every part of the service: `dub serve`, `dub worker`, `dub sweep`, `dub messages listen`.
FROM python:3.11-slim-bookworm

RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ffmpeg espeak-ng fonts-wqy-microhei util-linux \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/dubbing
# Packages before the code: they are large, and change less often.
COPY requirements/local.txt requirements/service.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/local.txt \
    && pip install --no-cache-dir --require-hashes --no-deps -r requirements/service.txt
COPY pyproject.toml README.md LICENSE ./
COPY configs configs
COPY voices voices
COPY dubbing dubbing
COPY workers workers
RUN pip install --no-cache-dir --no-deps .

# Nothing of it needs root. What can be made again lies in /cache, releases in /releases.
RUN useradd --uid 10001 --create-home dubbing && mkdir -p /cache /releases && chown dubbing /cache /releases
USER dubbing
ENV DUBBING_CACHE=/cache PYTHONUNBUFFERED=1
ENTRYPOINT ["dub"]
CMD ["--help"]
