FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/yinzheng
COPY requirements.lock ./
RUN pip --python /opt/yinzheng/bin/python install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY store store
COPY keys keys
COPY seal seal
COPY trust trust
COPY wallet wallet
COPY verify verify
COPY api api
COPY migrations migrations
COPY examples examples
COPY yinzheng yinzheng
# The lock holds what builds the project too; the image has no use for it once that is done.
RUN pip --python /opt/yinzheng/bin/python install --no-cache-dir --no-deps --no-build-isolation . && \
    pip --python /opt/yinzheng/bin/python uninstall --yes editables hatchling trove-classifiers && \
    /opt/yinzheng/bin/python -m compileall -q /opt/yinzheng/lib

FROM python:3.12-slim-bookworm
# Noto CJK holds both a Song (Serif) and a Hei (Sans) face; an official layout wants the first.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends fonts-noto-cjk && \
    rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 yinzheng && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/yinzheng --shell /usr/sbin/nologin yinzheng && \
    install --directory --owner yinzheng --group yinzheng --mode 0700 /var/lib/yinzheng /var/backups/yinzheng
COPY --from=build /opt/yinzheng /opt/yinzheng
ENV PATH=/opt/yinzheng/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    YINZHENG_ENVIRONMENT=production \
    YINZHENG_VAR=/var/lib/yinzheng \
    YINZHENG_FONT_PATHS=/usr/share/fonts/opentype/noto \
    YINZHENG_HOST=0.0.0.0 \
    YINZHENG_PORT=8000
# All that is kept lies in these; the rest of the file system may be read only, with a small /tmp.
VOLUME /var/lib/yinzheng /var/backups/yinzheng
WORKDIR /var/lib/yinzheng
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["yinzheng"]
CMD ["serve"]
