# syntax=docker/dockerfile:1

FROM node:24-slim AS build
# The instruction set that native parts are built for. x86-64-v3 is every server since 2015 or so; another
# processor takes its own: --build-arg CPU=x86-64-v2, --build-arg CPU=armv8-a.
ARG CPU=x86-64-v3
ENV CFLAGS="-O3 -march=${CPU}" CXXFLAGS="-O3 -march=${CPU}"
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /millrace
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /millrace
# The user node of the base image owns the lake and nothing of the program.
RUN mkdir /lake && chown node:node /lake
COPY --from=build /millrace/node_modules ./node_modules
COPY package.json config.ts ./
COPY api ./api
COPY cli ./cli
COPY config ./config
COPY data ./data
COPY queues ./queues
COPY scheduler ./scheduler
COPY workers ./workers
USER node
ENV LAKE_URL=/lake
VOLUME /lake
EXPOSE 3100
# Run it with an init (compose: init: true; docker run --init), which passes signals on and buries dead children.
ENTRYPOINT ["node", "--max-semi-space-size=2", "cli/millrace.js"]
CMD ["--help"]
