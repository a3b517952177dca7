import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BaselineFlags } from './commands/baseline.ts';
import type { ExplainFlags } from './commands/explain.ts';
import type { LintFlags } from './commands/lint.ts';
import type { SnapshotFlags } from './commands/snapshot.ts';

/** Exit codes: nothing at or above `--fail-on`, something, could not run. */
export const EXIT = { clean: 0, findings: 1, failed: 2, interrupted: 130 } as const;

/** The version of this package. */
export function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Runs the command line without the program's name, and returns the exit code. Loads only what the command needs. */
export async function main(argv: readonly string[]): Promise<number> {
  stopQuietlyWhenTheReaderLeaves();
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version()}\n`);
    return EXIT.clean;
  }
  const { CommanderError } = await import('commander');
  let code: number = EXIT.clean;
  const program = await buildProgram((result) => {
    code = result;
  });
  try {
    if (argv.includes('--changed')) {
      (await import('./changed/arguments.ts')).refuseFilesNamedLikeOptions(argv, process.cwd());
    }
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // commander has printed its own message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.clean : EXIT.failed;
    const { printable } = await import('./report/harmless.ts');
    process.stderr.write(`${printable(await describeError(error))}\n`);
    return EXIT.failed;
  }
}

/** `k8s-lint | head` closes the pipe early: that is no error of ours. A disk that is full is no finding. */
function stopQuietlyWhenTheReaderLeaves(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      if (stream === process.stdout)
        process.stderr.write(`k8s-lint: standard output can't be written: ${error.message}\n`);
      process.exit(EXIT.failed);
    });
  }
}

