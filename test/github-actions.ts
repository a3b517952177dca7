import { register } from 'node:module';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

// GitHub's parser imports its schema as bundlers take it: Node wants to be told that it is JSON.
const asJson = `export const load = (url, context, next) =>
  next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context);`;
register(`data:text/javascript,${encodeURIComponent(asJson)}`);
const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');
const { parseAction } = await import('@actions/workflow-parser/actions/action-parser');

/** What GitHub's own parser has against a workflow or the metadata of an action: nothing, where they are valid. */
export function faultsOf(kind: 'workflow' | 'action', content: string): string[] {
  const parse = kind === 'workflow' ? parseWorkflow : parseAction;
  const { context } = parse({ name: `${kind}.yml`, content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(String);
}

type Value = string | boolean | { [name: string]: Value };

/** A text with its `${{ }}` replaced, by GitHub's own evaluator; the contexts and functions are those of a step. */
export function evaluate(text: string, contexts: Record<string, Value>): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => {
    const functions = [{ name: 'cancelled', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(false) }];
    const { tokens } = new Lexer(expression.trim()).lex();
    const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
    const known = new Map(functions.map((info) => [info.name, info]));
    return new Evaluator(parsed, dictionary(contexts), known).evaluate().coerceString();
  });
}

function dictionary(values: Record<string, Value>): data.Dictionary {
  return new data.Dictionary(...Object.entries(values).map(([key, value]) => ({ key, value: dataOf(value) })));
}

function dataOf(value: Value) {
  if (typeof value === 'string') return new data.StringData(value);
  return typeof value === 'boolean' ? new data.BooleanData(value) : dictionary(value);
}
