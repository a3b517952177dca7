import { UsageError } from '../usage-error.ts';
import type { ExplainFlags } from './explain.ts';

export async function runExplainAt(_place: string, _flags: ExplainFlags): Promise<number> {
  throw new UsageError('--at: soon');
}
