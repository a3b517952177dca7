/**
 * Builds what is installed from git. Where that is installed for everybody (`npm install --global git+…`, which is how pre-commit
 * does it from 4.7 on), npm brings no dev dependency first (https://github.com/npm/cli/issues/8440): then what the build takes is
 * fetched here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const NEEDED = ['typescript', '@types/node'];

const root = new URL('../', import.meta.url);
const { npm_execpath: path } = process.env;
// Else it would be installed for everybody as well, and with all that tests need.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_config_(global|location|prefix|include)$/i.test(name)),
);
const npm = (...args) => {
  const [command, own] = path ? [process.execPath, [path]] : ['npm', []];
  // What it says stays out of what `npm pack --json` prints.
  execFileSync(command, [...own, ...args], { cwd: root, env, stdio: ['ignore', 2, 2] });
};

if (!NEEDED.every((name) => existsSync(new URL(`node_modules/${name}`, root)))) {
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const wanted = NEEDED.map((name) => `${name}@${devDependencies[name]}`);
  // As if they were no dev dependencies, which are hundreds of megabytes.
  npm('install', '--omit=dev', '--save-prod', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted);
}
npm('run', 'build');
