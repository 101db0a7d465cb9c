# Build: docker build -t facsweb .      Run: see docs/deploy.md
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY . .
ENV FACSWEB_MODELS=/models
RUN /venv/bin/python -m analysis models install --quiet
# In production's way: compressed, beside the code. The values only let the settings load.
RUN FACSWEB_ENV=production SECRET_KEY=build ALLOWED_HOSTS=localhost DATABASE_URL=sqlite:////tmp/build.sqlite3 \
    REDIS_URL=redis://localhost FACSWEB_DATA=/tmp/build /venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 facsweb && install -d -o facsweb /data
COPY --from=build /venv /venv
COPY --from=build /models /models
COPY --from=build /app /app
WORKDIR /app
USER facsweb
ENV PATH=/venv/bin:$PATH FACSWEB_MODELS=/models FACSWEB_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-m", "facsweb.processes.health", "8000"]
CMD ["sh", "-c", "python manage.py migrate --noinput && exec python manage.py serve --host 0.0.0.0 --port 8000"]
