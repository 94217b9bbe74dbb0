import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { mockApi } from './mock/server.ts';

/** With DANQING_SERVER=http://127.0.0.1:7860 the page speaks to a real server while developing; else to the mock. */
const server = process.env.DANQING_SERVER;

export default defineConfig(({ command }) => ({
  plugins: [react(), ...(command === 'serve' && !server && !process.env.VITEST ? [mockApi()] : [])],
  build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    watch: { ignored: ['**/target/**'] },
    host: '127.0.0.1',
    fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] },
    ...(server ? { proxy: { '/api': { target: server, changeOrigin: true, headers: { origin: server } } } } : {}),
  },
  test: { include: ['test/**/*.test.ts'] },
}));
