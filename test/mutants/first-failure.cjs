// Ends Jest at the first test that fails: a mutant is killed then, and what the other tests of the file say does not matter.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') process.exit(1);
  }
};