async function buildProgram(exit: (code: number) => void): Promise<Command> {
  const { Command, Option } = await import('commander');
  const collect = (value: string, previous: string[] = []) => [...previous, value];
  const program = new Command('k8s-lint')
    .description(
      'Renders what you deploy, works out what it means in your cluster, and says what will break and which line to edit.',
    )
    .version(version(), '-V, --version')
    .helpOption('-h, --help')
    .showHelpAfterError('(k8s-lint --help tells more)')
    .exitOverride();

  const choosing = (command: Command) =>
    command
      .option('-c, --config <file>', 'the k8s-lint.yaml to use (default: the nearest upward, to the git root)')
      .option('-e, --environment <name>', 'only this environment (repeatable)', collect);

  const rendering = (command: Command) =>
    command
      .option('--kubernetes-version <1.N>', 'overrides the version of every environment')
      .option('--kustomize <path>', 'the kustomize or kubectl to render with')
      .option('--helm <path>', 'the helm to render with')
      .option('--concurrency <n>', 'how many targets render at once (default: the number of processors)')
      .option('--timeout <seconds>', 'how long one run of a tool may take (default: 120)')
      .option('--no-cache', 'render anew what was rendered before')
      .exitOverride();

  const reporting = (command: Command) =>
    command
      .option(
        '-f, --format <name>',
        'text, json, sarif, github, gitlab, junit, markdown or html (repeatable; the n-th goes with the n-th --output)',
        collect,
      )
      .option('-o, --output <file>', 'write the report to a file (repeatable)', collect)
      .addOption(
        new Option('--severity <level>', 'lowest that is shown')
          .choices(['info', 'warning', 'error'])
          .default('warning'),
      )
      .addOption(
        new Option('--fail-on <level>', 'lowest that fails')
          .choices(['error', 'warning', 'info', 'never'])
          .default('error'),
      )
      .option('--color', 'colours, even where the output is no terminal')
      .option('--no-color', 'no colours');

  const lint = reporting(
    rendering(
      choosing(
        program
          .command('lint', { isDefault: true })
          .description('lint the configured environments, or every target under PATH; "-" reads a stream')
          .argument('[path...]', 'files or directories'),
      ),
    ),
  )
    .option('--rule <id>', 'only this rule (repeatable)', collect)
    .option(
      '--changed [file...]',
      'only what these files, and those that the commit in the making deletes, can affect (no file: all that it changes)',
    )
    .option('--since <ref>', 'only what is new against that revision, and what is fixed since')
    .option('--baseline <file>', 'without the findings that k8s-lint baseline wrote there')
    .option('--shard <i/n>', 'only the i-th of n even shares; k8s-lint merge makes one report of all')
    .action(async (paths: string[], flags: LintFlags) => {
      exit(await (await import('./commands/lint.ts')).runLint(paths, flags));
    });

  rendering(
    choosing(
      program
        .command('baseline')
        .description('write down what is found today, for lint --baseline; what is known already keeps its reason')
        .argument('[path...]', 'files or directories'),
    ),
  )
    .option('--rule <id>', 'only this rule (repeatable)', collect)
    .option('-o, --output <file>', 'where to (default: k8s-lint-baseline.yaml beside k8s-lint.yaml)')
    .option('--reason <text>', 'why the new ones are not fixed yet')
    .option('--prune', 'add nothing, only remove what is fixed')
    .addOption(
      new Option('--severity <level>', 'lowest that is added').choices(['info', 'warning', 'error']).default('warning'),
    )
    .action(async (paths: string[], flags: BaselineFlags) => {
      exit(await (await import('./commands/baseline.ts')).runBaseline(paths, flags));
    });

  reporting(
    program
      .command('merge')
      .description('one report of what all shards of a run wrote with --format json')
      .argument('<file...>', 'the files of all shards'),
  )
    .exitOverride()
    .action(async (files: string[], flags: LintFlags) => {
      exit(await (await import('./commands/merge.ts')).runMerge(files, flags));
    });

  rendering(
    choosing(
      program
        .command('explain')
        .description(
          'what a rule found in real life, and how to fix it; which rule an error message belongs to, and where it applies here; ' +
            'what becomes of a line',
        )
        .argument(
          '[what...]',
          'the id of a rule, or what kubectl, a controller or a log said, of which the rule is found; "-" reads that',
        ),
    ),
  )
    .option('--at <file:line>', 'what is reported at that line, and what becomes of it in every target')
    .addOption(new Option('-f, --format <name>', 'how a rule is written').choices(['text', 'markdown']).default('text'))
    .option('--color', 'colours, even where the output is no terminal')
    .option('--no-color', 'no colours')
    .action(async (what: string[], flags: ExplainFlags) => {
      exit(await (await import('./commands/explain.ts')).runExplain(what, flags));
    });

  program
    .command('cache')
    .description('what was rendered before, and is rendered anew only where it changes')
    .exitOverride()
    .command('clear')
    .description('remove all of it')
    .exitOverride()
    .action(async () => {
      exit((await import('./commands/cache.ts')).runCacheClear());
    });

  program
    .command('rules')
    .description('every rule, one line each')
    .exitOverride()
    .action(async () => {
      exit(await (await import('./commands/rules.ts')).runRules());
    });

  rendering(
    choosing(
      program
        .command('render')
        .description('what a target renders, each resource with the file it came from (values of Secrets are left out)')
        .argument('<target>', 'a kustomization, a chart or a file'),
    ),
  ).action(async (target: string, flags: LintFlags) => {
    exit(await (await import('./commands/render.ts')).runRender(target, flags));
  });

  rendering(
    program
      .command('init')
      .description(
        'write a k8s-lint.yaml for what stands here: environments, charts, what facts would let more be judged',
      ),
  ).action(async (flags: LintFlags) => {
    exit(await (await import('./commands/init.ts')).runInit(flags));
  });

  program
    .command('snapshot')
    .description('what is in a cluster, written down for `existing`: asks kubectl, and keeps no value of a Secret')
    .option('--context <name>', 'the context of the kubeconfig (default: the current one)')
    .option('-o, --output <file>', 'write it to a file (default: standard output)')
    .option('--kubectl <path>', 'the kubectl to ask with')
    .option('--timeout <seconds>', 'how long it may take in all (default: 120)')
    .exitOverride()
    .action(async (flags: SnapshotFlags) => {
      exit(await (await import('./commands/snapshot.ts')).runSnapshot(flags));
    });
  // `k8s-lint PATH` is `k8s-lint lint PATH`: its options belong on the first page of help.
  program.addHelpText('after', () => `\n${lint.helpInformation()}`);
  return program;
}

/** Mistakes of the user get a message; anything else is a bug, and gets its stack. */
async function describeError(error: unknown): Promise<string> {
  const { UsageError } = await import('./usage-error.ts');
  const { ConfigError } = await import('./config/config.ts');
  const { MissingToolError } = await import('./render/tools.ts');
  const { describeBug } = await import('./describe-bug.ts');
  if (error instanceof UsageError || error instanceof ConfigError || error instanceof MissingToolError) {
    return `k8s-lint: ${error.message}`;
  }
  return `k8s-lint: ${describeBug(error)}`;
}
