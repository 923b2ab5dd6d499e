# One image for web, worker and agent, on every site. The base is an argument, so that nobody has to trust a tag:
#   scripts/build-image [--release] TAG        takes the base that scripts/pin-image wrote down, by its digest
ARG BASE
FROM ${BASE} AS build
WORKDIR /source
COPY requirements/app.txt requirements/
COPY app app
COPY infra infra
COPY scripts scripts
COPY .lifeboat/browser/node_modules/htmx.org/dist/htmx.min.js .lifeboat/browser/node_modules/htmx.org/dist/
RUN scripts/image-root /opt/lifeboat

FROM ${BASE}
COPY --from=build /opt/lifeboat /opt/lifeboat
# The root certificates of the three database services, one file a cloud: certificates/README.md says where they come from.
COPY certificates /etc/lifeboat/certificates
# Nothing is written but below /tmp: run it with a read-only root, as all three sites do.
ENV PATH=/opt/lifeboat/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
CMD ["lifeboat", "--help"]
