# The hosted gateway: web server, worker and scheduler, one process each; docker-compose.yml says which and with what.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    VAR=/var/lib/okpay \
    LISTEN=0.0.0.0

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin okpay \
    && install --directory --owner=okpay --group=okpay --mode=700 /var/lib/okpay

WORKDIR /app
COPY requirements/hosted.txt requirements/hosted.txt
RUN pip install --require-hashes --requirement requirements/hosted.txt
COPY . .

USER okpay
VOLUME /var/lib/okpay
EXPOSE 8000
CMD ["gunicorn", "--config", "python:okpay_gateway.webserver"]
