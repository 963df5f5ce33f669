FROM node:20-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json .npmrc ./
RUN npm install --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY types types
COPY freeswitch-conf/prompts freeswitch-conf/prompts
COPY scripts/check-prompts.js scripts/prompt-list.js scripts/build-console.js scripts/
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production VAR_DIR=/var/lib/123-voip
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY sql sql
COPY --from=build /app/freeswitch-conf/prompts freeswitch-conf/prompts
RUN mkdir -p /var/lib/123-voip /var/spool/123-voip && chown node:node /var/lib/123-voip /var/spool/123-voip
VOLUME /var/lib/123-voip
USER node
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
