# One image for every process of an installation; the command says which one:
#
#   docker build -t facsweb .
#   docker run … facsweb                                       the web server
#   docker run … facsweb worker | recovery | migrate | …       any other command of manage.py
#
# Build arguments: ACCELERATOR=cuda for graphics processors, BASE=python:3.11-slim-bookworm@sha256:… for a base that
# stays the same, VERSION and REVISION for the labels. An index of packages of your own comes as a secret, which is in
# no layer: --secret id=pip,src=pip.conf. compose.yaml runs it all, docs/deploy.md says how, and tests/image carries
# out these very steps without Docker. What changes rarely stands first.
ARG BASE=python:3.11-slim-bookworm
ARG ACCELERATOR=cpu

# --- packages: what runs and nothing else, each by its hash; the environment holds no pip ------------------------
FROM ${BASE} AS packages-cpu
RUN python -m venv --without-pip /venv
COPY requirements.image.lock /
# The date makes compiled modules that are the same in every build and hold for any time stamp of their sources.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    SOURCE_DATE_EPOCH=315532800 python -m pip --python /venv/bin/python install --disable-pip-version-check \
    --root-user-action=ignore --no-deps --require-hashes --requirement /requirements.image.lock

# onnxruntime for CUDA, with NVIDIA's libraries, in the place of the one for processors.
FROM packages-cpu AS packages-cuda
COPY requirements.cuda.lock /
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    python -m pip --python /venv/bin/python uninstall --root-user-action=ignore --yes onnxruntime \
    && SOURCE_DATE_EPOCH=315532800 python -m pip --python /venv/bin/python install --disable-pip-version-check \
    --root-user-action=ignore --no-deps --require-hashes --requirement /requirements.cuda.lock

FROM packages-${ACCELERATOR} AS packages

# --- the face models: fetched, converted, checked; again only when what makes them changes ------------------------
FROM packages-cpu AS models
WORKDIR /build
COPY analysis/__init__.py analysis/types.py analysis/
COPY analysis/models analysis/models
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    PYTHONPATH=$(/venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") FACSWEB_MODELS=/models \
    python -c "from analysis.models import install; install()" && chmod -R u=rwX,go=rX /models

# --- the program: readable for everybody, writable for nobody, compiled, its static files collected ---------------
FROM packages-cpu AS program
WORKDIR /app
COPY . .
RUN chmod -R u=rwX,go=rX . \
    && python -m compileall -q --invalidation-mode checked-hash analysis facsweb manage.py
# In production's way: compressed, beside the code. The values only let the settings load.
RUN FACSWEB_ENV=production SECRET_KEY=build ALLOWED_HOSTS=localhost DATABASE_URL=sqlite:////tmp/build.sqlite3 \
    REDIS_URL=redis://localhost FACSWEB_DATA=/tmp/build /venv/bin/python manage.py collectstatic --noinput --verbosity 0

# --- what runs ---------------------------------------------------------------------------------------------------
FROM ${BASE}
RUN groupadd --gid 10001 facsweb \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin facsweb \
    && install -d -m 0700 -o 10001 -g 10001 /data
COPY --from=packages /venv /venv
# Where NVIDIA's libraries lie, if they are there.
RUN find /venv -maxdepth 7 -type d -path '*/nvidia/*/lib' > /etc/ld.so.conf.d/facsweb.conf && ldconfig
COPY --from=models /models /models
COPY --from=program /app /app
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="facsweb" \
      org.opencontainers.image.description="Browser-based review of machine-proposed FACS codes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Only /data and /tmp are written to: the rest may be mounted read-only.
ENV PATH=/venv/bin:$PATH FACSWEB_ENV=production FACSWEB_MODELS=/models FACSWEB_DATA=/data HOME=/tmp \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "facsweb.processes.health", "8000"]
ENTRYPOINT ["python", "manage.py"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]
