// Preloaded (`--require`) by a program whose V8 code cache is to be kept, with every function that ran. At its end each
// process and thread leaves one file for each bundle that it ran in the folder COMPILED_FORMS. A cache is good for the
// flags that V8 had when it was made: those of a start.
'use strict';
const { writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { MessagePort, threadId } = require('node:worker_threads');

const folder = process.env.COMPILED_FORMS;
if (folder === undefined) throw new Error('COMPILED_FORMS names no folder');
// A form is good for the flags that V8 had when it was made: those of a start.
v8.setFlagsFromString = () => undefined;
/** Piscina ends its threads without their knowing it: each answer of theirs may be the last. */
const ENDED_BY_OTHERS = 'hash';
function afterEachMessage(leave) {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function post(...message) {
    leave();
    return postMessage.apply(this, message);
  };
}
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    const name = /^(\w+)\.code\.cjs$/.exec(basename(options?.filename ?? ''))?.[1];
    if (name === undefined) return;
    const leave = () => writeFileSync(join(folder, `${name}.${process.pid}.${threadId}`), this.createCachedData());
    process.on('exit', leave);
    if (name === ENDED_BY_OTHERS) afterEachMessage(leave);
  }
};
