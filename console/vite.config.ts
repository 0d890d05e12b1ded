import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Packs what is worth packing beside itself, so that the server never does. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          const source = file.type === 'chunk' ? file.code : file.source;
          if (!/\.(js|css|html|svg)$/.test(file.fileName)) continue;
          const bytes = Buffer.from(source);
          const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 };
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.br`, source: brotliCompressSync(bytes, { params: quality }) });
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
        }
      },
    },
  };
}

// `GUILDHALL=http://127.0.0.1:8080 npm run dev` serves the sources over a running guildhall.
const server = process.env.GUILDHALL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/console/',
  plugins: [react(), packed()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // A polyfill of module preloads would be a script of its own for browsers that need none.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/v1': server, '/console/session': server, '/console/oidc': server } },
});
