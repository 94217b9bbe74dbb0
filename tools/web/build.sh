#!/usr/bin/env bash
# Builds the studio's page into web/dist, which the binary carries; does nothing where that is newer than its sources.
set -euo pipefail
cd "$(dirname "$0")/../../web"

if ! command -v npm >/dev/null 2>&1; then
    echo "npm is not installed: danqing is built without the studio's page (its API works). Install Node.js 20 or newer with npm, then run make again." >&2
    exit 0
fi

sources() { find src public index.html package.json package-lock.json vite.config.ts tsconfig.json ../examples/walkthroughs/pictures -type f "$@"; }
if [ -f dist/index.html ] && [ -z "$(sources -newer dist/index.html | head -1)" ]; then
    exit 0
fi

if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    if ! npm ci --no-audit --no-fund --loglevel=error; then
        echo "npm could not fetch the page's packages: danqing is built without the studio's page. Check the network, then run make again." >&2
        exit 0
    fi
fi
npm run --silent build -- --logLevel warn
touch dist/index.html
