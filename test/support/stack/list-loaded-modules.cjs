// Preloaded: writes the files that `npm start` has loaded by `require` to the file LOADED_MODULES, when it ends.
if (process.argv[1]?.endsWith('start.js'))
  process.on('exit', () => {
    require('node:fs').writeFileSync(process.env.LOADED_MODULES, JSON.stringify(Object.keys(require.cache)));
  });
