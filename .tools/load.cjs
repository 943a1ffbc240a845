// Runs a bundle from its V8 code cache, which the build recorded (record.cjs): reading it takes a fraction of the time
// of compiling. V8 rejects the cache of another version or with other flags, and compiles as usual; it does the same
// without one. Copied into the folder of the bundles.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const vm = require('node:vm');

/** @param name of the bundle; `entryRequire` and `entryModule` are those of the file that stands for it. */
module.exports = (name, entryRequire, entryModule) => {
  const filename = join(__dirname, `${name}.code.cjs`);
  // A bundle is ASCII: as Latin-1 it is read without looking at each byte, and needs a byte a character.
  const code = readFileSync(filename, 'latin1');
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) { ${code}\n})`, {
    filename,
    cachedData: compiledForm(name),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  script.runInThisContext()(entryModule.exports, entryRequire, entryModule, filename, __dirname);
};

function compiledForm(name) {
  try {
    return readFileSync(join(__dirname, `${name}.compiled`));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
