import { defineConfig } from 'vite';

/** The browsers of the last two years or so: what React 19, dialogs and logical properties in CSS need anyway. */
const BROWSERS = ['es2022', 'chrome111', 'firefox113', 'safari16.4'];

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: BROWSERS,
    assetsDir: 'assets',
    // The policy for contents allows no data: in styles, scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    rolldownOptions: {
      // Directives for servers that render say nothing here.
      onLog: (level, log, defaultHandler) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') defaultHandler(level, log);
      },
    },
  },
  // JsSIP's logger asks for it.
  define: { 'process.env.NODE_DEBUG': 'undefined' },
  oxc: { jsx: { runtime: 'automatic' } },
});
