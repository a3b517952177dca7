import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where renders are kept: below the user's caches (XDG base directory specification: a relative XDG_CACHE_HOME is ignored; the
 * customary places of macOS and Windows where it isn't set). Undefined for a user without a home.
 */
export function cacheDirectory(env = process.env, platform: NodeJS.Platform = process.platform): string | undefined {
  const caches = absolute(env.XDG_CACHE_HOME) ?? customary(env, platform);
  return caches === undefined ? undefined : join(caches, 'k8s-lint', 'renders');
}

function customary(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  if (platform === 'win32') return absolute(env.LOCALAPPDATA);
  const home = absolute(env.HOME) ?? homeOfUser();
  if (home === undefined) return undefined;
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}

function homeOfUser(): string | undefined {
  try {
    return absolute(homedir());
  } catch {
    return undefined;
  }
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
